"""What is expected, what came, and what a student is told when the two differ."""

import json
import math
from collections.abc import Callable
from typing import Any

from wslearn.exercises.engine.result import shown

#: Time for one step, and for a whole conversation, in seconds.
STEP, WHOLE = 2.0, 15.0

#: A text for a student, or a function that gets what came (None: nothing) and returns one.
OrElse = str | Callable[[Any], str]


class NotYet(Exception):
    """An expectation that does not hold. Its text is for the student."""


def read(message: str | bytes) -> Any:
    """Return a message decoded, if it is a JSON object or list, else as it is."""
    if isinstance(message, str) and message[:1] in ("{", "["):
        try:
            return json.loads(message)
        except (ValueError, RecursionError):
            pass
    return message


def matches(expected: Any, came: Any) -> bool:
    """Return whether `came` is what was expected.

    A dict needs at least the expected members; a float is compared with a tolerance of a millionth; a function says
    so itself; anything else must be equal, and of the same type.
    """
    if isinstance(expected, dict):
        return isinstance(came, dict) and all(
            name in came and matches(value, came[name]) for name, value in expected.items()
        )
    if isinstance(expected, list | tuple):
        alike = type(came) is type(expected) and len(came) == len(expected)
        return alike and all(map(matches, expected, came))
    if isinstance(expected, float):
        numeric = isinstance(came, int | float) and not isinstance(came, bool)
        return numeric and math.isclose(expected, came, rel_tol=1e-6, abs_tol=1e-9)
    if callable(expected) and not isinstance(expected, type):
        try:
            return bool(expected(came))
        except (TypeError, KeyError, IndexError, AttributeError, ValueError):
            return False  # what came is of another kind than the function can judge
    return type(came) is type(expected) and came == expected


def in_words(expected: Any, meaning: str) -> str:
    """Return what was expected, for a student to read."""
    return meaning or (getattr(expected, "__name__", "something else") if callable(expected) else shown(expected))


def advice(or_else: OrElse, came: Any, otherwise: str) -> str:
    """Return what a student is told about what came."""
    return (or_else(came) if callable(or_else) else or_else) or otherwise
