"""Exercises of lesson 07: a token bucket, an error that helps, a shutdown in time, and a fair share of connections."""

from wslearn.exercises.robustness.bucket import token_bucket
from wslearn.exercises.robustness.error_reply import useful_error
from wslearn.exercises.robustness.fair_share import fair_share
from wslearn.exercises.robustness.questions import questions as questions
from wslearn.exercises.robustness.shutdown import goodbye

__all__ = ["fair_share", "goodbye", "token_bucket", "useful_error"]
