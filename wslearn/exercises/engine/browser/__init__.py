"""Exercises whose answer is a page: it runs in the student's own browser, in a frame that can reach nothing else."""

from wslearn.exercises.engine.browser.exercise import PageExercise, PageReading
from wslearn.exercises.engine.browser.socket import Socket
from wslearn.exercises.engine.browser.tab import Tab
from wslearn.exercises.engine.browser.talk import PageTalk

__all__ = ["PageExercise", "PageReading", "PageTalk", "Socket", "Tab"]
