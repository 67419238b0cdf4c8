"""Heartbeat: find the clients that are gone without a word. Lesson 06."""

import asyncio

from websockets.protocol import OPEN

from wslearn.messages import Ping, Pong
from wslearn.server import Server


class Heartbeat:
    """Ping every client of a server each `interval` seconds; drop who has not answered by the next time.

    One task for all of them. So a client that is gone is found after one to two intervals, and whatever stands
    between sees that the connection is in use (RFC 6455, section 5.5.2). With None there is no heartbeat. Raises
    ValueError for an interval that is not above 0.
    """

    def __init__(self, interval: float | None) -> None:
        if interval is not None and not 0 < interval < float("inf"):
            raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
        self.interval = interval

    async def run(self, server: Server) -> None:
        """Beat until cancelled."""
        pongs = {}
        while self.interval is not None:
            await asyncio.sleep(self.interval)
            pongs = await self.beat(server.connections, pongs)

    async def beat(self, clients, pongs: dict) -> dict:
        """Abort whose pong of the last beat is missing, ping the others, and return where their pongs will be."""
        for ws, pong in pongs.items():
            if not pong.done():
                ws.abort(f"no pong within {self.interval:g} s")
        return {
            ws: await ws.ping()
            for ws in list(clients)
            # Where bytes are stuck ping() would wait behind them, and all others too: the watchdog has those.
            if ws.protocol.state is OPEN and not ws.transport.get_write_buffer_size()
        }


class HeartbeatServer(Server):
    """Ping each client every `interval` seconds and terminate those that do not answer.

    A browser cannot send a ping of its own, so `{"type":"ping"}` is answered with `{"type":"pong"}`.
    `library=True` leaves it to the keepalive of `websockets`, which does the same with a task for each client.
    """

    features = "ping"

    def __init__(self, *args, interval: float | None = 30, library: bool = False, **options):
        super().__init__(*args, **options)
        self.heartbeat = Heartbeat(interval)
        self.keepalive = interval if library else None

    def background(self):
        return () if self.keepalive else (self.heartbeat.run(self),)

    async def handler(self, ws):
        async for _ in ws.receive(Ping):
            await ws.say(Pong())
