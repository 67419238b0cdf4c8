"""The round trip of each phone, from a ping to its pong. An answer that is late counts while it is still missing."""

import asyncio
from collections.abc import Callable
from typing import Any

from wslearn.server.keepalive import Keepalive

#: Seconds between two pings of a phone.
INTERVAL = 2.0
#: Seconds without an answer after which a phone has gone. One that comes back keeps its name and its vote.
PATIENCE = 20.0


class RoundTrips(Keepalive):
    """Ping each phone every two seconds, but be more patient with an answer than the keepalive is.

    `may_ping` tells whether a phone can be reached: one in a tunnel can't.
    """

    def __init__(self, may_ping: Callable[[Any], bool]) -> None:
        super().__init__(INTERVAL)
        self.may_ping = may_ping

    def _ping_or_end(self, ws: Any) -> None:
        now = asyncio.get_running_loop().time()
        if not self.may_ping(ws):
            ws.unanswered = ws.unanswered and (ws.unanswered[0], now)  # the time in the tunnel doesn't end it
        elif ws.unanswered is None or now - ws.unanswered[1] > PATIENCE:
            super()._ping_or_end(ws)


def round_trip(ws: Any, now: float) -> float | None:
    """Return the last round trip of a phone in seconds, or how long it has not answered if that is more."""
    waiting = now - ws.unanswered[1] if ws.unanswered else 0.0
    if ws.latency and waiting < max(ws.latency, INTERVAL):
        return ws.latency
    return waiting or None
