"""A connection that receives: what arrives is read the fast way if possible, else by the library. Lesson 07."""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConcurrencyError
from websockets.frames import CloseCode, Frame, Opcode

from wslearn.server import library
from wslearn.server.inbox import NOTHING, Inbox
from wslearn.server.keepalive import Pinged
from wslearn.server.opening import Owner
from wslearn.server.shortcut import Boundaries, take_messages

#: Pings and pongs allowed in one read. A read has up to 256 KiB, which is 43,000 empty pings, and answering them would
#: keep all other clients waiting for seconds. Limits of messages a second do not count control frames.
CONTROL_AT_ONCE = 1000
#: A read is parsed in pieces of this many bytes, and pings and pongs are counted after each; an empty one has 6 bytes.
PIECE = 16 * 1024
#: Messages after which `recv()` gives other clients a turn: it would return at once as long as one is waiting.
TURN = 20
#: No message of the fast way is longer than this, in bytes, whatever the limit of the server is.
ANY_SIZE = 64 * 1024


class Receiving(Pinged):
    """The library's `ServerConnection`, with our inbox for the messages that it receives. `name` is the client's."""

    __slots__ = ("boundaries", "controls", "largest", "messages", "name")

    def __init__(self, owner: Owner, *args: Any, **options: Any) -> None:
        super().__init__(owner, *args, **options)
        self.name = ""
        self.boundaries = Boundaries()
        #: The longest message that the fast way takes, in bytes.
        self.largest = ANY_SIZE if owner.limits.max_size is None else owner.limits.max_size
        #: Messages, and pings and pongs, received so far.
        self.messages = 0
        self.controls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put our inbox in place of the library's, and read in smaller pieces."""
        super().connection_made(transport)
        self.recv_messages: Any = Inbox(self.transport)
        library.read_less(self.transport)

    def data_received(self, data: bytes) -> None:
        """Read whole messages the fast way, and everything else as the library does."""
        if self.plain and self.boundaries.between:
            rest = take_messages(data, self.largest, self.recv_messages.put)
            if rest == len(data):
                return
            self._parse(data[rest:], self.boundaries.feed)
        elif self.heads is not None or self.head.too_large:
            data = self.without_head(data)
            self.boundaries.feed(data.partition(b"\r\n\r\n")[2])
            self._parse(data, lambda piece: None)
        else:
            self._parse(data, self.boundaries.feed)

    def _parse(self, data: bytes, count: Callable[[bytes], None]) -> None:
        allowed = self.controls + CONTROL_AT_ONCE
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            count(piece)
            super().data_received(piece)
            if self.controls > allowed:
                self.abort(f"more than {CONTROL_AT_ONCE:,} pings and pongs at once")
                return

    def process_event(self, event: Any) -> None:
        """Count pings and pongs."""
        self.controls += isinstance(event, Frame) and event.opcode in (Opcode.PING, Opcode.PONG)
        super().process_event(event)

    async def recv(self, decode: bool | None = None) -> Any:
        """Return the next message, a string or bytes, after the server has passed on the messages before it.

        `decode` is that of the library. Raises ConnectionClosed if the connection has ended, and ConcurrencyError if
        somebody else is waiting for a message.
        """
        self.messages += 1
        if self.messages % TURN == 0:
            await asyncio.sleep(0)
        if self.owner.deliveries.busy:
            await self.owner.deliveries.until_ready(self)
        inbox = self.recv_messages
        if inbox.reading:
            raise ConcurrencyError("another coroutine is already waiting for a message")
        inbox.reading = True
        try:
            while (message := inbox.pop(decode)) is NOTHING:
                await inbox.arrival()
        except EOFError:
            return await super().recv(decode)  # it waits for the end of the connection, and raises
        except UnicodeDecodeError as error:
            self.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            return await super().recv(decode)
        except OverflowError as error:
            self.fail(CloseCode.MESSAGE_TOO_BIG, str(error))
            return await super().recv(decode)
        finally:
            inbox.reading = False
        self.owner.record_message(self.name, message)
        return message

    def abort(self, why: str) -> None:
        """Drop the TCP connection at once, and write `why` in the log: for a client that no close frame would reach."""
        if self in self.owner.sockets:
            self.owner.sockets.discard(self)
            self.owner.record("error", self.name, f"aborted: {why}")
            self.transport.abort()
