"""Exercises of lesson 08: pages, which run in the student's own browser."""

from wslearn.exercises.browser.safe_text import safe_text

__all__ = ["safe_text"]
