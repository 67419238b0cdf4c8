"""Exercises of lesson 08: pages, checked in the student's own browser."""

from wslearn.exercises.browser.questions import questions as questions

__all__: list[str] = []
