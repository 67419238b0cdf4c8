"""Exercises of lesson 07: a token bucket, and an error that helps; a shutdown in time, and a limit on waiting bytes."""

from wslearn.exercises.robustness.bucket import token_bucket
from wslearn.exercises.robustness.error_reply import useful_error
from wslearn.exercises.robustness.shutdown import goodbye
from wslearn.exercises.robustness.slow_client import bounded

__all__ = ["bounded", "goodbye", "token_bucket", "useful_error"]
