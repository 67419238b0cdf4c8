"""Exercises of lesson 06: the round trip as a page measures it, a dead client, a silent one, and the way back."""

from wslearn.exercises.heartbeat.backoff_waits import backoff
from wslearn.exercises.heartbeat.dead_client import find_dead
from wslearn.exercises.heartbeat.page_ping import round_trip
from wslearn.exercises.heartbeat.pulse import pulse
from wslearn.exercises.heartbeat.questions import questions as questions
from wslearn.exercises.heartbeat.silent_client import patience
from wslearn.exercises.heartbeat.tunnel import tunnel

__all__ = ["backoff", "find_dead", "patience", "pulse", "round_trip", "tunnel"]
