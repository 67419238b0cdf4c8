"""What all items have in common that `wslearn.frames.read` finds in a recording.

The attributes hold the bytes as they were; `str`, `repr`, `text` and `table` show them with their secrets redacted.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, TypeVar

from wslearn.common.chunk import Chunk, Direction
from wslearn.frames.secrets import conceal, printable

#: How many parts of an item are shown.
MAX_PARTS = 40
ARROWS = {"up": "client -> server", "down": "server -> client"}


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes `start` to `stop` (exclusive) of an item: their name, what they mean, and where that is defined."""

    name: str
    start: int
    stop: int
    meaning: str
    section: str


@dataclass(frozen=True, repr=False, kw_only=True)
class Item:
    """Bytes of one connection and direction that belong together; `time` is that of the first byte, in seconds."""

    time: float
    connection: int
    direction: Direction
    raw: bytes
    #: What the recording does not contain, in words; empty for an item that is complete.
    missing: str = ""
    #: What is unusual about the item, such as a rule that it breaks.
    notes: tuple[str, ...] = ()
    #: 1 for each byte of `raw` that is part of a secret, 0 for the others.
    hidden: bytes = b""

    @property
    def parts(self) -> list[Part]:
        """Named ranges that cover `raw` without gap or overlap."""
        raise NotImplementedError

    def what(self, secrets: bool = False) -> str:
        """Return in one line what the item is."""
        raise NotImplementedError

    def reading(self, part: Part, secrets: bool = False) -> str:
        """Return the bytes of `part` as text in one line, unmasked and shortened."""
        return printable(self._shown(self.raw, part.start, part.stop, secrets).rstrip(b"\r\n"))

    def remarks(self, secrets: bool = False) -> list[str]:
        """Return what is missing, unusual, redacted or left out: one line for each."""
        lines = [f"incomplete: {self.missing}"] if self.missing else []
        if len(parts := self.parts) > MAX_PARTS:
            left = len(self.raw) - parts[MAX_PARTS].start
            lines.append(f"{len(parts) - MAX_PARTS:,} more parts left out ({left:,} bytes)")
        lines += dict.fromkeys(self.notes)  # each once
        if 1 in self.hidden and not secrets:
            lines.append(f"{sum(self.hidden)} bytes redacted (**); secrets=True shows them")
        return lines

    def line(self, secrets: bool = False) -> str:
        """Return a line of the table that `text` makes."""
        incomplete = " (incomplete)" if self.missing else ""
        where = f"{self.time:9.3f}  {self.connection:>4}  {ARROWS[self.direction]}  {len(self.raw):>7}"
        return f"{where}  {self.what(secrets)}{incomplete}"

    def text(self, secrets: bool = False) -> str:
        """Return the parts of the item as a plain table; with `secrets`, nothing is redacted."""
        lines = [self.line(secrets)]
        for part in self.parts[:MAX_PARTS]:
            stars = self.hidden and not secrets
            shown = range(part.start, min(part.stop, part.start + 12))
            octets = " ".join("**" if stars and self.hidden[i] else f"{self.raw[i]:02x}" for i in shown)
            octets += f" … {part.stop - part.start:,} bytes" if part.stop - part.start > 12 else ""
            lines.append(f"  {part.start:>6}  {octets:<36}  {part.name}: {part.meaning} ({part.section})")
            if reading := self.reading(part, secrets):
                lines.append(f"  {'':>6}  {reading}")
        return "\n".join([*lines, *(f"  {remark}" for remark in self.remarks(secrets))])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {ARROWS[self.direction]}: {self.what()}>"

    def _shown(self, data: bytes, start: int, stop: int, secrets: bool, shift: int = 0) -> bytes:
        """Return `data[start:stop]` without secrets; `data` begins at byte `shift` of `raw`."""
        return data[start:stop] if secrets else conceal(data[start:stop], self.hidden[start + shift : stop + shift])


@dataclass(frozen=True, repr=False, kw_only=True)
class Rest(Item):
    """Bytes that are neither HTTP nor WebSocket frames; `reason` says what is known of them."""

    reason: str

    @property
    def parts(self) -> list[Part]:
        """One part: all of it."""
        tls = self.reason.startswith("TLS")
        section = "RFC 8446 section 5.1" if tls else "no RFC"
        return [Part("TLS" if tls else "rest", 0, len(self.raw), self.reason, section)]

    def what(self, secrets: bool = False) -> str:
        """Return the reason."""
        return self.reason


AnyItem = TypeVar("AnyItem", bound=Item)


class Stream:
    """The bytes of one connection and direction, with their times, and the items found in them so far."""

    def __init__(self, connection: int, direction: Direction) -> None:
        self.connection, self.direction = connection, direction
        self.data = b""
        self.at = 0
        self.items: list[tuple[tuple[int, int], Item]] = []
        self._starts: list[int] = []
        self._chunks: list[tuple[int, Chunk]] = []

    def add(self, index: int, chunk: Chunk) -> None:
        """Add the recording's chunk number `index`."""
        last = self._chunks[-1][1] if self._chunks else None
        self._starts.append(self._starts[-1] + len(last.data) if last else 0)
        self._chunks.append((index, chunk))

    def join(self) -> "Stream":
        """Join the chunks to `data`."""
        self.data = b"".join(chunk.data for _, chunk in self._chunks)
        return self

    def take(self, item_type: type[AnyItem], stop: int, **fields: Any) -> AnyItem:
        """Make an item of the bytes up to `stop`, and go on after them."""
        index, chunk = self._chunks[bisect_right(self._starts, self.at) - 1]
        where: dict[str, Any] = {"time": chunk.time, "connection": self.connection, "direction": self.direction}
        item = item_type(**where, raw=self.data[self.at : stop], **fields)
        self.items.append(((index, self.at), item))
        self.at = stop
        return item

    @property
    def ended(self) -> bool:
        """Whether every byte belongs to an item."""
        return self.at >= len(self.data)
