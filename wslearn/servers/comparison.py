"""Comparison: a WebSocket, and beside it on a second port what HTTP has for the same work. Lesson 01."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from wslearn import cells
from wslearn.comparison.http_peers import HttpPeers
from wslearn.fast import fan_out
from wslearn.server import Server


class ComparisonServer(Server):
    """Send every message back unchanged; to a connection that asked for `/ws?events` send each event instead.

    Events are published over HTTP. `page_url` is the HTTP side's address: the next port, or any with `port=0`.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        if self._wanted_port == 65535:
            raise ValueError("port 65535 has no next one for the HTTP side: take a port below, or 0 for free ones")
        self.peers = HttpPeers(self)
        self._listeners = set()
        self._starting = asyncio.Lock()

    @property
    def listening(self) -> int:
        """How many WebSockets wait for events."""
        return len(self._listeners)

    def published(self, event):
        """Send an event to every WebSocket that waits for one."""
        fan_out(self._listeners, event)

    @property
    def page_url(self) -> str:
        """The address of the HTTP side."""
        return f"http{'s' if self.tls else ''}://{self._netloc.rpartition(':')[0]}:{self.http_port}/"

    def background(self):
        return (self.peers.watch(),)

    async def start(self):
        """Listen on both ports, and return self. Raises OSError where one of them cannot be had."""
        async with self._starting:
            if self._listener is None:
                await cells.stop_previous(self._wanted_port)
                await self._start_http(self._wanted_port and self._wanted_port + 1)
                try:
                    await super().start()
                except BaseException:
                    await self.peers.stop()
                    raise
        return self

    async def _start_http(self, port):
        host = await self._bind_host()
        self.peers = HttpPeers(self)
        try:
            self.http_port = await self.peers.start(host, port, self.tls)
        except OSError as error:
            raise self._explained(error, port) from None

    async def stop(self):
        """Close the connections of both ports and free them. Twice is fine, also at once."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.peers.stop())
            await super().stop()

    async def handler(self, ws):
        wants_events = "events" in parse_qs(urlsplit(ws.request.path).query, keep_blank_values=True)
        if wants_events:
            self._listeners.add(ws)
        try:
            async for message in ws:
                if not wants_events:
                    await ws.send(message)
        finally:
            self._listeners.discard(ws)
