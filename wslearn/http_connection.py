"""One client's connection to the HTTP peers: aiohttp's, with what a WebSocket's connection has before its handshake.

That is a bound on what the head of a request may have, the one form of its target, the key in its path, and an answer
for a client that closes its half of the connection as soon as it has sent its request (RFC 9112, section 9.6).
"""

import asyncio
from collections import deque

from aiohttp import web

from wslearn.request_head import NO_HEAD, Head, HeadReader


class HttpConnection(web.RequestHandler):
    """Reads each head before aiohttp does."""

    __slots__ = ("_asked", "_body_left", "_ended", "_heads", "_waiting")

    def __init__(self, key: str, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        #: None once only aiohttp can tell where a request ends; then it is the connection's last one.
        self._heads: HeadReader | None = HeadReader(key)
        #: Of each request that has no response yet, the oldest first.
        self._asked: deque[Head] = deque()
        #: Bytes that are still to come of a request's body.
        self._body_left = 0
        self._ended = False
        self._waiting: asyncio.Timeout | None = None

    @property
    def head(self) -> Head:
        """The head of the request that is answered now, without headers: these are the request's."""
        return self._asked[0] if self._asked else NO_HEAD

    def data_received(self, data: bytes) -> None:
        if self._heads is None or not data:
            super().data_received(data)
        while data and self._heads is not None:
            if self._body_left:
                part, data = data[: self._body_left], data[self._body_left :]
                self._body_left -= len(part)
                super().data_received(part)
            else:
                data = self._head_received(self._heads.feed(data))

    def _head_received(self, head: Head | bytes | None) -> bytes:
        """Let aiohttp read a head, and return what came behind it."""
        if head is None:
            return b""
        if not isinstance(head, Head):
            self._heads = None
            self._asked.append(NO_HEAD)
            super().data_received(head)
            return b""
        if head.too_large:  # answered with 431; what follows is read as a body, or the answer would get lost
            head = head._replace(fields=b"Host: localhost\r\nContent-Length: %d\r\n" % 10**17)
        elif not head.has_host:  # aiohttp takes that from HTTP/1.0 only
            head = head._replace(version=b"HTTP/1.0")
        self._asked.append(head._replace(fields=b"", rest=b""))
        length = head.body_length
        if length is None:
            self._heads = None
            super().data_received(bytes(head) + head.rest)
            return b""
        self._body_left = length
        super().data_received(bytes(head))
        return head.rest

    def eof_received(self) -> bool | None:
        whole = self._asked and (self._body_left == 0 or self._asked[-1].too_large)
        if not whole or self.transport is None or not self.transport.can_write_eof():  # TLS has no halves
            return super().eof_received()
        self._ended = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())
        return True

    async def finish_response(self, request: web.BaseRequest, response: web.StreamResponse, *args: object) -> object:
        if self._heads is None and len(self._asked) == 1:
            response.force_close()
        finished = await super().finish_response(request, response, *args)
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
