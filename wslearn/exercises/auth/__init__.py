"""Exercises of lesson 05, authentication: which clients a server lets in, and for how long."""

from wslearn.exercises.auth.authenticating import first_message
from wslearn.exercises.auth.expiring import until_expiry
from wslearn.exercises.auth.origins import origin_rule
from wslearn.exercises.auth.questions import questions as questions
from wslearn.exercises.auth.verifying import verify

__all__ = ["first_message", "origin_rule", "until_expiry", "verify"]
