"""Exercises of lesson 04: a rooms server in three steps, private messages, a room that is full, and reading."""

from wslearn.exercises.rooms.empty_rooms import no_empty_rooms
from wslearn.exercises.rooms.leaving import leave_room
from wslearn.exercises.rooms.private_message import private
from wslearn.exercises.rooms.questions import questions as questions
from wslearn.exercises.rooms.seats import full_room
from wslearn.exercises.rooms.who_is_here import presence
from wslearn.exercises.rooms.who_is_left import who_is_left

__all__ = ["full_room", "leave_room", "no_empty_rooms", "presence", "private", "who_is_left"]
