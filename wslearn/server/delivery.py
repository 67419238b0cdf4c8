"""A fast fan-out: one message to many clients is encoded once, framed once and written at once. Lesson 07.

The library handles every case: messages in fragments, compression, a close on its way, bytes of half a frame. Nearly
all messages are none of these. So each shortcut, here and in `shortcut`, first makes sure that nothing unusual is going
on, and in any doubt the library does the work.

`tests/benchmarks/run_all.py` measures the gain.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from websockets.frames import Opcode

from wslearn.messages import encode
from wslearn.server.slow_readers import FULL, SlowReaders, full_at

#: A client: a `Connection`, whose module imports this one.
Receiver = Any
#: Clients that get a message before other work has a turn. A send takes 10 µs, and 40 on a slow and busy machine, so
#: the other work waits 2 to 6 ms.
BATCH = 150
#: The longest message that is written at once, in characters or bytes, and the most bytes that may wait before it.
#: A character has up to 4 bytes, so both together stay below the 32 KiB at which the library makes the sender wait.
SHORT = 4 * 1024
#: The first two bytes of a short frame, by its kind and its length.
HEADS = {
    first: [bytes((first, length)) for length in range(126)] for first in (0x80 | Opcode.TEXT, 0x80 | Opcode.BINARY)
}


def frame(message: str | bytes) -> bytes:
    """Return a message as one frame of a server, which is not masked (RFC 6455, section 5.2)."""
    if isinstance(message, str):
        first, payload = 0x80 | Opcode.TEXT, message.encode()
    else:
        first, payload = 0x80 | Opcode.BINARY, message
    length = len(payload)
    if length < 126:
        return HEADS[first][length] + payload
    if length < 65536:
        return b"%c\x7e%b%b" % (first, length.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (first, length.to_bytes(8, "big"), payload)


def fan_out(clients: Iterable[Receiver], message: object) -> None:
    """Send a message to every client, encoded once, without waiting for any of them.

    A client that connects later does not receive it. All messages of a server arrive in the same order. A client that
    reads too slowly is aborted as soon as more than `limits.max_unsent` bytes are queued for it; the other clients are
    not affected. Before that, the handler that called this waits in its next `recv` (see `slow_readers`). A message in
    fragments that is being sent to a client ends first (RFC 6455, section 5.4).
    """
    clients = list(clients)
    if clients:
        clients[0].owner.deliveries.add(clients, encode(message))


def deliver(clients: Iterable[Receiver], text: str, whole_frame: bytes) -> list[Receiver]:
    """Write a string to each client without waiting, if possible as `whole_frame`, which was made for all of them.

    Return the clients that now have a long queue (see `slow_readers`).
    """
    now = asyncio.get_running_loop().time()
    full: list[Receiver] = []
    is_long = len(whole_frame) > FULL
    for ws in clients:
        transport = ws.transport
        waiting = transport.get_write_buffer_size()
        if ws.writable and not (ws.held or ws.protocol.writes or transport.is_closing()):  # as `library.can_write`
            try:
                transport.write(whole_frame)
            except Exception as error:  # noqa: BLE001 - an error for one client must not affect the others
                ws.abort(f"a message could not be written: {error!r}")
            if not (waiting or ws.unsent or is_long):
                continue
        elif ws.held:
            ws.hold(text, whole_frame)
        elif not transport.is_closing():  # the library does not notice that before the next turn of the event loop
            ws.leave_to_the_library(text, whole_frame)
        if waiting or ws.unsent or ws.held:
            if waiting < ws.unsent:  # some bytes have gone out, even if more have come since
                ws.moved_at = now
            ws.abort_if_stalled(now)
            if ws.unsent > full_at(ws.owner.limits):
                full.append(ws)
        elif is_long and transport.get_write_buffer_size() > FULL:
            full.append(ws)
    return full


class Deliveries:
    """A server's queue of messages to many clients: the oldest message first, to `BATCH` clients at a time.

    1,000 sends in one go take 10 to 20 ms, in which the server receives no message and answers no ping. `done` is set
    when the queue is empty: a server takes no new message before it has passed on the last one.
    """

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.done.set()
        #: Whether somebody may have to wait before the next message is taken.
        self.busy = False
        self.slow_readers = SlowReaders()
        self._messages: deque[tuple[Iterator[Receiver], str, bytes, asyncio.Task[Any] | None]] = deque()

    def add(self, clients: list[Receiver], text: str) -> None:
        """Send `text` to `clients` after everything that was added before; a few clients get it at once."""
        if self.done.is_set() and len(clients) <= BATCH:
            self._deliver(clients, text, frame(text), asyncio.current_task())
            self.busy = self.slow_readers.any
            return
        self._messages.append((iter(clients), text, frame(text), asyncio.current_task()))
        if self.done.is_set():
            self.done.clear()
            self.busy = True
            self._deliver_batch()

    def _deliver(self, clients: list[Receiver], text: str, whole_frame: bytes, task: asyncio.Task[Any] | None) -> None:
        full = deliver(clients, text, whole_frame)
        if full and (publisher := full[0].owner.handlers.get(task)):
            self.slow_readers.add(publisher, full)

    def _deliver_batch(self) -> None:
        left = BATCH
        while left and self._messages:
            clients, text, whole_frame, task = self._messages[0]
            part = list(islice(clients, left))
            self._deliver(part, text, whole_frame, task)
            left -= len(part)
            if left:
                self._messages.popleft()
        if self._messages:
            asyncio.get_running_loop().call_soon(self._deliver_batch)
        else:
            self.done.set()
            self.busy = self.slow_readers.any

    async def until_ready(self, publisher: Receiver) -> None:
        """Wait until the next message of this client may be taken."""
        await self.done.wait()
        while await self.slow_readers.until_shorter(publisher):
            await self.done.wait()
        self.busy = self.slow_readers.any or not self.done.is_set()
