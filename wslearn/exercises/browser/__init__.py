"""Exercises of lesson 08: pages, which run in the student's own browser."""

from wslearn.exercises.browser.back_pressure import back_pressure
from wslearn.exercises.browser.come_back import come_back
from wslearn.exercises.browser.impatient import impatient
from wslearn.exercises.browser.one_socket import one_socket
from wslearn.exercises.browser.questions import questions as questions
from wslearn.exercises.browser.reconnect import reconnect
from wslearn.exercises.browser.safe_text import safe_text

__all__ = ["back_pressure", "come_back", "impatient", "one_socket", "reconnect", "safe_text"]
