"""Limit how often an action runs, without ever losing the last request for it."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Throttle(Generic[Key]):
    """Calls `act(key)` for each `ask`, but only once for several requests within `interval(key)` seconds.

    So a state that `act` reports is never older than one interval, and the final state is always reported.
    """

    def __init__(self, act: Callable[[Key], None], interval: Callable[[Key], float]) -> None:
        self.act, self.interval = act, interval
        self._acted: dict[Key, float] = {}  # when it was last called, by the event loop's clock
        self._waiting: dict[Key, asyncio.TimerHandle] = {}

    def ask(self, key: Key) -> None:
        """Call `act(key)` now, or one interval after the last call."""
        loop = asyncio.get_running_loop()
        due = self._acted.get(key, 0.0) + self.interval(key)
        if loop.time() >= due:
            self._act(key)
        elif key not in self._waiting:
            self._waiting[key] = loop.call_at(due, self._act, key)

    def flush(self, key: Key) -> None:
        """Call `act(key)` now if a call is waiting."""
        if key in self._waiting:
            self._act(key)

    def forget(self, key: Key) -> None:
        """Cancel a waiting call for this key, and forget the key."""
        self._acted.pop(key, None)
        if timer := self._waiting.pop(key, None):
            timer.cancel()

    def _act(self, key: Key) -> None:
        self.forget(key)
        self._acted[key] = asyncio.get_running_loop().time()
        self.act(key)
