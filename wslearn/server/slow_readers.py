"""Waiting for slow readers: a client that publishes faster than others can read is slowed down. Lesson 03.

If a message leaves a client with a long queue, the server takes no new message from the publisher until the queue is
shorter. Nobody else has to wait: only a handler that has called `fan_out` waits, in its `recv`, and only for clients
that its own messages have reached. Two kinds of clients are not waited for:

- A client that makes no progress: none of its bytes has gone out for `STILL` seconds, or for the first `FIRST` seconds.
  `limits.max_unsent` and `limits.stall_timeout` see to it.
- A client that has used up its patience, `limits.stall_timeout` seconds of waiting in total. It is dropped. So a client
  that reads a byte a second cannot hold up a room.

With `stall_timeout=None` no client is dropped for its time; it is waited for `PATIENCE` seconds, and then no longer.
With `max_unsent=None` a publisher still waits, at `FULL` bytes. A `fan_out` outside of a handler makes nobody wait.
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from websockets.protocol import OPEN

from wslearn.limits import Limits

#: Bytes that may be queued for a client before publishers wait for it; at most a quarter of `limits.max_unsent`.
FULL = 256 * 1024
#: Time between two looks at the clients that are waited for, in seconds. The event loop tells only when a queue is
#: nearly empty (`resume_writing`). Nothing tells that a client makes no progress, so somebody has to look.
CHECK = 0.05
#: Seconds without progress after which a client is no longer waited for. Even a fast reader pauses: to draw a picture,
#: to collect garbage, or because its computer is busy.
STILL = 1.0
#: And seconds in which it has to show first that it reads at all: a client that has stopped costs the others no more.
FIRST = 0.25
#: A client that takes so many bytes a second while it is waited for is not slow, however long a burst lasts. In
#: general, a second of patience comes back with so many bytes, and all of it after `FORGIVEN` seconds without waiting.
FAST = 2 * 1024 * 1024
FORGIVEN = 60.0
#: The patience with a client if there is no `limits.stall_timeout`, in seconds.
PATIENCE = 5.0

#: A client: a `Connection`, whose module imports this one.
Receiver = Any


def full_at(limits: Limits) -> int:
    """Return how many bytes may be queued for a client before publishers wait for it."""
    return FULL if limits.max_unsent is None else min(FULL, limits.max_unsent // 4)


@dataclass(slots=True)
class Patience:
    """What is left of the patience with one client, in seconds, and how long it has made no progress."""

    left: float
    still: float
    #: The time of the last look (event loop's clock).
    at: float


class SlowReaders:
    """The clients of one server for which some publisher waits."""

    def __init__(self) -> None:
        self._filled: WeakKeyDictionary[Receiver, set[Receiver]] = WeakKeyDictionary()
        self._patience: WeakKeyDictionary[Receiver, Patience] = WeakKeyDictionary()
        self._changed = asyncio.Event()
        #: Whether somebody may have to wait.
        self.any = False

    def add(self, publisher: Receiver, clients: list[Receiver]) -> None:
        """Remember clients whose queues a publisher has filled."""
        self._filled.setdefault(publisher, set()).update(clients)
        self.any = True

    def resumed(self) -> None:
        """Look again at once, because the queue of some client is nearly empty."""
        self._changed.set()
        self._changed.clear()

    async def until_shorter(self, publisher: Receiver) -> bool:
        """Wait until the queues that this publisher has filled are shorter, and tell whether it had to wait."""
        time = asyncio.get_running_loop().time
        waited_since: float | None = None
        while clients := self._filled.get(publisher):
            now = time()
            clients -= {ws for ws in clients if not self.is_worth_waiting(ws, now, waited_since)}
            if not clients:
                break
            waited_since = now
            try:
                async with asyncio.timeout(CHECK):
                    await self._changed.wait()
            except TimeoutError:
                pass
        self._filled.pop(publisher, None)
        self.any = bool(self._filled)
        return waited_since is not None

    def is_worth_waiting(self, ws: Receiver, now: float, waited_since: float | None) -> bool:
        """Look at a client, take the time since the last look from its patience, and drop it if none is left."""
        if ws.transport.is_closing() or ws.protocol.state is not OPEN:
            return False
        before, ws.unsent = ws.unsent, ws.transport.get_write_buffer_size()
        if ws.unsent < before or not before:
            ws.moved_at = now
        limit = ws.owner.limits.stall_timeout
        most = PATIENCE if limit is None else limit
        patience = self._patience.get(ws)
        if patience is None or now - patience.at > FORGIVEN:
            patience = self._patience[ws] = Patience(most, STILL - FIRST, now)
        # Several publishers may wait for one client: the same second must not count twice. Nor do the seconds count in
        # which the server itself was away.
        since = now if waited_since is None else max(patience.at, waited_since)
        waited = min(now - since, 2 * CHECK)
        gone = max(0, before - ws.unsent)
        patience.left = min(most, patience.left - waited + gone / FAST)
        patience.still = 0.0 if ws.moved_at > patience.at else patience.still + waited
        patience.at = now
        if patience.left <= 0 and limit is not None:
            self._patience.pop(ws)
            ws.abort(f"it reads too slowly: others have waited {limit:g} s for it, and {ws.unsent:,} bytes are unsent")
            return False
        return ws.unsent > full_at(ws.owner.limits) and patience.still < STILL and patience.left > 0
