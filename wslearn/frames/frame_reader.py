"""WebSocket frames in recorded bytes (RFC 6455), and their messages: unmasked, joined and decompressed."""

from dataclasses import dataclass, field, replace
from typing import Any

from wslearn.frames.inflate import Inflater
from wslearn.frames.items import Stream
from wslearn.frames.secrets import hidden
from wslearn.frames.websocket import OPCODES, WIDTHS, Frame

_UNKNOWN = "RSV bits are set that no agreed extension explains: the payload is redacted (RFC 6455 section 5.2)"


@dataclass
class FrameReader:
    """Reads all frames in the rest of a stream."""

    stream: Stream
    #: What decompresses this direction's messages; None if permessage-deflate was not negotiated.
    inflater: Inflater | None
    #: The frames of the message that has not ended yet, with their places in `stream.items`.
    _open: list[tuple[int, Frame]] = field(default_factory=list)
    _messages: int = 0

    def read(self) -> None:
        """Read to the end of the stream."""
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
            self._open.append((place, frame))
            if frame.fin and not frame.missing:
                self._finish()
        if self._open:
            self._finish()

    def _frame(self) -> Frame:
        data, at = self.stream.data, self.stream.at
        first = data[at]
        fields: dict[str, Any] = {f"rsv{n}": bool(first & 0x80 >> n) for n in (1, 2, 3)}
        fields |= {"fin": first > 127, "opcode": first & 15}
        if at + 1 == len(data):
            missing = "MASK, the length and the payload"
            return self.stream.take(Frame, at + 1, **fields, missing=missing, payload_start=1)
        masked, length = data[at + 1] > 127, data[at + 1] & 127
        width = WIDTHS.get(length, 0)
        key_at = at + 2 + width
        start = key_at + 4 * masked
        missing, size, stop = "", None, len(data)
        if len(data) < key_at:
            missing = f"{key_at - len(data)} of {width} bytes of the extended length, and the payload"
        else:
            size = int.from_bytes(data[at + 2 : key_at], "big") if width else length
            if len(data) < start:
                missing = f"{start - len(data)} of 4 bytes of the masking key, and {size:,} bytes of payload"
            elif len(data) < start + size:
                missing = f"{start + size - len(data):,} of {size:,} bytes of the payload"
            else:
                stop = start + size
        key = data[key_at : min(start, stop)]
        payload = data[start:stop]
        return self.stream.take(
            Frame, stop, **fields, masked=masked, key=key, length=size, missing=missing,
            notes=self._notes(data, at, size), payload=_unmask(payload, key) if masked and payload else payload,
            payload_start=min(start, stop) - at,
        )  # fmt: skip

    def _notes(self, data: bytes, at: int, size: int | None) -> tuple[str, ...]:
        """Return the rules that the frame breaks, whatever the other frames are."""
        opcode, masked, short = data[at] & 15, data[at + 1] > 127, data[at + 1] & 127
        up, least = self.stream.direction == "up", {126: 126, 127: 65536}.get(short, 0)
        broken = {
            "a client must mask its frames (RFC 6455 section 5.1)": up and not masked,
            "a server must not mask its frames (RFC 6455 section 5.1)": masked and not up,
            "the opcode is reserved (RFC 6455 section 5.2)": opcode not in OPCODES,
            "the length fits into fewer bytes (RFC 6455 section 5.2)": size is not None and size < least,
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
        first, last = self._open[0][1], self._open[-1][1]
        inflater = self.inflater if first.rsv1 else None
        payload = b"".join(frame.payload for _, frame in self._open)
        unknown = [(f.rsv1 and (f is not first or inflater is None)) or f.rsv2 or f.rsv3 for _, f in self._open]
        mask, content, problem = hidden(payload), payload, ""
        if inflater is not None:
            content, problem = inflater.inflate(payload, last.fin and not last.missing)
        # No byte of a compressed message stands for a letter. If there is a secret anywhere in it, or a part that
        # nobody here can read, all of it is redacted.
        if any(unknown) or problem or (inflater is not None and 1 in hidden(content)):
            mask = b"\1" * len(payload)
        at = 0
        for (place, frame), strange in zip(self._open, unknown, strict=True):
            notes = frame.notes
            if strange:
                notes += (_UNKNOWN,)
            if frame is first and not frame.opcode:
                notes += ("a continuation of no message (RFC 6455 section 5.4)",)
            if frame is last:
                notes += (problem,) if problem else ()
                notes += () if last.fin else ("the message's last frame is missing",)
            end = at + len(frame.payload)
            done = replace(
                frame, message=self._messages, compressed=inflater is not None, notes=notes,
                content=content if frame is last and not any(unknown) else None, hidden=_raw_mask(frame, mask[at:end]),
            )  # fmt: skip
            self._replace(place, done)
            at = end
        self._open = []

    def _replace(self, place: int, frame: Frame) -> None:
        self.stream.items[place] = (self.stream.items[place][0], frame)


def _unmask(data: bytes, key: bytes) -> bytes:
    """Return `data` XOR `key` (RFC 6455 section 5.3), in one operation on long integers."""
    keys = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


def _raw_mask(frame: Frame, mask: bytes) -> bytes:
    """Return the mask of a payload as that of the whole frame."""
    return b"\0" * frame.payload_start + mask if 1 in mask else b""
