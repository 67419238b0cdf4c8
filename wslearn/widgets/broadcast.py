"""The fan-out lab: one message to many clients, one of which is slow. Who has to wait? Lesson 03.

Server and clients are real and run in the notebook's kernel. The delivery time of a message counts from the moment
when it was due, not from when a server that was held up got round to sending it. Otherwise a stall would hide its own
length.
"""

import asyncio
import itertools
import math
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from functools import partial
from statistics import median
from time import perf_counter as clock
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn import Limits, Server
from wslearn.classroom.servers import ClassServers
from wslearn.common.buffers import shrink
from wslearn.common.polling import until
from wslearn.fast import fan_out
from wslearn.messages import Broadcast, decode, encode, now
from wslearn.theme import BLUE, DARK_GREY, PALE_ORANGE, RUST
from wslearn.widgets.broadcast_phones import CODE, PhonesFanOutLab
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.lanes import Lane

#: How long Run takes, and the first run at most, and which wait for a message is long enough to end it, in seconds.
RUN, FIRST, SEEN = 8.0, 2.5, 1.0
#: The size of a message in bytes, and the time that the slow client needs to read one, in seconds.
PAYLOAD, SLOW_READ = 16 * 1024, 0.5
#: The system's buffers at both ends of a slow client's connection, in bytes. They are small, so that they are full
#: within a second. With the system's own buffers of some megabytes, the same happens later.
BUFFER = 32 * 1024
#: By this path the server knows the client that may be slow.
SLOW = "/?slow"
#: A gap in a lane is drawn as a wait if it has at least so many seconds, and so many messages were due in it.
WAIT, WAIT_MESSAGES = 0.4, 3
#: How many lanes can have their names beside them.
NAMED = 15
#: How many runs the table remembers, and its columns.
RUNS, COLUMNS = 5, ("sent with", "client 1", "others received", "median delivery", "longest wait")


class FanOutNews(Server):
    """A server whose clients only listen. Its limit is as low as the buffers: 256 KiB unsent instead of 1 MiB."""

    limits = Limits(max_unsent=256 * 1024, stall_timeout=None)
    code = CODE["fan_out"]
    #: When the connection of the client that may be slow ended.
    slow_ended_at: float | None = None

    async def handler(self, ws: Any) -> None:
        """Wait until the client has gone."""
        if ws.request.path == SLOW:
            shrink(ws, BUFFER)
        await ws.wait_closed()
        if ws.request.path == SLOW:
            self.slow_ended_at = clock()

    async def publish(self, message: Broadcast) -> None:
        """Send a message to all clients."""
        fan_out(self.connections, message)


class LoopNews(FanOutNews):
    """A server with the loop that most tutorials show."""

    code = CODE["awaited loop"]

    async def publish(self, message: Broadcast) -> None:
        """Send a message to all clients, one after the other."""
        text = encode(message)
        for client in list(self.connections):
            await client.send(text)


KINDS = dict(zip(CODE, (LoopNews, FanOutNews), strict=True))


class FanOutLab(Dashboard):
    """Lanes of clients, with a mark for each message that arrived. Client 1 may be slow; its box works during a run."""

    def __init__(self) -> None:
        self.sent_with = widgets.Dropdown(description="Sent with", options=list(KINDS))
        self.clients = widgets.IntSlider(description="Clients", value=8, min=2, max=40)
        self.rate = widgets.IntSlider(description="Messages/s", value=20, min=2, max=50)
        self.slow = widgets.Checkbox(description="Client 1 is slow", value=True)
        super().__init__("Fan-out: who waits for a slow client?", self.sent_with, self.clients, self.rate, self.slow)

    async def first(self) -> None:
        """Run until somebody has waited for a while."""
        await self._conduct(FIRST, self._until_seen)

    async def experiment(self) -> None:
        """Run with what the controls say."""
        await self._conduct(RUN)

    async def _until_seen(self) -> None:
        await until(lambda: self.longest_wait()[1] >= SEEN, FIRST)
        self.seconds = self.elapsed()

    async def _conduct(self, seconds: float, *program: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.per_second, self.kind = self.rate.value, self.sent_with.value
        self.lanes = [Lane() for _ in range(self.clients.value)]
        self.seconds, self.began, self.was_slow = seconds, clock(), False
        async with KINDS[self.kind]() as self.server, AsyncExitStack() as stack:
            clients = []
            for number in range(len(self.lanes)):
                url = self.server.url if number else self.server.url.rstrip("/") + SLOW
                # A queue of one message, so that a client that is busy does not read ahead.
                clients.append(await stack.enter_async_context(connect(url, max_queue=1)))
                stack.callback(clients[-1].transport.abort)  # with messages in its queue it would read no close frame
            shrink(clients[0], BUFFER, socket.SO_RCVBUF)
            self.began = clock()
            await self.picture.draw(self.figure)  # the first drawing takes longest: meanwhile no message is due
            listeners = [partial(self._listen, *pair) for pair in zip(self.lanes, clients, strict=True)]
            await self.run_for(seconds, self._publish, *listeners, *program)
        self._add_row()

    async def _publish(self) -> None:
        """Send each message when it is due, or later if the previous one is still being sent."""
        padding = "x" * PAYLOAD
        for number in itertools.count():
            due = number / self.per_second
            await asyncio.sleep(max(0.0, due - self.elapsed()))
            await self.server.publish(Broadcast(f"{due} {padding}", now()))

    async def _listen(self, lane: Lane, ws: ClientConnection) -> None:
        """Be one client, until the server drops it."""
        with suppress(ConnectionClosed):
            async for data in ws:
                message = decode(data, Broadcast)
                assert isinstance(message, Broadcast)
                lane.arrivals.append(clock() - self.began)
                lane.dues.append(float(message.message.split()[0]))
                if lane is self.lanes[0] and self.slow.value:
                    self.was_slow = True
                    await asyncio.sleep(SLOW_READ)

    # What is shown

    def dropped_at(self) -> float | None:
        """Return when the server dropped client 1, in seconds since the start, or None if it did not."""
        ended = self.server.slow_ended_at
        return ended - self.began if ended is not None and ended - self.began < self.seconds else None

    def due(self) -> int:
        """Return how many messages have been due so far."""
        return int(self.elapsed() * self.per_second) + 1

    def received(self) -> int:
        """Return how many messages every other client has received."""
        return min(len(lane.arrivals) for lane in self.lanes[1:])

    def long(self) -> float:
        """Return from how many seconds on a time without a message is worth showing."""
        return max(WAIT, WAIT_MESSAGES / self.per_second)

    def longest_wait(self) -> tuple[float, float]:
        """Return the longest time without a message of a client that is not slow, as (begin, length)."""
        elapsed = self.elapsed()
        return max((wait for lane in self.lanes[1:] for wait in lane.waits(elapsed)), key=lambda wait: wait[1])

    def delays(self) -> list[float]:
        """Return the other clients' delivery times; a message that has not arrived counts with its wait so far."""
        elapsed, due = self.elapsed(), self.due()
        delays = []
        for lane in self.lanes[1:]:
            delays += [at - due for at, due in zip(lane.arrivals, lane.dues, strict=True)]
            delays += [elapsed - number / self.per_second for number in range(len(lane.arrivals), due)]
        return delays

    def figure(self) -> tuple[Figure, str]:
        """Draw the lanes as they are now."""
        drawn, ax = figure(height=5.2)
        dropped, height = self.dropped_at(), len(self.lanes)
        room = max(1.0, height / NAMED)  # between two names, in lanes
        slow = height - 2 + room
        marks: dict[str, Any] = {"marker": "|", "linestyle": "", "markersize": max(5, 18 - height // 3), "mew": 2}
        dues = [number / self.per_second for number in range(self.due())]
        ax.plot(dues, [slow + room] * len(dues), color=DARK_GREY, **marks)
        ax.plot(self.lanes[0].arrivals, [slow] * len(self.lanes[0].arrivals), color=RUST, **marks)
        for y, lane in zip(range(height - 2, -1, -1), self.lanes[1:], strict=True):
            waits = [wait for wait in lane.waits(self.elapsed()) if wait[1] >= self.long()]
            ax.broken_barh(waits, (y - 0.36, 0.72), facecolor=PALE_ORANGE, edgecolor=RUST, hatch="//", linewidth=1)
            ax.plot(lane.arrivals, [y] * len(lane.arrivals), color=BLUE, **marks)
        if dropped is not None:
            ax.plot(dropped, slow, "X", color="black", markersize=16)
            side = 0.2 if dropped < self.seconds / 2 else -0.2
            self._note(ax, dropped + side * self.seconds, slow, "dropped; still reading its buffer")
        begin, length = self.longest_wait()
        if length >= self.long():
            self._note(ax, begin + length / 2, height / 2 - 1, f"no message for {length:.1f} s")
        ticks = {slow + room: "due", slow: "client 1 (slow)" if self.was_slow else "client 1"}
        ticks |= {height - 1 - number: f"client {number + 1}" for number in range(1, height, math.ceil(room))}
        ax.set_yticks(list(ticks), list(ticks.values()))
        ax.set(xlim=(0, self.seconds), ylim=(-0.7, slow + 1.7 * room))
        ax.set_xlabel(f"seconds (mark: a message; hatched: none for {self.long():.2g} s)")
        ax.set_title(self.server.code, loc="left")
        return drawn, self._line()

    def _note(self, ax: Axes, x: float, y: float, words: str) -> None:
        x = min(max(x, 0.2 * self.seconds), 0.8 * self.seconds)  # not beyond the ends of the lanes
        ax.text(x, y, words, ha="center", va="center", bbox={"facecolor": "white", "edgecolor": DARK_GREY})

    def _line(self) -> str:
        dropped = self.dropped_at()
        fate = f" The server dropped client 1 after {dropped:.1f} s." if dropped is not None else ""
        return (
            f"{self.kind}: {self.due()} messages were due, and every other client received at least {self.received()} "
            f"of them. The longest wait for a message was {self.longest_wait()[1]:.2f} s.{fate}"
        )

    def _add_row(self) -> None:
        row = (
            self.kind,
            "fast" if not self.was_slow else "slow, kept" if self.dropped_at() is None else "slow, dropped",
            f"{self.received()} of {self.due()}",
            f"{1000 * median(self.delays()):,.0f} ms",
            f"{self.longest_wait()[1]:.2f} s",
        )
        self.remember(COLUMNS, row, most=RUNS)


async def fan_out_lab(phones: ClassServers | None = None) -> Dashboard:
    """Show the lab. With `phones`, which `await classroom()` has returned, its clients are the phones of the class."""
    return await (FanOutLab() if phones is None else PhonesFanOutLab(phones)).show()
