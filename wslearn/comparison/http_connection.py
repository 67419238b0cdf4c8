"""One client's connection to the HTTP peers: aiohttp's, with what a WebSocket's connection has before its handshake.

That is a bound on what the head of a request may have, the one form of its target, the key in its path, and an answer
for a client that closes its half of the connection as soon as it has sent its request (RFC 9112, section 9.6).
"""

import asyncio
from collections import deque
from typing import Any

from aiohttp import StreamReader, web

from wslearn.server.head import MOST, NO_HEAD, Head, HeadReader

#: The most bytes that a byte of a body takes in chunks (RFC 9112, section 7.1), with some to spare.
LONGEST_CHUNK = 8


class HttpConnection(web.RequestHandler):
    """Reads each head before aiohttp does."""

    __slots__ = ("_asked", "_body", "_body_left", "_ended", "_heads", "_unread", "_waiting")

    def __init__(self, key: str, max_size: int | None, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: Bytes that aiohttp may still read of a request of which only it can tell where that ends; None: any number.
        #: In chunks, each byte of a body may take six. What follows is left unread: it would be kept as trailers.
        self._unread: int | None = None if max_size is None else MOST + LONGEST_CHUNK * max_size
        #: None once only aiohttp can tell where a request ends; then it is the connection's last one.
        self._heads: HeadReader | None = HeadReader(key)
        #: Of each request that has no response yet, the oldest first.
        self._asked: deque[Head] = deque()
        #: Bytes that are still to come of a request's body.
        self._body_left = 0
        #: The body of the last request, where only aiohttp can tell whether it has ended.
        self._body: StreamReader | None = None
        self._ended = False
        self._waiting: asyncio.Timeout | None = None

    @property
    def head(self) -> Head:
        """The head of the request that is answered now, without headers: these are the request's."""
        return self._asked[0] if self._asked else NO_HEAD

    def data_received(self, data: bytes) -> None:
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
        """Let aiohttp read bytes of a request of which only it can tell where that ends, up to a bound."""
        if self._heads is None and self._unread is not None:
            data = data[: self._unread]
            self._unread -= len(data)
        known = len(self._messages)
        super().data_received(data)
        if self._heads is None and len(self._messages) > known:
            self._body = self._messages[-1][1]

    def _head_received(self, head: Head | bytes | None) -> bytes:
        """Let aiohttp read a head, and return what came behind it."""
        if head is None:
            return b""
        if not isinstance(head, Head):
            self._heads, self._unread = None, MOST
            self._asked.append(NO_HEAD)
            self._read(head)
            return b""
        if head.too_large:  # answered with 431; what follows is read as a body, or the answer would get lost
            head = head._replace(fields=b"Host: localhost\r\nContent-Length: %d\r\n" % 10**17)
        elif not head.has_host:  # aiohttp takes that from HTTP/1.0 only
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
        halves = self.transport is not None and self.transport.can_write_eof()  # TLS has none
        if not (halves and self._asked and self._is_whole()):
            return super().eof_received()
        self._ended = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        return True

    def _is_whole(self) -> bool:
        """Whether all of the last request has come."""
        if self._heads is not None:
            return self._body_left == 0 or self._asked[-1].too_large
        return self._body is not None and self._body.is_eof()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Any:
        if self._heads is None and len(self._asked) == 1:
            resp.force_close()
        finished = await super().finish_response(request, resp, start_time)
        self._asked.popleft()
        if self._ended and not self._asked:
            self.close()
        return finished

    def wait(self, timeout: asyncio.Timeout) -> None:
        """Have a wait that is under `timeout` end when the client closes its half: it may have gone altogether."""
        self._waiting = timeout
        if self._ended:
            timeout.reschedule(asyncio.get_running_loop().time())

    def waited(self) -> None:
        """Say that the wait is over."""
        self._waiting = None
