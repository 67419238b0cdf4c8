"""Exercises of lesson 01: how a WebSocket opens, how late news is, and what connections and messages cost."""

from wslearn.exercises.http_vs_websocket.connections import counts
from wslearn.exercises.http_vs_websocket.costs import break_even, mean_delay
from wslearn.exercises.http_vs_websocket.handshake import accept
from wslearn.exercises.http_vs_websocket.opening import opens
from wslearn.exercises.http_vs_websocket.questions import questions as questions
from wslearn.exercises.http_vs_websocket.waiting import long_polling

__all__ = ["accept", "break_even", "counts", "long_polling", "mean_delay", "opens"]
