"""A fast way in: whole messages are taken from what was read, and wait in a queue until the handler wants them.

A frame tells its own length (RFC 6455, section 5.2), and most reads are one whole frame that is one whole message. Such
a message needs no parser that could stop in the middle. Everything else is left to the library: fragments, control
frames, compression, frames that arrive in pieces, and whatever breaks the rules. Lesson 07.
"""

import asyncio
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from websockets.exceptions import ConcurrencyError
from websockets.frames import Frame, Opcode, apply_mask

Message = str | bytes
#: The first byte of a frame that is a whole message: FIN is set, and no reserved bit.
TEXT, BINARY = 0x80 | Opcode.TEXT, 0x80 | Opcode.BINARY
#: The bit of the second byte that says that the payload is masked.
MASKED = 0x80
#: Reading from a client stops when more messages or fragments are waiting than the first, until there are no more than
#: the second: then TCP slows it down. These are the library's numbers.
HIGH, LOW = 16, 4
#: Most fragments of a message; each costs memory, even an empty one. The library's number, too.
MOST_FRAGMENTS = 4096
#: What `Inbox.pop` returns if no whole message has arrived.
NOTHING: Final = object()


def take_messages(data: bytes, largest: int, put: Callable[[Message], None]) -> int:
    """Call `put` with each message of one frame that `data` begins with, and return where the rest begins.

    The rest is everything from the first frame on that isn't complete, or is anything else than a valid message of at
    most `largest` bytes and less than 64 KiB.
    """
    start, end = 0, len(data)
    while end - start >= 6:  # the shortest frame: two bytes and a mask
        first, length = data[start], data[start + 1] - MASKED  # negative, if the frame isn't masked
        body = start + 6
        if length > 125:
            body = start + 8
            if length == 127 or (length := int.from_bytes(data[start + 2 : start + 4], "big")) < 126:
                break  # at least 64 KiB, or written in more bytes than it takes
        stop = body + length
        if stop > end or not 0 <= length <= largest:
            break
        payload = apply_mask(data[body:stop], data[body - 4 : body])
        if first == TEXT:
            try:
                put(payload.decode())
            except UnicodeDecodeError:
                break
        elif first == BINARY:
            put(payload)
        else:
            break
        start = stop
    return start


class Boundaries:
    """Counts bytes, to know whether the next byte begins a message: no frame and no message in fragments is open.

    Feed it all bytes that the library parses. It counts nothing useful after a violation of the protocol, but then the
    library reads no further.
    """

    __slots__ = ("_fragments", "_head", "_missing")

    def __init__(self) -> None:
        self._head = b""  # the first bytes of a frame, until they tell its length
        self._missing = 0  # bytes of the current frame that are still to come
        self._fragments = False  # whether a message has begun and not ended

    @property
    def between(self) -> bool:
        """Whether a message may begin with the next byte."""
        return not (self._missing or self._head or self._fragments)

    def feed(self, data: bytes) -> None:
        """Count the next bytes."""
        data, self._head = self._head + data, b""
        start, end = self._missing, len(data)
        while start < end:
            rest = end - start
            length = data[start + 1] & 0x7F if rest > 1 else 0
            head = 2 + (2 if length == 126 else 8 if length == 127 else 0)
            if rest < head:
                self._head, self._missing = data[start:], 0
                return
            first, masked = data[start], 4 if data[start + 1] & MASKED else 0
            if head > 2:
                length = int.from_bytes(data[start + 2 : start + head], "big")
            if not first & 0x08:  # control frames may come between fragments (section 5.4)
                self._fragments = not first & 0x80
            start += head + masked + length
        self._missing = start - end


class Inbox:
    """The queue of a connection's messages, in place of the library's `Assembler`, whose methods it has.

    `pause` and `resume` stop and continue reading from the socket. `reading` is set by whoever takes messages out, so
    that nobody else does meanwhile.
    """

    __slots__ = (
        "_fragments",
        "_loop",
        "_more",
        "_next",
        "_pause",
        "_paused",
        "_resume",
        "_waiter",
        "closed",
        "reading",
    )

    def __init__(self, pause: Callable[[], Any], resume: Callable[[], Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause, self._resume = pause, resume
        self.closed = self.reading = self._paused = False
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
            if len(self._more) >= HIGH and not self._paused:
                self._paused = True
                self._pause()
        if self._waiter is not None:
            self._wake()

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
            if self._paused and len(self._more) < LOW:
                self._paused = False
                self._resume()
        return item

    def pop(self, decode: bool | None = None) -> Any:
        """Return the next message, or NOTHING if it hasn't arrived; `decode` is that of the library's `recv`.

        Raises EOFError if none will arrive, UnicodeDecodeError for bytes that aren't UTF-8, and OverflowError for a
        message of too many fragments.
        """
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
