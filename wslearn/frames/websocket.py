"""WebSocket frames in recorded bytes (RFC 6455), and their messages: joined, unmasked and decompressed."""

from dataclasses import dataclass, replace

from wslearn.common import close_codes
from wslearn.frames.inflate import Inflater
from wslearn.frames.items import Item, Part, Stream
from wslearn.frames.secrets import conceal, hidden, printable

#: RFC 6455 section 11.8.
OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

#: The bytes of the extended length that a length of 126 or 127 announces (RFC 6455 section 5.2).
_WIDTHS = {126: 2, 127: 8}


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
    #: Bytes of payload that the frame announces; None where the recording broke off before they are known.
    length: int | None = None
    #: The payload, unmasked; it begins at `payload_start` of `raw`.
    payload: bytes = b""
    payload_start: int = 0
    #: The message of this direction that a data frame belongs to, counted from 1; None for a control frame.
    message: int | None = None
    #: The message is compressed with permessage-deflate (RFC 7692).
    compressed: bool = False
    #: On a message's last frame: the whole message, unmasked, joined and decompressed.
    content: bytes | None = None

    @property
    def name(self) -> str:
        """What the opcode is called."""
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
        return _parts(self)

    def reading(self, part: Part, secrets: bool = False) -> str:
        start = self.payload_start
        if part.start < start or not self.payload:
            return ""
        if self.opcode == 8 and part.start == start and self.close_code is not None:
            return str(self.close_code)
        return printable(self._shown(self.payload, part.start - start, part.stop - start, secrets, start))

    def what(self, secrets: bool = False) -> str:
        size = f"{len(self.payload):,} bytes" if self.length is None else f"{self.length:,} bytes"
        words = [self.name, "FIN" if self.fin else "more to come", "masked" if self.masked else "not masked", size]
        if self.message is not None and not (self.fin and self.opcode):
            words.append(f"message {self.message}")
        if self.compressed:
            words.append("compressed")
        what = ", ".join(words)
        if self.close_code is not None:
            reason = self._shown(self.payload, 2, len(self.payload), secrets, self.payload_start)
            return f"{what}: {self.close_code} {printable(reason)}".rstrip()
        if self.content is not None and (self.compressed or self.opcode == 0):
            return f"{what}: {self.whole(secrets)}"
        shown = self._shown(self.payload, 0, len(self.payload), secrets, self.payload_start)
        return f"{what}: {printable(shown)}" if shown and not self.compressed else what

    def remarks(self, secrets: bool = False) -> list[str]:
        lines = super().remarks(secrets)
        if self.content is not None and (self.compressed or self.opcode == 0):
            whole = "the whole message" if self.fin and not self.missing else "the message so far"
            lines.append(f"{whole}, {len(self.content):,} bytes: {self.whole(secrets, 400)}")
        return lines

    def whole(self, secrets: bool = False, limit: int = 60) -> str:
        """Return the message that ends with this frame as text in one line."""
        content = self.content or b""
        return printable(content if secrets else conceal(content, hidden(content)), limit)


_PAYLOADS = {
    9: ("application data", "any bytes; the pong brings them back", "RFC 6455 section 5.5.2"),
    10: ("application data", "the bytes of the ping that it answers", "RFC 6455 section 5.5.3"),
}


def _meaning(code: int) -> str:
    return close_codes.name(code) + (" (never sent)" if code in close_codes.NEVER_SENT else "")


def _parts(frame: Frame) -> list[Part]:
    section = "RFC 6455 section 5.2"
    size = len(frame.raw)
    first, second = frame.raw[0], frame.raw[1] if size > 1 else None
    bits = f"{first >> 7} {first >> 4 & 7:03b} {first & 15:04b}"
    fin = "FIN 1, the message ends here" if frame.fin else "FIN 0, more frames of this message follow"
    rsv = "".join(str(int(bit)) for bit in (frame.rsv1, frame.rsv2, frame.rsv3))
    rsv += " (RSV1: compressed, RFC 7692 section 6)" if frame.compressed and frame.rsv1 else ""
    found = [
        Part("FIN, RSV1-3, opcode", 0, 1, f"{bits}: {fin}; RSV {rsv}; opcode {frame.opcode}, {frame.name}", section)
    ]
    if second is None:
        return found
    mask = "MASK 1, masked as frames of a client are" if frame.masked else "MASK 0, as frames of a server are"
    short = second & 127
    width = _WIDTHS.get(short, 0)
    length = f"length {short}: the next {width} bytes say it" if width else f"length {short} bytes"
    found.append(Part("MASK, length", 1, 2, f"{second >> 7} {short:07b}: {mask}; {length}", section))
    at = 2
    for name, stop, meaning, where in [
        ("extended length", 2 + width, "the payload's size in bytes, highest byte first", section),
        (
            "masking key",
            frame.payload_start,
            "the payload is XORed with these 4 bytes over and over",
            "RFC 6455 section 5.3",
        ),
        *_payload_parts(frame),
    ]:
        stop = min(stop, size)
        if stop > at:
            if name == "extended length" and frame.length is not None:
                meaning = f"{frame.length:,}: {meaning}"
            found.append(Part(name, at, stop, meaning, where))
            at = stop
    return found


def _payload_parts(frame: Frame) -> list[tuple[str, int, str, str]]:
    start, stop = frame.payload_start, len(frame.raw)
    if frame.opcode == 8:
        code = frame.close_code
        meaning = "the first byte of two" if code is None else f"{code}: {_meaning(code)}"
        return [
            ("close code", start + 2, meaning, "RFC 6455 section 7.4.1"),
            ("close reason", stop, "why, in words (UTF-8)", "RFC 6455 section 5.5.1"),
        ]
    if frame.opcode in _PAYLOADS:
        name, meaning, section = _PAYLOADS[frame.opcode]
        return [(name, stop, meaning, section)]
    if frame.compressed:
        meaning, section = "a compressed message, or a fragment of one", "RFC 7692 section 7.2"
    elif frame.fin and frame.opcode:
        meaning, section = "the whole message", "RFC 6455 section 5.6"
    else:
        meaning, section = f"a fragment of message {frame.message}", "RFC 6455 section 5.4"
    return [("payload", stop, meaning, section)]


def _unmask(data: bytes, key: bytes) -> bytes:
    """Return `data` XOR `key` (RFC 6455 section 5.3), in one operation on long integers."""
    keys = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


@dataclass
class FrameReader:
    """Reads all frames of a stream, from where it stands."""

    stream: Stream
    #: What decompresses this direction's messages; None where permessage-deflate was not negotiated.
    inflater: Inflater | None

    def __post_init__(self) -> None:
        self._open: list[int] = []  # of the message that is not yet at its end: its frames' places in stream.items
        self._messages = 0

    def read(self) -> None:
        while not self.stream.ended:
            frame = self._frame()
            place = len(self.stream.items) - 1
            if frame.opcode >= 8:
                self._replace(place, self._control(frame))
                continue
            if frame.opcode and self._open:
                self._finish()
            if not self._open:
                self._messages += 1
            self._open.append(place)
            if frame.fin and not frame.missing:
                self._finish()
        if self._open:
            self._finish()

    def _frame(self) -> Frame:
        data, at = self.stream.data, self.stream.at
        first = data[at]
        fields = {f"rsv{n}": bool(first & 0x80 >> n) for n in (1, 2, 3)}
        fields |= {"fin": first > 127, "opcode": first & 15}
        if at + 1 == len(data):
            return self.stream.take(
                Frame, at + 1, **fields, missing="MASK, the length and the payload", payload_start=1
            )
        masked, length = data[at + 1] > 127, data[at + 1] & 127
        width = _WIDTHS.get(length, 0)
        key_at = at + 2 + width
        start = key_at + 4 * masked
        missing, size = "", None
        if len(data) < key_at:
            missing = f"{key_at - len(data)} of {width} bytes of the extended length, and the payload"
        else:
            size = int.from_bytes(data[at + 2 : key_at], "big") if width else length
            if len(data) < start:
                missing = f"{start - len(data)} of 4 bytes of the masking key, and {size:,} bytes of payload"
            elif len(data) < start + size:
                missing = f"{start + size - len(data):,} of {size:,} bytes of the payload"
        stop = len(data) if missing else start + size
        key = data[key_at : min(start, stop)]
        payload = data[start:stop]
        return self.stream.take(
            Frame, stop, **fields, masked=masked, key=key, length=size, missing=missing,
            notes=self._notes(data, at, size), payload=_unmask(payload, key) if masked and payload else payload,
            payload_start=min(start, stop) - at,
        )  # fmt: skip

    def _notes(self, data: bytes, at: int, size: int | None) -> tuple[str, ...]:
        """Return the rules that a frame breaks by itself."""
        opcode, masked, short = data[at] & 15, data[at + 1] > 127, data[at + 1] & 127
        up = self.stream.direction == "up"
        broken = {
            "a client must mask its frames (RFC 6455 section 5.1)": up and not masked,
            "a server must not mask its frames (RFC 6455 section 5.1)": masked and not up,
            "the opcode is reserved (RFC 6455 section 5.2)": opcode not in OPCODES,
            "the length could be said in fewer bytes (RFC 6455 section 5.2)": size is not None
            and size < {126: 126, 127: 65536}.get(short, 0),
            "a length has 63 bits: the first must be 0 (RFC 6455 section 5.2)": size is not None and size >> 63,
            "a control frame is at most 125 bytes, in one frame (RFC 6455 section 5.5)": opcode >= 8
            and (short > 125 or data[at] < 128),
        }
        return tuple(rule for rule, is_broken in broken.items() if is_broken)

    def _control(self, frame: Frame) -> Frame:
        notes, mask = frame.notes, hidden(frame.payload)
        if frame.opcode == 8:
            mask = mask[:2] + hidden(frame.payload[2:])
            if frame.length == 1:
                notes += ("a close frame has no payload, or at least the 2 bytes of a code (RFC 6455 section 5.5.1)",)
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            notes, mask = (*notes, _UNKNOWN), b"\1" * len(frame.payload)
        return replace(frame, notes=notes, hidden=_raw_mask(frame, mask))

    def _finish(self) -> None:
        """Complete the frames of a message with what is known only at its end."""
        frames = [self.stream.items[place][1] for place in self._open]
        first, last = frames[0], frames[-1]
        whole = last.fin and not last.missing
        compressed = first.rsv1 and self.inflater is not None
        payload = b"".join(frame.payload for frame in frames)
        unknown = [(f.rsv1 and (f is not first or not compressed)) or f.rsv2 or f.rsv3 for f in frames]
        mask, content, problem = hidden(payload), payload, ""
        if compressed:
            content, problem = self.inflater.inflate(payload, whole)
        # Compressed, no byte stands for a letter: a secret anywhere, or a part that nobody here can read, hides all.
        if any(unknown) or problem or (compressed and 1 in hidden(content)):
            mask = b"\1" * len(payload)
        at = 0
        for place, frame, strange in zip(self._open, frames, unknown, strict=True):
            notes = frame.notes
            if strange:
                notes += (_UNKNOWN,)
            if frame is first and not frame.opcode:
                notes += ("a continuation of no message (RFC 6455 section 5.4)",)
            if frame is last:
                notes += (problem,) if problem else ()
                if not last.fin:
                    notes += ("the message's last frame is missing",)
            end = at + len(frame.payload)
            content_here = content if frame is last and not any(unknown) else None
            done = replace(
                frame, message=self._messages, compressed=compressed, notes=notes, content=content_here,
                hidden=_raw_mask(frame, mask[at:end]),
            )  # fmt: skip
            self._replace(place, done)
            at = end
        self._open = []

    def _replace(self, place: int, item: Item) -> None:
        self.stream.items[place] = (self.stream.items[place][0], item)


_UNKNOWN = "RSV bits are set that no agreed extension explains: the payload is redacted (RFC 6455 section 5.2)"


def _raw_mask(frame: Frame, mask: bytes) -> bytes:
    """Return the mask of a payload as that of the whole frame."""
    return b"\0" * frame.payload_start + mask if 1 in mask else b""
