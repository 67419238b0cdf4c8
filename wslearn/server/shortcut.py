"""A fast way in: messages of one frame are taken from what was read, without a parser. Lesson 07.

A frame tells its own length (RFC 6455, section 5.2), and most reads are one whole frame that is one whole message. Such
a message needs no parser that could stop in the middle. Everything else is left to the library: fragments, control
frames, compression, frames that arrive in pieces, and whatever breaks the rules.
"""

from collections.abc import Callable

from websockets.frames import Opcode, apply_mask

#: The first byte of a frame that is a whole message: FIN is set, and no reserved bit.
TEXT, BINARY = 0x80 | Opcode.TEXT, 0x80 | Opcode.BINARY
#: The bit of the second byte that says that the payload is masked.
MASKED = 0x80


def take_messages(data: bytes, largest: int, put: Callable[[str | bytes], None]) -> int:
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

    That is what `between` tells. Feed it all bytes that the library parses. What it counts after a violation of the
    protocol means nothing, but then the library reads no further.
    """

    __slots__ = ("_fragments", "_head", "_missing", "between")

    def __init__(self) -> None:
        self._head = b""  # the first bytes of a frame, until they tell its length
        self._missing = 0  # bytes of the current frame that are still to come
        self._fragments = False  # whether a message has begun and not ended
        self.between = True

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
                self.between = False
                return
            first, masked = data[start], 4 if data[start + 1] & MASKED else 0
            if head > 2:
                length = int.from_bytes(data[start + 2 : start + head], "big")
            if not first & 0x08:  # control frames may come between fragments (section 5.4)
                self._fragments = not first & 0x80
            start += head + masked + length
        self._missing = start - end
        self.between = not self._missing and not self._fragments
