"""Exercises of lesson 04: a rooms server built in three steps, and private messages in the lesson's own server."""

from wslearn.exercises.rooms.empty_rooms import no_empty_rooms
from wslearn.exercises.rooms.leaving import leave_room
from wslearn.exercises.rooms.private_message import private
from wslearn.exercises.rooms.questions import questions as questions
from wslearn.exercises.rooms.who_is_here import presence

__all__ = ["leave_room", "no_empty_rooms", "presence", "private"]
