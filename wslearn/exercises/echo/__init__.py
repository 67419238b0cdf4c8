"""Exercises of lesson 02: servers that echo, each with its own twist, frames read by hand, and close codes foretold."""

from wslearn.exercises.echo.bad_messages import careful
from wslearn.exercises.echo.closings import codes
from wslearn.exercises.echo.first_servers import goodbye, numbers, shout
from wslearn.exercises.echo.masking import unmask
from wslearn.exercises.echo.pieces import pieces
from wslearn.exercises.echo.questions import questions as questions
from wslearn.exercises.echo.slow_work import patient

__all__ = ["careful", "codes", "goodbye", "numbers", "patient", "pieces", "shout", "unmask"]
