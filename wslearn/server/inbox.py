"""The messages of one connection that have arrived and wait for its handler. Lesson 07.

It takes the place of the library's `Assembler`, whose methods it has, and takes whole messages besides frames.
"""

import asyncio
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from websockets.exceptions import ConcurrencyError
from websockets.frames import Frame, Opcode

Message = str | bytes
#: Reading from a client stops when more messages or fragments are waiting than the first, until there are no more than
#: the second: then TCP slows it down. These are the library's numbers.
HIGH, LOW = 16, 4
#: Most fragments of a message; each costs memory, even an empty one. The library's number, too.
MOST_FRAGMENTS = 4096
#: What `Inbox.pop` returns if no whole message has arrived.
NOTHING: Final = object()


class Inbox:
    """The queue of a connection's messages.

    It makes `transport` stop reading from the socket while too many are waiting: it is `paused` then. `reading` is set
    by whoever takes messages out, so that nobody else does meanwhile.
    """

    __slots__ = (
        *("_fragments", "_loop", "_more", "_next", "_transport", "_waiter"),
        *("closed", "paused", "reading"),
    )

    def __init__(self, transport: asyncio.ReadTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self.closed = self.reading = self.paused = False
        #: The next message, or a frame that the library has parsed; mostly there is no more than one.
        self._next: Any = NOTHING
        #: What waits after it. It is made when it is needed, because an empty deque has 624 bytes.
        self._more: deque[Message | Frame] | None = None
        #: The frames of a message in fragments that `pop` has taken so far.
        self._fragments: list[Frame] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: Message | Frame) -> None:
        """Add a message, or a frame of one."""
        if self._next is NOTHING:
            self._next = item
        else:
            self._more = self._more or deque()
            self._more.append(item)
            if len(self._more) >= HIGH and not self.paused:
                self.paused = True
                self._transport.pause_reading()
        if (waiter := self._waiter) is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """End the queue: what has arrived can still be read."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._waiter = None

    def _take(self) -> Any:
        item = self._next
        if not self._more:
            self._next = NOTHING
        else:
            self._next = self._more.popleft()
            if self.paused and len(self._more) < LOW:
                self.paused = False
                self._transport.resume_reading()
        return item

    def pop(self, decode: bool | None = None) -> Any:
        """Return the next message, or NOTHING if it hasn't arrived; `decode` is that of the library's `recv`.

        Raises EOFError if none will arrive, UnicodeDecodeError for bytes that aren't UTF-8, and OverflowError for a
        message of too many fragments.
        """
        item = self._next
        if item is not NOTHING and not self._more and decode is None and not isinstance(item, Frame):
            self._next = NOTHING  # the usual message, which is alone
            return item
        while (item := self._take()) is not NOTHING:
            if not isinstance(item, Frame):
                return item if decode is None or decode is isinstance(item, str) else _converted(item)
            self._fragments = self._fragments or []
            self._fragments.append(item)
            if item.fin:
                frames, self._fragments = self._fragments, None
                data = b"".join(frame.data for frame in frames)
                return data.decode() if decode or (decode is None and frames[0].opcode is Opcode.TEXT) else data
            if len(self._fragments) >= MOST_FRAGMENTS:
                raise OverflowError("too many fragments")
        if self.closed:
            raise EOFError("no more messages")
        return NOTHING

    def arrival(self) -> asyncio.Future[None]:
        """Return what to await until something has arrived, or the queue was closed. Cancelling it loses nothing."""
        self._waiter = self._loop.create_future()
        return self._waiter

    async def get(self, decode: bool | None = None) -> Message:
        """Raise EOFError: of the library's `recv`, ours uses only what comes after the last message."""
        raise EOFError("no more messages")

    async def get_iter(self, decode: bool | None = None) -> AsyncIterator[Message]:
        """Yield the fragments of the next message as they arrive: the library's `recv_streaming` is made of this.

        Raises what `pop` does, and ConcurrencyError if somebody else is reading. If it isn't read to its end, nobody
        can read again.
        """
        if self.reading:
            raise ConcurrencyError("another coroutine is already waiting for a message")
        self.reading = True
        earlier, self._fragments = deque(self._fragments or ()), None
        decoder = None
        while True:
            while (item := earlier.popleft() if earlier else self._take()) is NOTHING:
                if self.closed:
                    raise EOFError("no more messages")
                try:
                    await self.arrival()
                except asyncio.CancelledError:
                    self.reading = decoder is not None  # before the first fragment, nothing is lost
                    raise
            if not isinstance(item, Frame):
                yield item if decode is None or decode is isinstance(item, str) else _converted(item)
                break
            if decoder is None:
                text = decode or (decode is None and item.opcode is Opcode.TEXT)
                decoder = getincrementaldecoder("utf-8")().decode if text else lambda data, final: bytes(data)
            yield decoder(item.data, item.fin)
            if item.fin:
                break
        self.reading = False


def _converted(message: Message) -> Message:
    return message.encode() if isinstance(message, str) else message.decode()
