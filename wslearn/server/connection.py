"""One client's connection: it has a name, and its server records its messages and watches its unsent bytes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from msgspec import Struct
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConcurrencyError
from websockets.frames import CloseCode
from websockets.protocol import OPEN

from wslearn.limits import TokenBucket
from wslearn.messages import BadMessage, Error, Message, decode, encode, id_of
from wslearn.server.delivery import SHORT, deliver, frame
from wslearn.server.library import can_write
from wslearn.server.opening import Owner
from wslearn.server.receiving import Receiving

#: Malformed messages in a row after which a connection is closed.
BAD_IN_A_ROW = 10
#: Seconds for which the server reads nothing from a client that sends messages with an id too fast, at most.
LONGEST_REST = 1.0


class Connection(Receiving):
    """The `ws` of a handler: the library's `ServerConnection` with a name.

    Only the server chooses a client's name: `guest-1`, `guest-2`, … in the order of arrival, or the name in a token
    that it has verified. `owner` is the server, `name` the client's name.
    """

    __slots__ = ("buckets", "held", "held_bytes", "in_fragments", "moved_at", "unsent")

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(owner, *args, **options)
        #: The buckets that count its messages: its own, and its user's if it has one.
        self.buckets: tuple[TokenBucket, ...] = ()
        #: Unsent bytes at the last check, and the time of the last check that found fewer (event loop's clock).
        self.unsent = 0
        self.moved_at = 0.0
        #: Messages of `fan_out` that wait for the end of a message in fragments, and their size in bytes.
        self.held: list[tuple[str, bytes]] | None = None
        self.held_bytes = 0
        #: Held while a message in fragments is sent; made with the first of them.
        self.in_fragments: asyncio.Lock | None = None

    def resume_writing(self) -> None:
        """Let the senders go on that have waited for this client."""
        super().resume_writing()
        self.owner.deliveries.slow_readers.resumed()

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        """Send a string as a text message, bytes as a binary one, or an iterable in fragments, as the library does.

        Raises ConnectionClosed if the connection has ended, and TypeError for anything else.
        """
        if (
            text is None
            and isinstance(message, (str, bytes))
            and len(message) <= SHORT
            and self.transport.get_write_buffer_size() <= SHORT
            and not self.held
            and can_write(self)
        ):
            self.transport.write(frame(message))
        elif isinstance(message, str | bytes | bytearray | memoryview | Mapping):
            await super().send(message, text=text)
        else:
            await self._send_in_fragments(message, text)

    async def _send_in_fragments(self, message: Any, text: bool | None) -> None:
        """Send the parts of a message; messages of `fan_out` for this client follow after its end, in their order.

        If this is cancelled half way, the library would leave the connection open but unable to send anything. So the
        connection is closed, as the library closes it after any other error (RFC 6455, section 7.1.7).
        """
        self.in_fragments = self.in_fragments or asyncio.Lock()
        async with self.in_fragments:
            try:
                await super().send(message, text=text)
            finally:
                if self.protocol.state is OPEN and self.protocol.expect_continuation_frame:
                    self.owner.record("error", self.name, "closed: a message in fragments was cancelled half way")
                    self.fail(CloseCode.INTERNAL_ERROR, "message cut off")
                held, self.held, self.held_bytes = self.held, None, 0
                for late, whole_frame in held or ():
                    deliver([self], late, whole_frame)

    def hold(self, text: str, whole_frame: bytes) -> None:
        """Keep a message until the end of a message in fragments; the kept bytes count for `limits.max_unsent`."""
        if self.protocol.state is OPEN and not self.transport.is_closing():
            self.held = self.held or []
            self.held.append((text, whole_frame))
            self.held_bytes += len(whole_frame)

    def leave_to_the_library(self, text: str, whole_frame: bytes) -> None:
        """Let the library send a string. If it would skip it with a warning, hold the string or drop the connection."""
        try:
            broadcast([self], text, raise_exceptions=True)
        except* ConcurrencyError:  # a message in fragments is being sent
            self.hold(text, whole_frame)
        except* RuntimeError as errors:
            self.abort(f"a message could not be written: {errors.exceptions[0].__cause__!r}")

    async def receive(self, *types: type[Message]) -> AsyncIterator[Message]:
        """Yield each message as one of `types`, which are classes of `wslearn.messages`, until the connection closes.

        The reply to a malformed message is an error message, and the tenth in a row closes the connection with 1008. A
        client that sends more than `limits.rate` messages a second gets one error message that states the limit; if it
        goes on, its connection is closed with 1008 too, except for messages with an id (lesson 09). Raises
        ConnectionClosedError if the connection breaks.
        """
        bad, warned, have_ids = 0, False, any("id" in kind.__struct_fields__ for kind in types)
        async for data in self:
            warned = warned and not all(bucket.full for bucket in self.buckets)
            if too_fast := [bucket for bucket in self.buckets if not bucket.take()]:
                rate = f"{too_fast[0].rate:g} messages a second, with bursts of {too_fast[0].burst:g}"
                id = id_of(data) if have_ids else None
                if warned and id is None:
                    await self.dismiss("rate-limited", f"the limit is {rate}", "Too many messages")
                    return
                warned = True
                await self.complain("rate-limited", f"the limit is {rate}: slow down, this message was dropped", id)
                if id is not None:  # it will be sent again: the connection stays, and takes no more than the limit
                    await asyncio.sleep(min(1 / too_fast[0].rate, LONGEST_REST))
                continue
            try:
                message = decode(data, *types)
            except BadMessage as error:
                bad += 1
                await self.complain("bad-message", str(error), id_of(data) if have_ids else None)
                if bad == BAD_IN_A_ROW:
                    await self.close(CloseCode.POLICY_VIOLATION, f"{bad} malformed messages in a row")
                    return
            else:
                bad = 0
                yield message

    async def say(self, message: Struct) -> None:
        """Send one of the types in `wslearn.messages`. Raises ConnectionClosed if the connection has ended."""
        await self.send(encode(message))

    async def complain(self, code: str, message: str, id: str | None = None) -> None:
        """Send an error message with a `code` for programs, and keep the connection. Raises as `say` does.

        `id` is that of the message that the error is about, if it has one.
        """
        await self.say(Error(code, message, id))

    async def dismiss(self, code: str, message: str, reason: str) -> None:
        """Send an error message that explains why, then close with 1008 and `reason`, which has at most 123 bytes.

        A proxy may lose the close code, but it passes the message on. Raises as `say` does.
        """
        await self.complain(code, message)
        await self.close(CloseCode.POLICY_VIOLATION, reason)

    def abort_if_stalled(self, now: float) -> None:
        """Drop a client if more bytes are queued for it than the limit, or if none of them has gone out for too long.

        `now` is the event loop's time in seconds. Held messages count for the first limit only, because it is the
        server's own message in fragments that they wait for. A ping would not find a client that has stopped reading:
        it would queue after the bytes that are stuck.
        """
        limits = self.owner.limits
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent < self.unsent or self.unsent == 0:
            self.moved_at = now
        self.unsent = unsent
        if limits.max_unsent is not None and unsent + self.held_bytes > limits.max_unsent:
            why = f"{unsent + self.held_bytes:,} bytes unsent, the limit is {limits.max_unsent:,}"
            waiting = f"{why}; {self.held_bytes:,} of them wait for the end of a message in fragments"
            self.abort(waiting if self.held else f"it reads too slowly: {why}")
        elif limits.stall_timeout is not None and unsent and now - self.moved_at >= limits.stall_timeout:
            self.abort(f"it reads too slowly: {unsent:,} bytes unsent, and nothing sent for {limits.stall_timeout:g} s")
