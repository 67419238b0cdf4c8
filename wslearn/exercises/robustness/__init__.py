"""Exercises of lesson 07: a server that survives its clients, and a client that survives its connection."""

from wslearn.exercises.robustness.bucket import token_bucket
from wslearn.exercises.robustness.desk import desk
from wslearn.exercises.robustness.error_reply import useful_error
from wslearn.exercises.robustness.fair_share import fair_share
from wslearn.exercises.robustness.nothing_lost import nothing_lost
from wslearn.exercises.robustness.questions import questions as questions
from wslearn.exercises.robustness.shutdown import goodbye

__all__ = ["desk", "fair_share", "goodbye", "nothing_lost", "token_bucket", "useful_error"]
