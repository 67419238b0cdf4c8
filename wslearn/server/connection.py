"""One client's connection, as its server keeps it: named, recorded, and watched for bytes that do not leave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConcurrencyError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN

from wslearn.limits import TokenBucket
from wslearn.messages import BadMessage, Error, decode, encode
from wslearn.redact import preview
from wslearn.server import delivery, inbox
from wslearn.server.opening import Opening, Owner

Message = TypeVar("Message", bound=Struct)

#: Malformed messages after which a client is dismissed.
BAD_IN_A_ROW = 10
#: Pings and pongs that may come in one read. A read has up to 256 KiB, which is 43,000 empty pings, and answering them
#: would keep everybody else waiting for seconds. No limit of messages a second counts them: they are no messages.
CONTROL_AT_ONCE = 1000
#: How much of a read is taken before they are counted, in bytes: an empty one has 6.
PIECE = 16 * 1024
#: Messages after which a client that has more waiting lets others have a turn: else `recv()` returns at once each time.
TURN = 20


class Connection(Opening):
    """What a handler gets as `ws`: the library's `ServerConnection` with a name, known to its server.

    Nobody chooses a client's name but the server: `guest-1`, `guest-2`, … in the order of arrival, or the name in
    a token that it has verified. `owner` is the server, `name` the client's name.
    """

    __slots__ = (
        *("buckets", "controls", "held", "held_bytes", "in_fragments"),
        *("messages", "moved_at", "name", "unsent"),
    )

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(owner, *args, **options)
        self.name = ""
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

    def data_received(self, data: bytes) -> None:
        """Read what came: a whole message the quick way, everything else as the library does."""
        if self.heads is not None or self.head.too_large:
            data = self.without_head(data)
        if message := inbox.whole_message(self.protocol, data):
            super().process_event(message)
            return
        allowed = self.controls + CONTROL_AT_ONCE
        for start in range(0, len(data), PIECE):
            super().data_received(data[start : start + PIECE])
            if self.controls > allowed:
                self.abort(f"more than {CONTROL_AT_ONCE:,} pings and pongs at once")
                return

    def process_event(self, event: Any) -> None:
        """Count pings and pongs."""
        self.controls += isinstance(event, Frame) and event.opcode in (Opcode.PING, Opcode.PONG)
        super().process_event(event)

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        """Send a message, as the library's `send` does: a string as text, bytes as binary, an iterable in fragments.

        Raises ConnectionClosed where the connection has ended, and TypeError for anything else.
        """
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

    async def _send_in_fragments(self, message: Any, text: bool | None) -> None:
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
                    asyncio.get_running_loop().call_later(self.close_timeout or 0, self.transport.abort)
                held, self.held, self.held_bytes = self.held, [], 0
                for late, whole_frame in held:
                    delivery.deliver([self], late, whole_frame)

    def hold(self, text: str, whole_frame: bytes) -> None:
        """Keep a message until the message in fragments that is under way has ended; `limits.max_unsent` bounds it."""
        if self.protocol.state is OPEN and not self.transport.is_closing():
            self.held.append((text, whole_frame))
            self.held_bytes += len(whole_frame)

    def leave_to_the_library(self, text: str, whole_frame: bytes) -> None:
        """Let the library send a string; what it would skip with a mere warning is kept, or ends the connection."""
        try:
            broadcast([self], text, raise_exceptions=True)
        except* ConcurrencyError:  # a message in fragments is under way
            self.hold(text, whole_frame)
        except* RuntimeError as errors:
            self.abort(f"a message could not be written: {errors.exceptions[0].__cause__!r}")

    async def recv(self, decode: bool | None = None) -> Any:
        """Return the next message, a string or bytes, once the server has passed on what came before it.

        Raises ConnectionClosed where there is none any more.
        """
        if not self.owner.deliveries.done.is_set():
            await self.owner.deliveries.done.wait()
        self.messages += 1
        if self.messages % TURN == 0:
            await asyncio.sleep(0)
        message = await super().recv(decode)
        self.owner.record("message", self.name, preview(message))
        return message

    async def receive(self, *types: type[Message]) -> AsyncIterator[Message]:
        """Yield each message as one of `types`, which are classes of `wslearn.messages`, until the connection closes.

        A malformed message gets an error in reply, and the tenth in a row closes the connection with 1008. So does a
        client that goes on above `limits.rate` messages a second, after one error message that states the limit.
        Raises ConnectionClosedError where the connection breaks.
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
        """Send one of the types in `wslearn.messages`. Raises ConnectionClosed where the connection has ended."""
        await self.send(encode(message))

    async def complain(self, code: str, message: str) -> None:
        """Send an error message with a `code` for programs, and keep the connection. Raises as `say` does."""
        await self.say(Error(code, message))

    async def dismiss(self, code: str, message: str, reason: str) -> None:
        """Say why in an error message, then close with 1008 and `reason`, which has at most 123 bytes.

        A proxy may lose the close code; it passes the message on. Raises as `say` does.
        """
        await self.complain(code, message)
        await self.close(CloseCode.POLICY_VIOLATION, reason)

    def abort_if_stalled(self, now: float) -> None:
        """Drop a client where more bytes are queued than the limit, or none of them has gone out for too long.

        `now` is the event loop's time in seconds. What `fan_out` holds back counts for the first limit and not for the
        second, because there the server's own message is slow. A ping does not find a client that has stopped reading:
        it would queue after the very bytes that are stuck.
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
            self.abort(f"it reads too slowly: {unsent:,} bytes unsent, and nothing sent for {limits.stall_timeout:g} s")

    def abort(self, why: str) -> None:
        """End the TCP connection at once, and write `why` in the log: for a client that no close frame would reach."""
        if self in self.owner.sockets:
            self.owner.sockets.discard(self)
            self.owner.record("error", self.name, f"aborted: {why}")
            self.transport.abort()
