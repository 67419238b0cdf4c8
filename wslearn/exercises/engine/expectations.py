"""What is expected, what came, and the message for a student when the two differ."""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from wslearn.exercises.engine.result import shown

#: Time for one step, and for a whole conversation, in seconds.
STEP, WHOLE = 2.0, 15.0
#: What may come for a number: numpy's and Fraction count themselves among these, Decimal does not.
NUMBERS: dict[type, tuple[type, ...]] = {int: (Integral,), float: (Real, Decimal)}

#: What a student is told: a text; a function that gets what came (None: nothing) and returns one; or a table from what
#: came to either. A key is a value, a type, or a function that says whether it fits; the first key that fits counts.
Message = str | Callable[[Any], Any] | Mapping[Any, Any]


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
    so itself; anything else must be equal, and of the same type. A number may be a Fraction, a Decimal or numpy's.
    """
    if isinstance(expected, dict):
        return isinstance(came, dict) and all(
            name in came and matches(value, came[name]) for name, value in expected.items()
        )
    if isinstance(expected, list | tuple):
        alike = type(came) is type(expected) and len(came) == len(expected)
        return alike and all(map(matches, expected, came))
    if isinstance(expected, float):
        return same_kind(expected, came) and math.isclose(expected, came, rel_tol=1e-6, abs_tol=1e-9)
    if callable(expected) and not isinstance(expected, type):
        try:
            return bool(expected(came))
        except (TypeError, KeyError, IndexError, AttributeError, ValueError):
            return False  # what came is of another kind than the function can judge
    return same_kind(expected, came) and bool(came == expected)


def same_kind(expected: Any, came: Any) -> bool:
    """Return whether what came has the type that was expected, or is the same kind of number."""
    numbers = NUMBERS.get(type(expected), ())
    return type(came) is type(expected) or (isinstance(came, numbers) and not isinstance(came, bool))


def has(**members: Any) -> Callable[[Any], bool]:
    """Return a key for a table of messages that fits a dict with at least these members."""
    return lambda came: matches(members, came)


def otherwise(came: Any) -> bool:
    """Fit whatever came: the last key of a table of messages."""
    return True


def in_words(expected: Any, meaning: str) -> str:
    """Return what was expected, for a student to read."""
    return meaning or (getattr(expected, "__name__", "something else") if callable(expected) else shown(expected))


def advice(message: Message, came: Any, default: str, *also: Any) -> str:
    """Return what a student is told about what came. A table's key may fit one of `also`, such as a close code."""
    if isinstance(message, Mapping):
        found = (text for key, text in message.items() if any(fits(key, value) for value in (came, *also)))
        return advice(next(found, ""), came, default)
    return (message(came) if callable(message) else message) or default


def fits(key: Any, came: Any) -> bool:
    """Return whether a table's key fits what came."""
    if isinstance(key, type):
        return isinstance(came, key) and (key is bool or not isinstance(came, bool))
    return matches(key, came)
