"""A connection while it is still an HTTP request (RFC 6455, section 4): reading its head, delivering a response."""

import asyncio
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode
from websockets.http11 import Request

from wslearn.common.lost import Lost
from wslearn.limits import Limits
from wslearn.server import library
from wslearn.server.delivery import Deliveries
from wslearn.server.head import NO_HEAD, Head, HeadReader
from wslearn.server.log import Kind


class Owner(Protocol):
    """The attributes of a server that its connections need."""

    limits: Limits
    deliveries: Deliveries
    proxy_path: str
    sockets: set[Any]

    def record(self, kind: Kind, client: str, text: str = "", code: int | None = None, reason: str = "") -> None:
        """Write a line in the log, secrets redacted."""

    def record_message(self, client: str, message: str | bytes) -> None:
        """Keep a message for the log, secrets redacted."""

    def on_lost(self, ws: Any) -> None:
        """Forget a connection that has ended."""


class Opening(ServerConnection):
    """The library's `ServerConnection`, with the head of its request collected before the library reads it."""

    #: Slots, because with more than 30 attributes Python gives each object its own dictionary, of 1.4 KiB.
    __slots__ = ("answered", "ended", "head", "heads", "owner", "plain", "writable")

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.owner = owner
        #: Whether it got an HTTP response instead of a WebSocket.
        self.answered = False
        #: The reader of its request's head, until that is complete; then the head, until the response.
        self.heads: HeadReader | None = HeadReader(owner.proxy_path)
        self.head = NO_HEAD
        #: Whether the client has closed its half of the connection before the response.
        self.ended = False
        #: Whether it is an open WebSocket without extensions. It changes only together with data that is sent.
        self.plain = False
        #: Whether it is that, and no message in fragments is being sent: its rest would come first.
        self.writable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember an open socket."""
        self.owner.sockets.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of the connection to the server."""
        super().connection_lost(exc)
        self.transport: Any = Lost(self.transport)
        self.owner.sockets.discard(self)
        self.owner.on_lost(self)

    def without_head(self, data: bytes) -> bytes:
        """Return the bytes that the library should read now."""
        if self.heads is None:
            return b"" if self.head.too_large else data
        head = self.heads.feed(data)
        if head is None:
            return b""
        self.heads = None
        if not isinstance(head, Head):
            return head
        self.head = head
        if head.too_large:
            return b"GET / HTTP/1.1\r\n\r\n"  # the response is 431; the rest is ignored
        if head.is_small:
            return bytes(head) + head.rest
        _, lines = head.headers()
        return b"%b / %b\r\n%b\r\n%b" % (head.method, head.version, lines, head.rest)

    def process_event(self, event: Any) -> None:
        """Add to a request the part of its head that was too large for the library."""
        if isinstance(event, Request):
            if self.head.too_large or not self.head.is_small:
                event.path = self.head.target.decode()
                for name, value in self.head.headers()[0]:
                    event.headers[name] = value
            self.head = self.head._replace(fields=b"", rest=b"")
        super().process_event(event)

    def eof_received(self) -> Any:
        """Keep the other half of the connection open for the response."""
        if self.heads is not None:  # half a head: the library reports it
            super().data_received(self.heads.take())
        if self.request is not None and self.response is None and self.transport.can_write_eof():
            self.ended = True
            return True  # not with TLS, which has no halves
        return super().eof_received()

    def send_data(self) -> None:
        """Send the library's data, and close a half-closed connection after its response."""
        super().send_data()
        self.plain = library.is_plain(self.protocol)
        self.writable = self.plain and not self.protocol.expect_continuation_frame
        if self.ended and self.response is not None:  # the response is on its way
            self.ended = False
            super().eof_received()
            self.transport.close()

    def fail(self, code: CloseCode, reason: str) -> None:
        """Close the connection because of an error, as the library does (RFC 6455, section 7.1.7)."""
        self.protocol.fail(code, reason)
        self.send_data()
        asyncio.get_running_loop().call_later(self.close_timeout or 0, self.transport.abort)
