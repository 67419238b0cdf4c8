"""One client's connection, as its server keeps it: named, recorded, and watched for bytes that do not leave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN

from wslearn.limits import TokenBucket
from wslearn.messages import BadMessage, Error, decode, encode
from wslearn.redact import preview
from wslearn.server import delivery, inbox
from wslearn.server.head import NO_HEAD, Head, HeadReader

if TYPE_CHECKING:
    from wslearn.server.server import Server

#: Malformed messages after which a client is dismissed.
BAD_IN_A_ROW = 10
#: Pings and pongs that may come in one read. A read has up to 256 KiB, which is 43,000 empty pings, and answering them
#: would keep everybody else waiting for seconds. No limit of messages a second counts them: they are no messages.
CONTROL_AT_ONCE = 1000
#: How much of a read is taken before they are counted, in bytes: an empty one has 6.
PIECE = 16 * 1024
#: Messages after which a client that has more waiting lets others have a turn: else `recv()` returns at once each time.
TURN = 20


class Connection(ServerConnection):
    """What a handler gets as `ws`: the library's `ServerConnection` with a name, known to its server.

    Nobody chooses a client's name but the server: `guest-1`, `guest-2`, … in the order of arrival, or the name in
    a token that it has verified.
    """

    #: Kept apart from the library's own names: with more than 30 in all, Python gives each object a dict of its own,
    #: and a connection would take 1.4 KiB more.
    __slots__ = (
        *("answered", "buckets", "controls", "ended", "head", "heads", "held", "held_bytes", "in_fragments"),
        *("messages", "moved_at", "name", "owner", "unsent"),
    )

    def __init__(self, owner: "Server", *args, **options) -> None:
        super().__init__(*args, **options)
        self.owner = owner
        self.name = ""
        #: Whether it got an HTTP response instead of a WebSocket.
        self.answered = False
        #: What collects the head of its request, until that is whole; then the head, until its request is answered.
        self.heads: HeadReader | None = HeadReader(owner.proxy_path)
        self.head = NO_HEAD
        #: Whether the client has closed its half of the connection and its request has no answer yet.
        self.ended = False
        #: What its messages are counted in: its own bucket, and its user's where it has one.
        self.buckets: tuple[TokenBucket, ...] = ()
        #: Unsent bytes when last looked at, and when they were last seen to become fewer (event loop's clock).
        self.unsent = 0
        self.moved_at = 0.0
        #: Messages of `fan_out` that wait for the end of a message in fragments, and how many bytes they are in all.
        self.held: list[tuple[str, bytes]] = []
        self.held_bytes = 0
        #: Held by whoever sends a message in fragments; made by the first who does.
        self.in_fragments: asyncio.Lock | None = None
        #: Messages, and pings and pongs, received so far.
        self.messages = 0
        self.controls = 0

    def connection_made(self, transport) -> None:
        self.owner.sockets.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.owner.sockets.discard(self)
        self.owner.on_lost(self)

    def data_received(self, data: bytes) -> None:
        if self.heads is not None:
            data = self._head_received(self.heads.feed(data))
        elif self.head.too_large:
            return
        if message := inbox.whole_message(self, data):
            super().process_event(message)
            return
        allowed = self.controls + CONTROL_AT_ONCE
        for start in range(0, len(data), PIECE):
            super().data_received(data[start : start + PIECE])
            if self.controls > allowed:
                self.abort(f"more than {CONTROL_AT_ONCE:,} pings and pongs at once")
                return

    def _head_received(self, head: Head | bytes | None) -> bytes:
        """Return what the library shall read now."""
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

    def _request_received(self, request: Request) -> None:
        """Give the request what the library could not take, and forget it here."""
        if self.head.too_large or not self.head.is_small:
            request.path = self.head.target.decode()
            for name, value in self.head.headers()[0]:
                request.headers[name] = value
        self.head = self.head._replace(fields=b"", rest=b"")

    def eof_received(self) -> bool | None:
        if self.heads is not None:  # half a head: the library says so
            super().data_received(self.heads.take())
        if self.request is not None and self.response is None and self.transport.can_write_eof():
            self.ended = True
            return True  # the other half stays open for the answer (TLS has no halves)
        return super().eof_received()

    def send_data(self) -> None:
        super().send_data()
        if self.ended and self.response is not None:  # the answer is on its way
            self.ended = False
            super().eof_received()
            self.transport.close()

    def process_event(self, event) -> None:
        if isinstance(event, Request):
            self._request_received(event)
        self.controls += isinstance(event, Frame) and event.opcode in (Opcode.PING, Opcode.PONG)
        super().process_event(event)

    async def send(self, message, *, text: bool | None = None) -> None:
        if (
            text is None
            and isinstance(message, (str, bytes))
            and len(message) <= delivery.SHORT
            and self.transport.get_write_buffer_size() <= delivery.SHORT
            and not self.held
            and delivery.can_write(self)
        ):
            self.transport.write(delivery.frame(message))
        elif isinstance(message, str | bytes | bytearray | memoryview | Mapping):
            await super().send(message, text=text)
        else:
            await self._send_in_fragments(message, text)

    async def _send_in_fragments(self, message, text: bool | None) -> None:
        """Send the parts of a message; what `fan_out` has for this client meanwhile follows it, in its order.

        Cancelled half way, the library would leave the connection open and unable to send anything ever again. So it
        is closed, as the library closes it after any other error (RFC 6455, section 7.1.7).
        """
        self.in_fragments = self.in_fragments or asyncio.Lock()
        async with self.in_fragments:
            try:
                await super().send(message, text=text)
            finally:
                if self.protocol.state is OPEN and self.protocol.expect_continuation_frame:
                    self.owner.record("error", self.name, "closed: a message in fragments was cancelled half way")
                    self.protocol.fail(CloseCode.INTERNAL_ERROR, "message cut off")
                    self.send_data()
                    asyncio.get_running_loop().call_later(self.close_timeout, self.transport.abort)
                held, self.held, self.held_bytes = self.held, [], 0
                for message, whole_frame in held:
                    delivery.deliver([self], message, whole_frame)

    def hold(self, text: str, whole_frame: bytes) -> None:
        """Keep a message until the message in fragments that is under way has ended; `limits.max_unsent` bounds it."""
        if self.protocol.state is OPEN and not self.transport.is_closing():
            self.held.append((text, whole_frame))
            self.held_bytes += len(whole_frame)

    async def recv(self, decode: bool | None = None) -> str | bytes:
        if not self.owner.deliveries.done.is_set():
            await self.owner.deliveries.done.wait()
        self.messages += 1
        if self.messages % TURN == 0:
            await asyncio.sleep(0)
        message = await super().recv(decode)
        self.owner.record("message", self.name, preview(message))
        return message

    async def receive(self, *types: type[Struct]) -> AsyncIterator[Struct]:
        """Yield each message as one of `types`, until the connection closes.

        A malformed one is answered with an error; the tenth in a row closes with 1008. So does going on above the
        rate, after one error message that says what would pass.
        """
        bad, warned = 0, False
        async for data in self:
            warned = warned and not all(bucket.full for bucket in self.buckets)
            if too_fast := [bucket for bucket in self.buckets if not bucket.take()]:
                rate = f"{too_fast[0].rate:g} messages a second, with bursts of {too_fast[0].burst:g}"
                if warned:
                    await self.dismiss("rate-limited", f"the limit is {rate}", "Too many messages")
                    return
                warned = True
                await self.complain("rate-limited", f"the limit is {rate}: slow down, this message was dropped")
                continue
            try:
                message = decode(data, *types)
            except BadMessage as error:
                bad += 1
                await self.complain("bad-message", str(error))
                if bad == BAD_IN_A_ROW:
                    await self.close(CloseCode.POLICY_VIOLATION, f"{bad} malformed messages in a row")
                    return
            else:
                bad = 0
                yield message

    async def say(self, message: Struct) -> None:
        """Send one of the types in `wslearn.messages`."""
        await self.send(encode(message))

    async def complain(self, code: str, message: str) -> None:
        """Send an error message, and keep the connection."""
        await self.say(Error(code, message))

    async def dismiss(self, code: str, message: str, reason: str) -> None:
        """Say why in an error message, then close with 1008: a proxy may lose the close code, a message it keeps."""
        await self.complain(code, message)
        await self.close(CloseCode.POLICY_VIOLATION, reason)

    def abort_if_stalled(self, now: float) -> None:
        """Abort where more bytes wait than the limit, or none has left for too long.

        What `fan_out` holds back counts for the first, not for the second: there the server's own message is slow.
        A ping does not find a client that has stopped reading: it queues behind the very bytes that are stuck.
        """
        limits = self.owner.limits
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent < self.unsent or self.unsent == 0:
            self.moved_at = now
        self.unsent = unsent
        if limits.max_unsent is not None and unsent + self.held_bytes > limits.max_unsent:
            why = f"{unsent + self.held_bytes:,} bytes unsent, the limit is {limits.max_unsent:,}"
            if self.held:
                self.abort(f"{why}; {self.held_bytes:,} of them wait for the end of a message in fragments")
            else:
                self.abort(f"it reads too slowly: {why}")
        elif limits.stall_timeout is not None and unsent and now - self.moved_at >= limits.stall_timeout:
            self.abort(f"it reads too slowly: {unsent:,} bytes unsent, and none left for {limits.stall_timeout:g} s")

    def abort(self, why: str) -> None:
        """End the TCP connection at once, with a line in the log: for a client that no close frame would reach."""
        if self in self.owner.sockets:
            self.owner.sockets.discard(self)
            self.owner.record("error", self.name, f"aborted: {why}")
            self.transport.abort()
