"""Exercises of lesson 01: what a handshake computes, how late polling is, and when a handshake pays off."""

from wslearn.exercises.http_vs_websocket.costs import break_even, mean_delay
from wslearn.exercises.http_vs_websocket.handshake import accept
from wslearn.exercises.http_vs_websocket.questions import questions as questions

__all__ = ["accept", "break_even", "mean_delay"]
