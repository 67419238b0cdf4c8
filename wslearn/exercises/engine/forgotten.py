"""What beginners forget in asyncio, told as such: an `await`, an `async for`, and that `return` sends nothing."""

import inspect
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from wslearn.exercises.engine.ending import Ended
from wslearn.exercises.engine.place import is_students, line
from wslearn.exercises.engine.result import shown

AWAIT = (
    "That is a coroutine: what a call of an `async` function gives until it is awaited. Write `await` before the call, "
    "in parentheses if you go on with its result: `(await ws.recv()).upper()`."
)
#: What Python says about an error -> what to tell a student as well.
CAUSES = {
    r"'(Client|Server)?Connection' object is not iterable|'WebSocket\w*' object is not iterable":
        "Messages arrive one after the other, and your code must wait for each: write `async for message in ws:`.",
    r"TypeError: An asyncio.Future, a coroutine or an awaitable is required":
        "A function must begin with `async def` if what it returns is awaited.",
    r"(Type|Attribute)Error: .*\bcoroutine\b": AWAIT,
    r"TypeError: (object (?!coroutine)\w+ can't be used in 'await' expression|'\w+' object can't be awaited)":
        "Only what an `async` function returns can be awaited. Leave out this `await`.",
    r"TypeError: 'async for' requires an object with __aiter__ method, got (list|set|frozenset|tuple|dict\w*|str)\b":
        "What is there already needs no waiting: write `for`, without `async`.",
    r"AttributeError: '(list|str|int|float|bool|NoneType)' object has no attribute 'get'":
        "Only a dictionary has `.get`, and JSON may also be a list, a string or a number. Before you use `.get`, ask "
        "whether what you have read is a `dict`: `isinstance(data, dict)`.",
    r"AttributeError: property '\w+' of '.*' object has no setter": "That name is taken, so choose another one.",
}  # fmt: skip
#: A thread's number -> who is told about a coroutine that nobody has awaited there.
_told: dict[int, Callable[[str], None]] = {}
#: Who changes `_told` sets Python's way to warn, too, and must do both at once.
_telling = threading.Lock()
#: Python's own way to warn. It's called in the thread, and at the moment, that the coroutine is deleted.
_warn: Callable[[Any], None] | None = getattr(warnings, "_warn_unawaited_coroutine", None)


def cause(what: str) -> str:
    """Return what to tell about an error such as `TypeError: …` besides its text, or an empty text."""
    return next((f" {text}" for pattern, text in CAUSES.items() if re.search(pattern, what)), "")


def returned(value: object) -> str:
    """Return what to tell whose handler has returned something, or an empty text where that means nothing."""
    if not isinstance(value, str | bytes | dict | int | float) or isinstance(value, bool):
        return ""
    return (
        f"Your handler returned {shown(value)}. `return` sends nothing, and ends the handler: `await ws.send(…)` sends."
    )


def noting(handler: Callable, tell: Callable[[str], None], stub: Callable[[], None]) -> Callable:
    """Return a server's handler that tells what this one returns, which a server never sends, and calls `stub()`
    where it is not written yet."""

    async def noted(ws: Any) -> None:
        try:
            tell(returned(await handler(ws)))
        except NotImplementedError:
            stub()
            raise

    # A server's log shows the last line that an error passes in the file of what the server calls.
    if code := getattr(inspect.unwrap(handler), "__code__", None):
        noted.__code__ = noted.__code__.replace(co_filename=code.co_filename)
    return noted


@contextmanager
def noticed(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell of a student's calls in this thread whose coroutines nobody awaits; Python doesn't warn of them then."""
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(1)
    _tell(tell)
    try:
        yield
    finally:
        _tell(None)
        sys.set_coroutine_origin_tracking_depth(depth)


def _tell(tell: Callable[[str], None] | None) -> None:
    """Let this thread's warnings go to `tell` or, with None, where Python's own go."""
    with _telling:
        if tell:
            _told[threading.get_ident()] = tell
        else:
            del _told[threading.get_ident()]
        if _warn is not None:
            # Python's own, as soon as nobody is told: a warning from a cell of the student's must not name this file.
            warnings._warn_unawaited_coroutine = _unawaited if _told else _warn  # type: ignore[attr-defined]


def _unawaited(coroutine: Any) -> None:
    with suppress(Ended):  # it is raised again in the student's next line; Python would print it here
        _note(coroutine)


def _note(coroutine: Any) -> None:
    tell, origin = _told.get(threading.get_ident()), getattr(coroutine, "cr_origin", None)
    if tell and origin and is_students(origin[0][0]):
        where = line(origin[0][0], origin[0][1])
        tell(
            f"You called `{coroutine.__name__}` without `await` ({where}), so it did nothing. Write `await` before it."
        )
    elif _warn is not None:
        _warn(coroutine)
