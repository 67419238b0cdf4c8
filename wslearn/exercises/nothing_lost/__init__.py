"""Exercises of lesson 09: what a client has missed, what a server has stored, and how both know."""

from wslearn.exercises.nothing_lost.catch_up import catch_up
from wslearn.exercises.nothing_lost.follow import follow
from wslearn.exercises.nothing_lost.halves import halves
from wslearn.exercises.nothing_lost.joining import joining
from wslearn.exercises.nothing_lost.once import once
from wslearn.exercises.nothing_lost.questions import questions as questions
from wslearn.exercises.nothing_lost.send_all import send_all

__all__ = ["catch_up", "follow", "halves", "joining", "once", "send_all"]
