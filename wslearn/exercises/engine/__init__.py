"""What every exercise is checked with: a conversation, its clients, its own thread, and the result."""

from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.exercise import Exercise, FunctionExercise
from wslearn.exercises.engine.expectations import STEP, Message, NotYet, advice, has, matches, otherwise, read
from wslearn.exercises.engine.kinds import kind
from wslearn.exercises.engine.place import raised
from wslearn.exercises.engine.reading import ReadingExercise
from wslearn.exercises.engine.result import Result, shown
from wslearn.exercises.engine.talk import Talk

__all__ = [
    "STEP", "Client", "Exercise", "FunctionExercise", "Message", "NotYet", "ReadingExercise", "Result", "Talk",
    "advice", "has", "kind", "matches", "otherwise", "raised", "read", "shown",
]  # fmt: skip
