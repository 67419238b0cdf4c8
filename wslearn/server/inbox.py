"""A fast way in: a read that is one whole message needs no parser that could stop in the middle. Lesson 07."""

from typing import Any

from websockets.frames import Frame, Opcode, apply_mask
from websockets.server import ServerProtocol
from websockets.streams import StreamReader


def whole_message(protocol: ServerProtocol, data: bytes) -> Frame | None:
    """Return the message in `data` if that is exactly one, of at most 64 KiB, and None if it may be anything else.

    None leaves the data, and every error in them, to the library's parser. Text that is not UTF-8 fails later, when the
    library decodes it.
    """
    try:
        opcode = OPCODES[data[0]]  # with FIN set, and no reserved bit: no fragment, no control frame
        length, start = data[1] - 0x80, 6
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 8
            if length < 126:
                return None
        if len(data) != start + length:  # always so if the mask bit is not set, because then the length is below 0
            return None
        waiting: Any = protocol.parser
        if (
            waiting.gi_yieldfrom.gi_yieldfrom.gi_code is not BETWEEN_FRAMES  # or before the first, or after the last
            or protocol.current_size is not None  # in the middle of a message in fragments
            or protocol.extensions
            or (protocol.max_message_size is not None and length > protocol.max_message_size)
        ):
            return None
        return Frame(opcode, apply_mask(data[start:], data[start - 4 : start]))
    except (AttributeError, LookupError):
        return None


#: The first bytes of a message that is not in fragments.
OPCODES = {0x80 | opcode: opcode for opcode in (Opcode.TEXT, Opcode.BINARY)}
#: The library's parser waits in this function when it has no part of a frame.
BETWEEN_FRAMES = StreamReader.at_eof.__code__
