"""Heartbeat: find clients that have disappeared without closing their connections. Lesson 06."""

import asyncio

from websockets.protocol import OPEN

from wslearn.messages import Ping, Pong
from wslearn.server import Server


class Heartbeat:
    """Ping every client of a server each `interval` seconds, and drop a client whose pong is missing by the next time.

    One task does this for all clients. It finds a dead connection after one to two intervals, and the pings show the
    proxies on the way that a connection is in use (RFC 6455, section 5.5.2). None: no heartbeat.
    Raises ValueError for an interval that is not above 0.
    """

    def __init__(self, interval: float | None) -> None:
        if interval is not None and not 0 < interval < float("inf"):
            raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
        self.interval = interval

    async def run(self, server: Server) -> None:
        """Ping the server's clients until cancelled."""
        pongs: dict = {}
        while self.interval is not None:
            await asyncio.sleep(self.interval)
            pongs = await self.beat(server.connections, pongs)

    async def beat(self, clients, pongs: dict) -> dict:
        """Drop each client whose last pong is missing, ping the others, and return the futures of their pongs."""
        for ws, pong in pongs.items():
            if not pong.done():
                ws.abort(f"no pong within {self.interval:g} s")
        return {
            ws: await ws.ping()
            for ws in list(clients)
            # If bytes are stuck, ping() would wait, and all other clients too: the server drops such a client itself.
            if ws.protocol.state is OPEN and not ws.transport.get_write_buffer_size()
        }


class HeartbeatServer(Server):
    """Ping each client every `interval` seconds, and drop those that do not send a pong.

    A page cannot send a ping frame, so it sends `{"type":"ping"}` and receives `{"type":"pong"}`.
    With `library=True` the keepalive of `websockets` does the same, with a task for each client.
    """

    features = ("ping",)

    def __init__(self, host="127.0.0.1", port=0, *, interval=30, library=False, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.heartbeat = Heartbeat(interval)
        self.keepalive, self.library_keepalive = None, interval if library else None

    def background(self):
        """Return the heartbeat, unless the library has it."""
        return () if self.library_keepalive else (self.heartbeat.run(self),)

    async def handler(self, ws):
        """Reply to application-level pings."""
        async for _ in ws.receive(Ping):
            await ws.say(Pong())
