"""Events that a server has published: it keeps the last ones, and a client can wait for the next. Lesson 01."""

import asyncio
from collections import deque
from itertools import takewhile
from time import perf_counter as clock

import msgspec

#: Most events that are kept for later requests, and their most characters of payload. The last event is always kept,
#: because clients are already waiting for it.
KEPT, KEPT_TEXT = 1000, 1024 * 1024


class Published(msgspec.Struct, omit_defaults=True):
    """An event: its number, from 1; the time of its publication, in seconds of the server's clock; its payload."""

    id: int
    time: float
    payload: str = ""


class Status(msgspec.Struct):
    """The server's clock in seconds, the last event's number, and how many clients wait for the next."""

    time: float
    last: int
    waiting: int


class Events:
    """The last events, and a way to wait for the next."""

    def __init__(self) -> None:
        self.last = self.waiting = 0
        self.closed = False
        self._kept: deque[Published] = deque()
        self._text = 0
        self._changed = asyncio.Event()

    def publish(self, payload: str) -> Published:
        """Number an event, keep it, and wake all waiting clients."""
        self.last += 1
        event = Published(self.last, round(clock(), 6), payload)
        self._kept.append(event)
        self._text += len(payload)
        while len(self._kept) > 1 and (len(self._kept) > KEPT or self._text > KEPT_TEXT):
            self._text -= len(self._kept.popleft().payload)
        self._wake()
        return event

    def close(self) -> None:
        """Wake all waiting clients; from now on `wait` returns at once."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int) -> list[Published]:
        """Return the events after `number` that are still kept, oldest first."""
        return list(takewhile(lambda event: event.id > number, reversed(self._kept)))[::-1]

    async def wait(self, number: int) -> list[Published]:
        """Return the events after `number` as soon as there is one, or an empty list when this is closed."""
        self.waiting += 1
        try:
            while self.last <= number and not self.closed:
                await self._changed.wait()
        finally:
            self.waiting -= 1
        return self.after(number)
