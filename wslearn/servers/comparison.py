"""Comparison: a WebSocket, and on a second port HTTP's ways to do the same work. Lesson 01."""

from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from wslearn.comparison.http_peers import HttpPeers
from wslearn.fast import fan_out
from wslearn.server import Server, address


class ComparisonServer(Server):
    """Send every message back unchanged, or send each event to a connection that asked for `/ws?events`.

    Events are published over HTTP. `page_url` is the URL of the HTTP side: the next port, or any with `port=0`.
    """

    def __init__(self, host="127.0.0.1", port=0, *, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        if port == 65535:
            raise ValueError("port 65535 has no next one for the HTTP side: choose a lower port, or 0 for free ones")
        self.listeners = set()

    @asynccontextmanager
    async def beside(self, host):
        """Run the HTTP side while the server runs."""
        self.peers = HttpPeers(self, published=lambda event: fan_out(self.listeners, event), waiting=self.listeners)
        port = self.wanted_port and self.wanted_port + 1
        with address.explained(self.host, port):
            self.http_port = await self.peers.start(host, port)
        try:
            yield
        finally:
            await self.peers.stop()

    @property
    def page_url(self) -> str:
        """The URL of the HTTP side."""
        return super().page_url.replace(f":{self.port}/", f":{self.http_port}/")

    async def handler(self, ws):
        """Send a client's messages back, or send it events."""
        wants_events = "events" in parse_qs(urlsplit(ws.request.path).query, keep_blank_values=True)
        if wants_events:
            self.listeners.add(ws)
        try:
            async for message in ws:
                if not wants_events:
                    await ws.send(message)
        finally:
            self.listeners.discard(ws)
