"""Exercises of lesson 05, authentication: which clients a server lets in, and for how long."""

from wslearn.exercises.auth.authenticating import first_message
from wslearn.exercises.auth.club import club
from wslearn.exercises.auth.expiring import until_expiry
from wslearn.exercises.auth.logging_out import log_out
from wslearn.exercises.auth.origins import origin_rule
from wslearn.exercises.auth.questions import questions as questions
from wslearn.exercises.auth.verifying import verify

__all__ = ["club", "first_message", "log_out", "origin_rule", "until_expiry", "verify"]
