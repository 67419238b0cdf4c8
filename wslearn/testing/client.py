"""A client in a test's conversation, and the error for an expectation that does not hold."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from wslearn.exercises.engine.client import Client as EngineClient
from wslearn.exercises.engine.expectations import NotYet

P = ParamSpec("P")
T = TypeVar("T")


class Failed(AssertionError):
    """An expectation that does not hold, or an error of the app; its text has the whole conversation."""

    __module__ = "wslearn.testing"  # how pytest shows its name


def judged(word: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return a word that raises Failed in place of the engine's NotYet."""

    @wraps(word)
    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        __tracebackhide__ = True
        try:
            return await word(*args, **kwargs)
        except (NotYet, Failed) as wrong:
            speaker: Any = args[0]
            raise getattr(speaker, "notes", speaker).failure(wrong) from None

    return told


class Client(EngineClient):
    """A connected client. `wslearn.exercises` describes its words."""

    says, asks, closes = judged(EngineClient.says), judged(EngineClient.asks), judged(EngineClient.closes)
    hears, hears_nothing = judged(EngineClient.hears), judged(EngineClient.hears_nothing)
    is_closed, is_still_there = judged(EngineClient.is_closed), judged(EngineClient.is_still_there)

    @property
    def reading(self) -> bool:
        """Whether it answers pings: it reads, and no black hole is in between."""
        return self._reading and not getattr(self.server, "silent", False)

    @reading.setter
    def reading(self, value: bool) -> None:
        self._reading = value
