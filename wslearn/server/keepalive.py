"""Keepalive: one task pings all clients of a server, and drops those that do not answer. Lesson 06.

The library has a task for each connection, and a client that stops reading stops its task too: the ping waits for the
bytes before it, and its timeout begins only after the wait. Here no ping waits for anything.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable
from typing import Any

from websockets.frames import CloseCode
from websockets.protocol import OPEN

from wslearn.server.opening import Opening, Owner

#: Seconds between two groups of pings. An interval has at least `FEWEST` groups, so that a first ping is not too early.
PAUSE = 0.25
FEWEST = 8
#: Pings, of about 15 µs each, that are sent before other work has a turn.
BATCH = 100


class Pinged(Opening):
    """A connection that its server pings. At most one of the keepalive's pings is unanswered at a time."""

    __slots__ = ("group", "unanswered")

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(owner, *args, **options)
        #: The group that it is pinged with.
        self.group = 0
        #: The payload of a ping without a pong, and when it was sent (event loop's clock).
        self.unanswered: tuple[bytes, float] | None = None

    def send_keepalive(self, now: float) -> None:
        """Send a ping frame, without waiting for anything."""
        self.unanswered = secrets.token_bytes(4), now
        self.protocol.send_ping(self.unanswered[0])
        self.send_data()

    def acknowledge_pings(self, data: bytes) -> None:
        """Note a pong. Any pong shows that the client is there: it may answer the last of several pings only.

        See RFC 6455, section 5.5.3.
        """
        if self.unanswered:
            payload, sent_at = self.unanswered
            if payload == data:
                self.latency = asyncio.get_running_loop().time() - sent_at
            self.unanswered = None
        super().acknowledge_pings(data)


class Keepalive:
    """Ping each connection every `interval` seconds, and end it if no pong has come by the next time.

    The connections are in groups by the time they came, so 10,000 are not pinged all at once. If other code blocks the
    event loop, the next turns come later, so pongs that are waiting are read first. None: no keepalive.
    Raises ValueError for an interval that is not above 0.
    """

    def __init__(self, interval: float | None) -> None:
        if interval is not None and not 0 < interval < float("inf"):
            raise ValueError(f"keepalive: expected seconds above 0, or None, got {interval!r}")
        self.interval = interval
        self.groups = 1 if interval is None else max(FEWEST, round(interval / PAUSE))
        #: The group that was pinged last. A new connection joins it, so that its first ping comes an interval later.
        self.last = 0

    async def run(self, connections: Collection[Any]) -> None:
        """Ping the groups, one after the other, until cancelled."""
        if self.interval is None:
            return
        while True:
            await asyncio.sleep(self.interval / self.groups)
            self.last = (self.last + 1) % self.groups
            await self.ping([ws for ws in connections if ws.group == self.last])

    async def ping(self, group: Iterable[Any]) -> None:
        """Ping each connection of a group, or end it."""
        for number, ws in enumerate(group, 1):
            try:
                self._ping_or_end(ws)
            except Exception as error:  # noqa: BLE001 - an error for one client must not affect the others
                ws.abort(f"a ping could not be written: {error!r}")
            if number % BATCH == 0:
                await asyncio.sleep(0)

    def _ping_or_end(self, ws: Any) -> None:
        if ws.protocol.state is not OPEN or ws.transport.is_closing() or self.interval is None:
            return
        now, unsent = asyncio.get_running_loop().time(), ws.transport.get_write_buffer_size()
        if ws.unanswered and unsent:  # a close frame would be stuck as well
            ws.abort(f"no pong within {self.interval:g} s, and {unsent:,} bytes unsent")
        elif ws.unanswered:
            ws.fail(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
        elif not unsent:
            ws.send_keepalive(now)
        elif now - ws.moved_at >= self.interval:  # a ping would be stuck, and bytes on their way need none
            ws.abort(f"{unsent:,} bytes unsent, and nothing sent for {self.interval:g} s")
