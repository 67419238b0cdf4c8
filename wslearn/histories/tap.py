"""A network that reads along: it writes into a history what passes, and does what is planned at certain messages."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from wslearn.common.chunk import Direction
from wslearn.histories.history import History
from wslearn.network import SimulatedNetwork

#: How many bytes the extended length has that a length of 126 or 127 announces (RFC 6455, section 5.2).
WIDTHS = {126: 2, 127: 8}


class Messages:
    """The messages in one direction of a connection, whichever way TCP has cut its bytes into pieces."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._parts = bytearray()
        self._in_head = True

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield each text message that is complete with these bytes, and the number of bytes after its end."""
        self._bytes += data
        if self._in_head:
            _, end, rest = self._bytes.partition(b"\r\n\r\n")
            if not end:
                return
            self._in_head, self._bytes = False, rest
        while (frame := self._frame()) is not None:
            first, payload = frame
            if first & 0x0F < 8:  # not a control frame
                self._parts += payload
                if first & 0x80:
                    yield bytes(self._parts), len(self._bytes)
                    self._parts.clear()

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._bytes
        if len(data) < 2:
            return None
        masked, length, start = data[1] & 0x80, data[1] & 0x7F, 2
        if width := WIDTHS.get(length):
            length, start = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
        key_at, start = start, start + (4 if masked else 0)
        if len(data) < start + length:
            return None
        payload = bytes(data[start : start + length])
        if masked and length:
            key = (bytes(data[key_at:start]) * (length // 4 + 1))[:length]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
        first = data[0]
        del data[: start + length]
        return first, payload


class Tap(SimulatedNetwork):
    """The network of one client. It knows what the client has sent and what the server has answered."""

    def __init__(self, target: str, who: str, history: History) -> None:
        super().__init__(target)
        self.who, self.history = who, history
        #: Whether the server has put the client into the room, on the connection that it has now.
        self.joined = False
        self._epoch = ""
        self._asked: tuple[int | None, str] = None, ""
        self._texts: dict[str, str] = {}
        self._streams: dict[tuple[int, Direction], Messages] = {}
        self._epochs: dict[tuple[str, int | None], list[str]] = {}
        self._turns: Counter[tuple[str, int | None]] = Counter()
        #: The connection of the message that has just entered, and its bytes.
        self._until_here = 0, b""
        self._cutting: asyncio.Task[None] | None = None
        self._plans: list[tuple[Direction, str, Callable[[], None]]] = []

    def plan(self, direction: Direction, type: str, action: Callable[[], None]) -> None:
        """Do something when the next message of this type has entered, and before it can arrive."""
        self._plans.append((direction, type, action))

    def forget_plans(self) -> None:
        """Do nothing of what was planned and has not come."""
        self._plans.clear()

    def epoch_of(self, text: str, offset: int | None) -> str:
        """Return the epoch in which the server has sent this; after several, each in its turn."""
        epochs = self._epochs.get((text, offset), [""])
        turn = self._turns[text, offset]
        self._turns[text, offset] += 1
        return epochs[min(turn, len(epochs) - 1)]

    def record(self, connection: int, direction: Direction, data: bytes) -> None:
        """Read what has entered."""
        if (connection, direction) not in self._streams:
            self._streams[connection, direction] = Messages()
            self._carry_out(direction, "connect")
        for message, left in self._streams[connection, direction].feed(data):
            try:
                fields = msgspec.json.decode(message)
            except msgspec.DecodeError:
                continue
            if isinstance(fields, dict):
                self._until_here = connection, data[: len(data) - left]
                self._note(direction, fields)
                self._carry_out(direction, str(fields.get("type")))

    def cut(self) -> None:
        """Reset every connection."""
        self.joined = False
        super().cut()

    def cut_after_this(self) -> None:
        """Let the message from the server arrive that has just entered, and nothing after it; then reset."""
        self.joined = False
        connection, data = self._until_here
        for link in list(self.links):
            if link.down.number == connection and not self.silent:
                link.client.write(data)
                link.down.waits = True
        self._cutting = asyncio.create_task(self._cut_in_a_moment())

    async def _cut_in_a_moment(self) -> None:
        for _ in range(3):  # turns of the event loop, in which the client receives what has arrived
            await asyncio.sleep(0)
        self.cut()

    def _carry_out(self, direction: Direction, type: str) -> None:
        for plan in self._plans:
            if plan[:2] == (direction, type):
                self._plans.remove(plan)
                plan[2]()
                return

    def _note(self, direction: Direction, fields: dict[str, Any]) -> None:
        match direction, fields.get("type"):
            case "up", "join-room":
                self.joined = False
                self._asked = fields.get("offset"), str(fields.get("epoch", ""))
            case "up", "room-message":
                text = str(fields.get("message"))
                if "id" in fields:
                    self._texts[str(fields["id"])] = text
                self.history.sent(self.who, text)
            case "down", "joined":
                self._joined(fields)
            case "down", "presence" if not self.joined and not self._epoch:  # a server without `joined`
                self.joined = True
                self.history.joined(self.who)
            case "down", "room-message":
                key = str(fields.get("message")), fields.get("offset")
                if self._epoch not in (known := self._epochs.setdefault(key, [])):  # else a lost copy is sent again
                    known.append(self._epoch)
            case "down", "ack":
                text = self._texts.get(str(fields.get("id")), "a message that was never sent")
                self.history.acknowledged(self.who, text, fields.get("offset"), self._epoch)
            case "down", "error":
                self.history.refused(self.who, str(fields.get("code")), self._texts.get(str(fields.get("id")), ""))

    def _joined(self, fields: dict[str, Any]) -> None:
        since, of = self._asked
        self._asked, self.joined, self._epoch = (None, ""), True, str(fields.get("epoch", ""))
        self.history.joined(
            self.who,
            self._epoch,
            fields.get("offset"),
            floor=fields.get("floor", 0),
            recovered=fields.get("recovered", True),
            missed=fields.get("missed", 0),
            since=since,
            of=of,
        )
