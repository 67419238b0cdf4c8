"""Exercises of lesson 11: a chat with plain `websockets`, its health, its tests, and what it tells about itself."""

from wslearn.exercises.own_project.endings import endings
from wslearn.exercises.own_project.finds import finds
from wslearn.exercises.own_project.healthy import healthy
from wslearn.exercises.own_project.interval import interval
from wslearn.exercises.own_project.metrics import metrics
from wslearn.exercises.own_project.questions import questions as questions
from wslearn.exercises.own_project.tidy import tidy

__all__ = ["endings", "finds", "healthy", "interval", "metrics", "tidy"]
