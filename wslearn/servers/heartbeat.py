"""Heartbeat: find the clients that have gone without a word. Lesson 06."""

import asyncio

from websockets.protocol import OPEN

from wslearn.messages import Ping, Pong
from wslearn.server import Server


class Heartbeat:
    """Ping every client of a server each `interval` seconds, and drop a client that has not answered by the next time.

    One task does it for all of them. So a dead connection is found after one to two intervals, and the proxies on the
    way see that a connection is in use (RFC 6455, section 5.5.2). With None there is no heartbeat.
    Raises ValueError for an interval that is not above 0.
    """

    def __init__(self, interval: float | None) -> None:
        if interval is not None and not 0 < interval < float("inf"):
            raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
        self.interval = interval

    async def run(self, server: Server) -> None:
        """Beat until cancelled."""
        pongs: dict = {}
        while self.interval is not None:
            await asyncio.sleep(self.interval)
            pongs = await self.beat(server.connections, pongs)

    async def beat(self, clients, pongs: dict) -> dict:
        """Drop each client whose last pong is missing, ping the others, and return where their pongs will be."""
        for ws, pong in pongs.items():
            if not pong.done():
                ws.abort(f"no pong within {self.interval:g} s")
        return {
            ws: await ws.ping()
            for ws in list(clients)
            # Where bytes are stuck, ping() would wait, and all the others too: the server looks at those elsewhere.
            if ws.protocol.state is OPEN and not ws.transport.get_write_buffer_size()
        }


class HeartbeatServer(Server):
    """Ping each client every `interval` seconds, and drop those that do not answer.

    A page cannot send a ping frame, so `{"type":"ping"}` is answered with `{"type":"pong"}`.
    `library=True` leaves it to the keepalive of `websockets`, which does the same with a task for each client.
    """

    features = ("ping",)

    def __init__(self, host="127.0.0.1", port=0, *, interval=30, library=False, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.heartbeat = Heartbeat(interval)
        self.keepalive = interval if library else None

    def background(self):
        return () if self.keepalive else (self.heartbeat.run(self),)

    async def handler(self, ws):
        async for _ in ws.receive(Ping):
            await ws.say(Pong())
