"""Comparison: a WebSocket, and on a second port, what HTTP has for the same work. Lesson 01."""

from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from wslearn.comparison.http_peers import HttpPeers
from wslearn.fast import fan_out
from wslearn.server import Server, address


class ComparisonServer(Server):
    """Send every message back unchanged; to a connection that asked for `/ws?events` send each event instead.

    Events are published over HTTP. `page_url` is the HTTP side's address: the next port, or any with `port=0`.
    """

    def __init__(self, host="127.0.0.1", port=0, *, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        if port == 65535:
            raise ValueError("port 65535 has no next one for the HTTP side: take a port below, or 0 for free ones")
        self.listeners = set()

    @asynccontextmanager
    async def beside(self, host):
        self.peers = HttpPeers(
            limits=self.limits,
            proxy_path=self.proxy_path,
            record=self.record,
            published=lambda event: fan_out(self.listeners, event),
            listening=lambda: len(self.listeners),
        )
        port = self.wanted_port and self.wanted_port + 1
        with address.explained(self.host, port):
            self.http_port = await self.peers.start(host, port, self.tls)
        try:
            yield
        finally:
            await self.peers.stop()

    @property
    def page_url(self) -> str:
        """The address of the HTTP side."""
        return super().page_url.replace(f":{self.port}/", f":{self.http_port}/")

    async def handler(self, ws):
        wants_events = "events" in parse_qs(urlsplit(ws.request.path).query, keep_blank_values=True)
        if wants_events:
            self.listeners.add(ws)
        try:
            async for message in ws:
                if not wants_events:
                    await ws.send(message)
        finally:
            self.listeners.discard(ws)
