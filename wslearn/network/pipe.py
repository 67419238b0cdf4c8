"""One direction of a connection through the simulated network: it delays bytes and keeps their order."""

import asyncio
import os
import random
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter as clock  # finer than the event loop's own clock on Windows, the same one elsewhere
from typing import Any

from wslearn.common.chunk import Direction

#: The `SimulatedNetwork` and the `Link` of a pipe, whose modules import this one.
Network = Any
Link = Any
#: With a limited bandwidth, bytes depart in pieces of this many seconds, and of this many bytes at least.
PIECE_TIME, PIECE_SIZE = 0.01, 1460
#: asyncio's timers fire up to a millisecond late, so for the last one the event loop spins. In seconds.
SPIN = 0.001
#: SO_LINGER of 0 seconds: closing the socket resets the connection (RST) instead of finishing it (FIN).
RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class End(asyncio.Protocol):
    """The network's socket towards one side."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.transport: asyncio.Transport
        self.connected = False
        #: Bytes from this side enter `sends`; those for it come out of `receives`. Set by the pipes.
        self.sends: Pipe
        self.receives: Pipe
        self.full = self.gone = False

    def connection_made(self, transport: Any) -> None:
        """Note that this side is connected."""
        self.transport, self.connected = transport, True
        self.link.opened(self)

    def data_received(self, data: bytes) -> None:
        """Let bytes enter the pipe."""
        self.sends.carry(data)

    def eof_received(self) -> bool:
        """Let FIN enter the pipe; the other direction stays open, unless nobody is left there."""
        self.sends.enter(self.sends.finish)
        return not self.link.is_half_open

    def pause_writing(self) -> None:
        """Note that this side reads too slowly."""
        self.full = True

    def resume_writing(self) -> None:
        """Continue to deliver."""
        self.full = False
        self.receives.advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that this side has ended."""
        self.gone = True
        self.link.lost(self)

    def write(self, data: bytes) -> None:
        """Deliver bytes to this side, if it is open."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def close(self) -> None:
        """Send FIN, after the bytes that have been delivered to this side."""
        if self.connected:
            self.transport.close()
        elif not self.gone:
            self.connection_lost(None)

    def reset(self) -> None:
        """Send RST. Unsent bytes are lost."""
        if self.gone:
            return
        if not self.connected:
            return self.connection_lost(None)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()


class Pipe:
    """One direction of a connection. Bytes, SYN, FIN and RST enter it, and leave it later in the same order."""

    def __init__(self, net: Network, number: int, direction: Direction, source: End, target: End) -> None:
        self.net, self.number, self.direction = net, number, direction
        self.source, self.target = source, target
        source.sends = target.receives = self
        # A generator for each pipe, so that other connections have no influence.
        self._random = random.Random(f"{net.seed} {number} {direction}")
        #: The time at which each item is due, its bytes, and the action.
        self._under_way: deque[tuple[float, int, Callable[[], None]]] = deque()
        self._bytes = 0
        #: Nothing leaves before this time.
        self.not_before = 0.0
        self._timer: asyncio.Handle | None = None
        self._paused = self._resetting = False
        #: Whether the target is being connected to; whether its FIN has been sent.
        self.waits = self.finished = False

    def carry(self, data: bytes) -> None:
        """Let bytes enter; when they arrive, they are written to the target."""
        self.net.record(self.number, self.direction, data)
        self.source.link.carried(self.direction)
        bandwidth = self.net.bandwidth
        piece = max(PIECE_SIZE, int(bandwidth * PIECE_TIME)) if bandwidth else len(data)
        for start in range(0, len(data), piece):
            part = data[start : start + piece]
            self.enter(partial(self.target.write, part), len(part))
        if self._bytes > self.net.window(self.direction):  # the sender has to wait
            self._paused = True
            self.source.transport.pause_reading()

    def reset(self) -> None:
        """Pass on RST. It waits for the bytes before it, but not for a target that does not read."""
        self._resetting = True
        self.enter(self.target.reset)

    def finish(self) -> None:
        """Send FIN to the target."""
        self.finished = True
        if not self.target.transport.is_closing():
            with suppress(OSError):  # the target has reset the connection, and connection_lost comes in a moment
                self.target.transport.write_eof()
        self.source.link.finished()

    def enter(self, action: Callable[[], None], size: int = 0) -> None:
        """Do `action` when an item of `size` bytes that enters now has arrived."""
        self._under_way.append((self._due(size), size, action))
        self._bytes += size
        if len(self._under_way) == 1 or self._resetting:
            self.advance()

    def _due(self, size: int) -> float:
        return max(self.net.leaves_queue(self.direction, size), self.not_before) + self.way()

    def way(self) -> float:
        """Return the delay in seconds, with random jitter."""
        return self.net.delays[self.direction] + self._random.random() * self.net.jitter

    def plan_anew(self, since: float) -> None:
        """Let everything that is due after `since` depart now."""
        self._under_way = deque(
            (self._due(size) if due > since else due, size, action) for due, size, action in self._under_way
        )
        self.advance()

    def advance(self) -> None:
        """Deliver everything that is due, in the order in which it entered, and set a timer for the next item."""
        if self._timer:
            self._timer.cancel()
        while self._under_way and not self.net.silent and not self.waits:
            if self.target.full and not self._resetting:
                break
            due, size, action = self._under_way[0]
            wait = due - clock()
            if wait > 0:
                loop = asyncio.get_running_loop()
                soon = wait <= SPIN
                self._timer = loop.call_soon(self.advance) if soon else loop.call_later(wait - SPIN, self.advance)
                break
            self._under_way.popleft()
            self._bytes -= size
            action()
        if self._paused and self._bytes <= self.net.window(self.direction) / 2:
            self._paused = False
            self.source.transport.resume_reading()

    def discard(self) -> None:
        """Lose everything under way."""
        self._under_way.clear()
        self._bytes = 0
        if self._timer:
            self._timer.cancel()
