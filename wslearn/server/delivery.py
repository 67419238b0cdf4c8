"""What makes a fan-out fast: one message to many clients is encoded once, framed once and written at once. Lesson 07.

The library is right in every case: messages in fragments, compression, a close on its way, bytes of half a frame.
Nearly all messages are none of these. So each shortcut, here and in `inbox`, first makes sure that nothing unusual is
going on, and in any doubt the library does the work. What is asked of the library's objects is not in its
documentation, and has moved between its versions: where it is missing, the answer is "in doubt" too.

`tests/benchmarks/run_all.py` measures what they bring.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from wslearn.messages import encode

#: Clients that get a message before others have a turn. A send takes 10 µs, and 40 on a slow and busy machine: so the
#: others wait 2 to 6 ms.
BATCH = 150
#: The longest message that is written at once, in characters or bytes, and the most bytes that may wait before it.
#: A character has up to 4 bytes, so both together stay below the 32 KiB at which the library has the sender wait.
SHORT = 4 * 1024


class Sender(Protocol):
    """What a delivery needs of a server."""

    deliveries: "Deliveries"


class Receiver(Protocol):
    """What a delivery needs of a client's connection."""

    transport: asyncio.Transport
    protocol: ServerProtocol
    unsent: int
    held: list[tuple[str, bytes]]

    @property
    def owner(self) -> Sender:
        """The server."""

    def hold(self, text: str, whole_frame: bytes) -> None:
        """Keep a message until the one that is under way has ended."""

    def leave_to_the_library(self, text: str, whole_frame: bytes) -> None:
        """Send a message where something unusual is going on."""

    def abort(self, why: str) -> None:
        """End the connection at once."""

    def abort_if_stalled(self, now: float) -> None:
        """End the connection where too many bytes wait."""


def frame(message: str | bytes) -> bytes:
    """Return a message as one frame, as a server sends it: not masked (RFC 6455, section 5.2)."""
    if isinstance(message, str):
        opcode, payload = Opcode.TEXT, message.encode()
    else:
        opcode, payload = Opcode.BINARY, message
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, length))
    elif length < 65536:
        head = bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")
    return head + payload


def can_write(ws: "Receiver") -> bool:
    """Tell whether a frame may go straight to the transport: nothing is under way that it could get in between."""
    try:
        protocol = ws.protocol
        return (
            protocol.state is OPEN
            and not protocol.extensions  # compression would change the frame, and counts what it has compressed
            and not protocol.expect_continuation_frame  # the rest of a message in fragments comes first
            and not protocol.writes  # so does what the library has not handed over yet
            and not ws.transport.is_closing()
        )
    except AttributeError:
        return False


def fan_out(clients: "Iterable[Receiver]", message: object) -> None:
    """Send a message to every client, encoded once, waiting for none.

    `clients` are those of now: whoever comes later does not get it. All messages of a server arrive in one order.
    A client that reads too slowly is aborted once more than `limits.max_unsent` bytes wait for it: nobody else notices.
    To a client that is in the middle of a message in fragments this one goes after it (RFC 6455, section 5.4).
    """
    clients = list(clients)
    if clients:
        clients[0].owner.deliveries.add(clients, encode(message))


def deliver(clients: "Iterable[Receiver]", text: str, whole_frame: bytes) -> None:
    """Write a text to each client, if possible as the frame that was made once for all, and never wait."""
    now = asyncio.get_running_loop().time()
    for ws in clients:
        waiting = ws.transport.get_write_buffer_size()
        if ws.held:
            ws.hold(text, whole_frame)
        elif can_write(ws):
            try:
                ws.transport.write(whole_frame)
            except Exception as error:  # noqa: BLE001 - one client's trouble is nobody else's
                ws.abort(f"a message could not be written: {error!r}")
        else:
            ws.leave_to_the_library(text, whole_frame)
        if waiting or ws.unsent or ws.held:
            ws.abort_if_stalled(now)


class Deliveries:
    """What one server has still to send to many clients: the oldest message first, to `BATCH` clients at a time.

    1,000 sends in one go take 10 to 20 ms, and in that time nobody is heard and no ping is answered. `done` is set
    when nothing is left: a server takes no new message before it has passed on the last one.
    """

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.done.set()
        self._messages: deque[tuple[Iterator[Receiver], str, bytes]] = deque()

    def add(self, clients: "list[Receiver]", text: str) -> None:
        """Send `text` to `clients` after all that was added before: at once if that is nothing, and they are few."""
        self._messages.append((iter(clients), text, frame(text)))
        if self.done.is_set():
            self.done.clear()
            self._deliver_batch()

    def _deliver_batch(self) -> None:
        left = BATCH
        while left and self._messages:
            clients, text, whole_frame = self._messages[0]
            part = list(islice(clients, left))
            deliver(part, text, whole_frame)
            left -= len(part)
            if left:
                self._messages.popleft()
        if self._messages:
            asyncio.get_running_loop().call_soon(self._deliver_batch)
        else:
            self.done.set()
