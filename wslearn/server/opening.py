"""A connection before it is a WebSocket: the head of its request is taken whole, and an answer reaches its client.

Before it is a WebSocket, every connection is an HTTP request (RFC 6455, section 4).
"""

import asyncio
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request

from wslearn.limits import Limits
from wslearn.server.delivery import Deliveries
from wslearn.server.head import NO_HEAD, Head, HeadReader
from wslearn.server.log import Kind


class Owner(Protocol):
    """What a connection needs of its server."""

    limits: Limits
    deliveries: Deliveries
    proxy_path: str
    sockets: set[Any]

    def record(self, kind: Kind, client: str, text: str = "", code: int | None = None, reason: str = "") -> None:
        """Write a line in the log, secrets redacted."""

    def on_lost(self, ws: Any) -> None:
        """Let go of a connection that has ended."""


class Opening(ServerConnection):
    """The library's `ServerConnection`, with the head of its request collected before the library reads it."""

    #: Kept apart from the library's own names: with more than 30 in all, Python gives each object a dict of its own,
    #: and a connection would take 1.4 KiB more.
    __slots__ = ("answered", "ended", "head", "heads", "owner")

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.owner = owner
        #: Whether it got an HTTP response instead of a WebSocket.
        self.answered = False
        #: What collects the head of its request, until that is whole; then the head, until its request is answered.
        self.heads: HeadReader | None = HeadReader(owner.proxy_path)
        self.head = NO_HEAD
        #: Whether the client has closed its half of the connection and its request has no answer yet.
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of an open socket."""
        self.owner.sockets.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end of the connection."""
        super().connection_lost(exc)
        self.owner.sockets.discard(self)
        self.owner.on_lost(self)

    def without_head(self, data: bytes) -> bytes:
        """Return what the library should read now of the bytes that came."""
        if self.heads is None:
            return b"" if self.head.too_large else data
        head = self.heads.feed(data)
        if not isinstance(head, Head):
            if head:
                self.heads = None
            return head or b""
        self.heads, self.head = None, head
        if head.too_large:
            return b"GET / HTTP/1.1\r\n\r\n"  # answered with 431; what follows is no WebSocket's
        if head.is_small:
            return bytes(head) + head.rest
        _, lines = head.headers()
        return b"%b / %b\r\n%b\r\n%b" % (head.method, head.version, lines, head.rest)

    def process_event(self, event: Any) -> None:
        """Give a request what the library could not take, and forget it here."""
        if isinstance(event, Request):
            if self.head.too_large or not self.head.is_small:
                event.path = self.head.target.decode()
                for name, value in self.head.headers()[0]:
                    event.headers[name] = value
            self.head = self.head._replace(fields=b"", rest=b"")
        super().process_event(event)

    def eof_received(self) -> Any:
        """Keep the other half of the connection open for the answer."""
        if self.heads is not None:  # half a head: the library says so
            super().data_received(self.heads.take())
        if self.request is not None and self.response is None and self.transport.can_write_eof():
            self.ended = True
            return True  # TLS has no halves
        return super().eof_received()

    def send_data(self) -> None:
        """Send what the library has, and close a half-closed connection after its answer."""
        super().send_data()
        if self.ended and self.response is not None:  # the answer is on its way
            self.ended = False
            super().eof_received()
            self.transport.close()
