"""Exercises of lesson 03: all but the sender, a client that vanishes, the last value, slow clients, and reading."""

from wslearn.exercises.broadcast.all_but_sender import others
from wslearn.exercises.broadcast.clients_that_leave import vanish
from wslearn.exercises.broadcast.last_value import latest
from wslearn.exercises.broadcast.newest_value import newest
from wslearn.exercises.broadcast.questions import questions as questions
from wslearn.exercises.broadcast.slow_client import bounded
from wslearn.exercises.broadcast.who_receives import who_receives

__all__ = ["bounded", "latest", "newest", "others", "vanish", "who_receives"]
