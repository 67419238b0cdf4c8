"""A client of `feed` that loses nothing: it comes back, resumes, and sends again what was not stored. Lesson 09.

async with Subscription(server.url, "tea") as tea:
    await tea.send("hi")
    async for message in tea: ...
"""

import asyncio
import random
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Self

from wslearn.client.addresses import Addresses
from wslearn.client.line import Line
from wslearn.client.reconnect import backoff
from wslearn.client.resume import LARGEST, Gap, Message, Place
from wslearn.client.unread import Unread
from wslearn.common import tasks

#: Seconds for the end of the task.
STOP_TIMEOUT = 10.0


class Subscription(Line):
    """A room of `feed` servers: `send` to it, and iterate to read it; both continue through lost connections.

    - `urls`: one or several, of servers with the same rooms; if one is lost, the others are tried.
    - `session`, `epoch`, `offset`: as an earlier subscription had them at its end, to go on there. `session` is a
      secret, because whoever knows it can be this client.
    - `silence`: seconds after which a server that does not answer is given up.
    - `unread`: messages that may wait to be read. With more, reading the connection stops, which slows the server down;
      if the server then drops the connection, the subscription resumes when half of them have been read.
    - `on_state(subscription)` is called when `state`, `why` or `pause` has changed, `on_gap(gap)` when something could
      not be recovered. Both are called at once, and must not wait.
    - `gaps_in_stream`: iterate over each `Gap` too, where it is.
    - `base`, `cap`, `stable`, `max_retry_after`, `rng`: as `stay_connected` has them.

    Entering the block waits until the room is joined, however long that takes. Raises ValueError for an argument that
    can't be used; entering, `send` and iteration raise Refused when every server has refused this client permanently.
    """

    def __init__(
        self,
        urls: str | Iterable[str],
        room: str,
        *,
        session: str | None = None,
        epoch: str = "",
        offset: int | None = None,
        silence: float = 20.0,
        unread: int = 1000,
        on_state: Callable[["Subscription"], object] | None = None,
        on_gap: Callable[[Gap], object] | None = None,
        gaps_in_stream: bool = False,
        base: float = 0.5,
        cap: float = 30.0,
        stable: float = 5.0,
        max_retry_after: float = 300.0,
        rng: random.Random | None = None,
    ) -> None:
        _check("room", room, r"[A-Za-z0-9._-]{1,64}", "1 to 64 of a-z A-Z 0-9 . _ -")
        if session is not None:
            _check("session", session, r"[0-9a-fA-F]{32}", "32 hexadecimal digits")
        if not isinstance(epoch, str) or bool(epoch) != (offset is not None):
            raise ValueError(f"epoch and offset belong together: got {epoch!r} and {offset!r}")
        for what, whole, least in (("offset", offset or 0, 0), ("unread", unread, 1)):
            if isinstance(whole, bool) or not isinstance(whole, int) or not least <= whole <= LARGEST:
                raise ValueError(f"{what}: expected a whole number from {least}, got {whole!r}")
        for what, number in {"silence": silence, "base": base, "cap": cap}.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
                raise ValueError(f"{what}: expected seconds above 0, got {number!r}")
        super().__init__(
            room,
            session or secrets.token_hex(16),
            Addresses(urls),
            Place(epoch, offset),
            Unread(unread),
            silence=silence,
            waits=lambda: backoff(base, cap, rng),
            stable=stable,
            max_retry_after=max_retry_after,
        )
        self._on_state, self._on_gap, self._gaps_in_stream = on_state, on_gap, gaps_in_stream
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._task:
            raise RuntimeError("a subscription can be entered once: make another one")
        self._task = asyncio.create_task(self.run(), name=f"subscription to {self.room}")
        try:
            await self.reached("live")
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection, and end everything. What has arrived can still be read. Calling it twice is fine."""
        if self._task:
            await tasks.end([self._task], STOP_TIMEOUT, "subscription")
        if self.ended is None:
            self.end(ConnectionError("this subscription is closed"), "closed")

    async def send(self, message: str) -> int:
        """Return the message's offset, once the server has stored it, however many connections that takes.

        If this is cancelled, the message may be stored or not. Raises Rejected if the server will never store it.
        """
        if not isinstance(message, str):
            raise ValueError(f"expected a string, got {type(message).__name__}")
        if self._task is None:
            raise RuntimeError("enter the subscription first: async with Subscription(…) as tea")
        try:
            message.encode()
        except UnicodeEncodeError:
            raise ValueError("the message has half a character, which can't be sent") from None
        return await self.outbox.send(message)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while True:
            while not self.unread:
                if self.state == "closed":
                    raise StopAsyncIteration
                if self.ended:
                    raise self.ended
                await self.unread.news.wait()
            item = self.take()
            if isinstance(item, Message):
                self.offset = item.offset
                return item
            self.epoch, self.offset = item.new_epoch, item.floor
            if self._gaps_in_stream:
                return item

    def changed(self) -> None:
        """Call `on_state`."""
        if self._on_state:
            self._on_state(self)

    def missed(self, gap: Gap) -> None:
        """Call `on_gap`."""
        if self._on_gap:
            self._on_gap(gap)


def _check(what: str, value: object, pattern: str, expected: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(f"{what}: expected {expected}, got {str(value)[:100]!r}")
