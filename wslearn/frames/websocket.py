"""WebSocket frames (RFC 6455): what each bit of them means."""

from dataclasses import dataclass

from wslearn.common import close_codes
from wslearn.frames.items import Item, Part
from wslearn.frames.secrets import conceal, hidden, printable

#: RFC 6455 section 11.8.
OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
#: How many bytes the extended length has that a length of 126 or 127 announces (RFC 6455 section 5.2).
WIDTHS = {126: 2, 127: 8}
_SECTION = "RFC 6455 section 5.2"


@dataclass(frozen=True, repr=False, kw_only=True)
class Frame(Item):
    """A WebSocket frame (RFC 6455 section 5.2)."""

    fin: bool
    rsv1: bool
    rsv2: bool
    rsv3: bool
    opcode: int
    masked: bool = False
    #: The masking key, or as much of it as was recorded.
    key: bytes = b""
    #: How long the payload is, in bytes, by the frame's header; None if the recording ends before that is known.
    length: int | None = None
    #: The payload, unmasked; it begins at `payload_start` of `raw`.
    payload: bytes = b""
    payload_start: int = 0
    #: The message of this direction that a data frame belongs to, counted from 1; None for a control frame.
    message: int | None = None
    #: Whether the message is compressed with permessage-deflate (RFC 7692).
    compressed: bool = False
    #: On a message's last frame: the whole message, unmasked, joined and decompressed.
    content: bytes | None = None

    @property
    def name(self) -> str:
        """The name of the opcode."""
        return OPCODES.get(self.opcode, f"reserved opcode {self.opcode}")

    @property
    def close_code(self) -> int | None:
        """The code of a close frame that has one (RFC 6455 section 7.4)."""
        return int.from_bytes(self.payload[:2], "big") if self.opcode == 8 and len(self.payload) > 1 else None

    @property
    def close_reason(self) -> str:
        """The reason in a close frame."""
        return self.payload[2:].decode("utf-8", "backslashreplace") if self.opcode == 8 else ""

    @property
    def parts(self) -> list[Part]:
        """Named ranges that cover `raw` without gap or overlap."""
        return _parts(self)

    @property
    def _joined(self) -> bool:
        """Whether `content` says more than `payload`."""
        return self.content is not None and (self.compressed or self.opcode == 0)

    def reading(self, part: Part, secrets: bool = False) -> str:
        """Return the bytes of `part` as text in one line, unmasked and shortened."""
        start = self.payload_start
        if part.start < start or not self.payload:
            return ""
        if part.start == start and self.close_code is not None:
            return str(self.close_code)
        return printable(self._shown(self.payload, part.start - start, part.stop - start, secrets, start))

    def what(self, secrets: bool = False) -> str:
        """Return in one line what the frame is and what it carries."""
        size = len(self.payload) if self.length is None else self.length
        words = [self.name, "FIN" if self.fin else "more to come", "masked" if self.masked else "not masked"]
        words.append(f"{size:,} bytes")
        if self.message is not None and not (self.fin and self.opcode):
            words.append(f"message {self.message}")
        if self.compressed:
            words.append("compressed")
        what = ", ".join(words)
        start = 2 if self.close_code is not None else 0
        shown = printable(self._shown(self.payload, start, len(self.payload), secrets, self.payload_start))
        if self.close_code is not None:
            return f"{what}: {self.close_code} {shown}".rstrip()
        if self._joined:
            return f"{what}: {self.whole(secrets)}"
        return f"{what}: {shown}" if shown and not self.compressed else what

    def remarks(self, secrets: bool = False) -> list[str]:
        """Return what is missing, unusual, redacted or left out, and the message that ends here: one line for each."""
        lines = super().remarks(secrets)
        if self._joined:
            whole = "the whole message" if self.fin and not self.missing else "the message so far"
            lines.append(f"{whole}, {len(self.content or b''):,} bytes: {self.whole(secrets, 400)}")
        return lines

    def whole(self, secrets: bool = False, limit: int = 60) -> str:
        """Return the message that ends with this frame as text in one line."""
        content = self.content or b""
        return printable(content if secrets else conceal(content, hidden(content)), limit)


def _parts(frame: Frame) -> list[Part]:
    size, raw = len(frame.raw), frame.raw
    bits = f"{raw[0] >> 7} {raw[0] >> 4 & 7:03b} {raw[0] & 15:04b}"
    fin = "FIN 1, the message ends here" if frame.fin else "FIN 0, more frames of this message follow"
    rsv = "".join(str(int(bit)) for bit in (frame.rsv1, frame.rsv2, frame.rsv3))
    rsv += " (RSV1: compressed, RFC 7692 section 6)" if frame.compressed and frame.rsv1 else ""
    meaning = f"{bits}: {fin}; RSV {rsv}; opcode {frame.opcode}, {frame.name}"
    found = [Part("FIN, RSV1-3, opcode", 0, 1, meaning, _SECTION)]
    if size == 1:
        return found
    mask = "MASK 1, masked, as a client's frames are" if frame.masked else "MASK 0, as a server's frames are"
    short = raw[1] & 127
    width = WIDTHS.get(short, 0)
    length = f"length {short}: the next {width} bytes hold it" if width else f"length {short} bytes"
    found.append(Part("MASK, length", 1, 2, f"{raw[1] >> 7} {short:07b}: {mask}; {length}", _SECTION))
    number = f"{frame.length:,}: " if frame.length is not None else ""
    for name, stop, meaning, section in [
        ("extended length", 2 + width, f"{number}the payload's size in bytes, highest byte first", _SECTION),
        ("masking key", frame.payload_start, "XORed with the payload, over and over", "RFC 6455 section 5.3"),
        *_payload_parts(frame),
    ]:
        if min(stop, size) > found[-1].stop:
            found.append(Part(name, found[-1].stop, min(stop, size), meaning, section))
    return found


def _payload_parts(frame: Frame) -> list[tuple[str, int, str, str]]:
    stop, code = len(frame.raw), frame.close_code
    if frame.opcode == 8:
        never = " (never sent)" if code in close_codes.NEVER_SENT else ""
        meaning = "the first byte of two" if code is None else f"{code}: {close_codes.name(code)}{never}"
        return [
            ("close code", frame.payload_start + 2, meaning, "RFC 6455 section 7.4.1"),
            ("close reason", stop, "why, in words (UTF-8)", "RFC 6455 section 5.5.1"),
        ]
    if frame.opcode == 9:
        return [("application data", stop, "any bytes, which the pong returns", "RFC 6455 section 5.5.2")]
    if frame.opcode == 10:
        return [("application data", stop, "the bytes of the ping that it answers", "RFC 6455 section 5.5.3")]
    if frame.compressed:
        return [("payload", stop, "a compressed message, or a fragment of one", "RFC 7692 section 7.2")]
    if frame.fin and frame.opcode:
        return [("payload", stop, "the whole message", "RFC 6455 section 5.6")]
    return [("payload", stop, f"a fragment of message {frame.message}", "RFC 6455 section 5.4")]
