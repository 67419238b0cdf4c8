"""One client's connection to the HTTP peers: aiohttp's, with the same rules as a WebSocket's before the handshake.

These are a limit for the head of a request, the one form of its target, the key in its path, and a response even for a
client that closes its half of the connection as soon as it has sent its request (RFC 9112, section 9.6).
"""

import asyncio
from collections import deque
from typing import Any

from aiohttp import StreamReader, web

from wslearn.server.head import MOST, NO_HEAD, Head, HeadReader

#: Most bytes on the wire for one byte of a body in chunks (RFC 9112, section 7.1), with some to spare.
LONGEST_CHUNK = 8


class HttpConnection(web.RequestHandler):
    """Reads each head before aiohttp does."""

    __slots__ = ("_asked", "_body", "_body_left", "_ended", "_heads", "_unread", "_waiting")

    def __init__(self, key: str, max_size: int | None, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: Bytes that aiohttp may still read if only it can tell where the request ends; None: any number. Further bytes
        #: stay unread, because aiohttp would keep them as trailers.
        self._unread: int | None = None if max_size is None else MOST + LONGEST_CHUNK * max_size
        #: None as soon as only aiohttp can tell where a request ends, which is then the connection's last one.
        self._heads: HeadReader | None = HeadReader(key)
        #: The heads of all requests without a response, the oldest first.
        self._asked: deque[Head] = deque()
        #: Bytes of a request's body that have not arrived yet.
        self._body_left = 0
        #: The body of the last request, if only aiohttp can tell whether it has ended.
        self._body: StreamReader | None = None
        self._ended = False
        self._waiting: asyncio.Timeout | None = None

    @property
    def head(self) -> Head:
        """The head of the current request without its headers, which aiohttp's request has."""
        return self._asked[0] if self._asked else NO_HEAD

    def data_received(self, data: bytes) -> None:
        """Read heads here, and let aiohttp read everything else."""
        if self._heads is None or not data:
            self._read(data)
        while data and self._heads is not None:
            if self._body_left:
                part, data = data[: self._body_left], data[self._body_left :]
                self._body_left -= len(part)
                super().data_received(part)
            else:
                data = self._head_received(self._heads.feed(data))

    def _read(self, data: bytes) -> None:
        """Let aiohttp read bytes up to a limit, if only it can tell where the request ends."""
        if self._heads is None and self._unread is not None:
            data = data[: self._unread]
            self._unread -= len(data)
        known = len(self._messages)
        super().data_received(data)
        if self._heads is None and len(self._messages) > known:
            self._body = self._messages[-1][1]

    def _head_received(self, head: Head | bytes | None) -> bytes:
        """Let aiohttp read a head, and return the bytes after it."""
        if head is None:
            return b""
        if not isinstance(head, Head):
            self._heads, self._unread = None, MOST
            self._asked.append(NO_HEAD)
            self._read(head)
            return b""
        if head.too_large:  # the response is 431; the rest is read as a body, otherwise the response would get lost
            head = head._replace(fields=b"Host: localhost\r\nContent-Length: %d\r\n" % 10**17)
        elif not head.has_host:  # aiohttp accepts that from HTTP/1.0 only
            head = head._replace(version=b"HTTP/1.0")
        self._asked.append(head._replace(fields=b"", rest=b""))
        length = head.body_length
        if length is None:
            self._heads = None
            self._read(bytes(head) + head.rest)
            return b""
        self._body_left = length
        super().data_received(bytes(head))
        return head.rest

    def eof_received(self) -> Any:
        """Keep the other half of the connection open for the response to a complete request."""
        halves = self.transport is not None and self.transport.can_write_eof()  # not with TLS
        if not (halves and self._asked and self._is_complete()):
            return super().eof_received()
        self._ended = True
        self.wait(self._waiting)
        return True

    def _is_complete(self) -> bool:
        if self._heads is not None:
            return self._body_left == 0 or self._asked[-1].too_large
        return self._body is not None and self._body.is_eof()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Any:
        """Finish a response, and close a half-closed connection after the last one."""
        if self._heads is None and len(self._asked) == 1:
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        self._asked.popleft()
        if self._ended and not self._asked:
            self.close()
        return finished

    def wait(self, timeout: asyncio.Timeout | None) -> None:
        """End `timeout` when the client closes its half, because it may have disconnected; None: end no timeout."""
        self._waiting = timeout
        if self._ended and timeout is not None:
            timeout.reschedule(asyncio.get_running_loop().time())
