"""The fan-out lab: one message to many clients, of which one is slow. Who waits? Lesson 03.

Server and clients are real, and run in the notebook's kernel. A message's delivery time counts from the moment when it
was due, not when a server that was held up came round to sending it: else a stall would hide its own length.
"""

import asyncio
import itertools
import math
import socket
from contextlib import AsyncExitStack, suppress
from html import escape
from statistics import median
from time import perf_counter as clock

import ipywidgets as widgets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn import Limits, Server
from wslearn.fast import fan_out
from wslearn.messages import Broadcast, decode, encode, now
from wslearn.server.connection import Connection
from wslearn.theme import BLUE, DARK_GREY, PALE_ORANGE, RUST
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure

#: How long Run runs, and the first run, in seconds.
RUN, FIRST = 8.0, 2.5
#: A message in bytes, and the time that the slow client needs to read one, in seconds.
PAYLOAD, SLOW_READ = 16 * 1024, 0.5
#: The system's buffers at both ends of a slow client's connection, in bytes: small, so that they are full within a
#: second. With the system's own, of some megabytes, the same happens later.
BUFFER = 32 * 1024
#: By this path the server knows the client that may be slow.
SLOW = "/?slow"
#: A gap in a lane is drawn as a wait if it has at least so many seconds, and so many messages were due in it.
WAIT, WAIT_MESSAGES = 0.4, 3
#: Lanes for which the picture has room, each with its name beside it.
NAMED = 15
#: Runs that the table remembers.
RUNS = 5


class FanOutNews(Server):
    """Clients only listen. The guard is set low, like the buffers: 256 KiB unsent, and not 1 MiB."""

    limits = Limits(max_unsent=256 * 1024, stall_timeout=None)
    code = "fan_out(clients, message)"
    #: When the connection of the client that may be slow ended.
    slow_ended_at: float | None = None

    async def handler(self, ws) -> None:
        if ws.request.path == SLOW:
            small(ws, socket.SO_SNDBUF)
        await ws.wait_closed()
        if ws.request.path == SLOW:
            self.slow_ended_at = clock()

    async def publish(self, message: Broadcast) -> None:
        fan_out(self.connections, message)


class LoopNews(FanOutNews):
    """The loop that most tutorials print."""

    code = "for client in clients: await client.send(message)"

    async def publish(self, message: Broadcast) -> None:
        text = encode(message)
        for client in list(self.connections):
            await client.send(text)


KINDS = {"awaited loop": LoopNews, "fan_out": FanOutNews}


class Lane:
    """What one client has received: when each message came, and when it was due, in seconds since the start."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.arrivals: list[float] = []
        self.dues: list[float] = []

    def waits(self, until: float) -> list[tuple[float, float]]:
        """Return the time without a message before each message, and after the last one: (begin, length)."""
        times = [0.0, *self.arrivals, max([until, *self.arrivals[-1:]])]
        return [(a, b - a) for a, b in itertools.pairwise(times)]


class FanOutLab(Dashboard):
    """Lanes of clients, a mark for each message that arrived. Client 1 may be slow; its box works during a run."""

    def __init__(self) -> None:
        self.sent_with = widgets.Dropdown(description="Sent with", options=list(KINDS))
        self.clients = widgets.IntSlider(description="Clients", value=8, min=2, max=40)
        self.rate = widgets.IntSlider(description="Messages/s", value=20, min=2, max=50)
        self.slow = widgets.Checkbox(description="Client 1 is slow", value=True)
        super().__init__("Fan-out: who waits for a slow client?", self.sent_with, self.clients, self.rate, self.slow)
        self.clear()

    def clear(self) -> None:
        self.runs: list[tuple[str, ...]] = []
        self.details.children = ()

    async def first(self) -> None:
        await self._conduct(FIRST)

    async def experiment(self) -> None:
        await self._conduct(RUN)

    # One run

    async def _conduct(self, seconds: float) -> None:
        self.seconds, self.per_second, self.kind = seconds, self.rate.value, self.sent_with.value
        self.lanes = [Lane(f"client {number}") for number in range(1, self.clients.value + 1)]
        self.was_slow = False
        async with KINDS[self.kind]() as self.server, AsyncExitStack() as stack:
            urls = [self.server.url.rstrip("/") + SLOW, *[self.server.url] * (len(self.lanes) - 1)]
            clients = []
            for url in urls:
                # A queue of one message, so that a client that is busy does not read ahead either.
                clients.append(await stack.enter_async_context(connect(url, max_queue=1)))
                stack.callback(clients[-1].transport.abort)  # with messages in its queue it would read no goodbye
            small(clients[0], socket.SO_RCVBUF)
            self.began = clock()
            await self.picture.draw(self.figure)  # the first one takes longest: while it is drawn, nothing is due yet
            self.began = clock()
            async with self.picture.live(self.figure), asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._publish())]
                tasks += [group.create_task(self._listen(*pair)) for pair in zip(self.lanes, clients, strict=True)]
                while (at := self.elapsed()) < seconds:
                    self.progress(at, seconds)
                    await asyncio.sleep(min(0.1, seconds - at))
                for task in tasks:
                    task.cancel()
        self._remember()

    def elapsed(self) -> float:
        """Return the seconds since the start, at most those of a run."""
        return min(self.seconds, clock() - self.began)

    async def _publish(self) -> None:
        """Send each message when it is due, or later where the one before is still being sent."""
        padding = "x" * PAYLOAD
        for number in itertools.count():
            due = number / self.per_second
            await asyncio.sleep(max(0.0, due - self.elapsed()))
            await self.server.publish(Broadcast(f"{due} {padding}", now()))

    async def _listen(self, lane: Lane, ws: ClientConnection) -> None:
        """Be one client, until it is dropped."""
        with suppress(ConnectionClosed):
            async for text in ws:
                lane.arrivals.append(clock() - self.began)
                lane.dues.append(float(decode(text, Broadcast).message.split()[0]))
                if lane is self.lanes[0] and self.slow.value:
                    self.was_slow = True
                    await asyncio.sleep(SLOW_READ)

    # What is shown

    def dropped_at(self) -> float | None:
        """Return when the server dropped client 1, in seconds since the start; None where it did not."""
        ended = self.server.slow_ended_at
        return ended - self.began if ended is not None and ended - self.began < self.seconds else None

    def due(self) -> int:
        """Return how many messages were due until now."""
        return int(self.elapsed() * self.per_second) + 1

    def long(self) -> float:
        """Return how long a time without a message is, in seconds, if it is worth showing."""
        return max(WAIT, WAIT_MESSAGES / self.per_second)

    def longest_wait(self) -> tuple[float, float]:
        """Return the longest time without a message of a client that is not slow: (begin, length)."""
        elapsed = self.elapsed()
        return max((wait for lane in self.lanes[1:] for wait in lane.waits(elapsed)), key=lambda wait: wait[1])

    def delays(self) -> list[float]:
        """Return the delivery times of the other clients; for what has not come, the time it has waited so far."""
        elapsed, due = self.elapsed(), self.due()
        delays = []
        for lane in self.lanes[1:]:
            delays += [at - due for at, due in zip(lane.arrivals, lane.dues, strict=True)]
            delays += [elapsed - number / self.per_second for number in range(len(lane.arrivals), due)]
        return delays

    def figure(self):
        """Draw the lanes as they are now; return the figure and its message in one line."""
        drawn, ax = figure(height=5.2)
        dropped, height = self.dropped_at(), len(self.lanes)
        room = max(1.0, height / NAMED)  # between two names, in lanes
        slow = height - 2 + room
        marks = {"marker": "|", "linestyle": "", "markersize": max(5, 18 - height // 3), "markeredgewidth": 2}
        dues = [number / self.per_second for number in range(self.due())]
        ax.plot(dues, [slow + room] * len(dues), color=DARK_GREY, **marks)
        ax.plot(self.lanes[0].arrivals, [slow] * len(self.lanes[0].arrivals), color=RUST, **marks)
        for y, lane in zip(range(height - 2, -1, -1), self.lanes[1:], strict=True):
            waits = [wait for wait in lane.waits(self.elapsed()) if wait[1] >= self.long()]
            ax.broken_barh(waits, (y - 0.36, 0.72), facecolor=PALE_ORANGE, edgecolor=RUST, hatch="//", linewidth=1)
            ax.plot(lane.arrivals, [y] * len(lane.arrivals), color=BLUE, **marks)
        if dropped is not None:
            ax.plot(dropped, slow, "X", color="black", markersize=16)
            left = dropped < self.seconds / 2
            self._note(ax, dropped + (0.2 if left else -0.2) * self.seconds, slow, "dropped; reads what is left")
        begin, length = self.longest_wait()
        if length >= self.long():
            self._note(ax, begin + length / 2, height / 2 - 1, f"nothing for {length:.1f} s")
        ticks = {slow + room: "due", slow: "client 1 (slow)" if self.was_slow else "client 1"}
        ticks |= {height - 1 - number: self.lanes[number].name for number in range(1, height, math.ceil(room))}
        ax.set_yticks(list(ticks), list(ticks.values()))
        ax.set(xlim=(0, self.seconds), ylim=(-0.7, slow + 1.7 * room))
        ax.set_xlabel(f"seconds; a mark is a message that arrived, hatched: none for {self.long():.2g} s or more")
        ax.set_title(self.server.code, loc="left")
        return drawn, self.message()

    def _note(self, ax, x: float, y: float, words: str) -> None:
        """Write into the lanes, not beyond their ends."""
        x = min(max(x, 0.18 * self.seconds), 0.82 * self.seconds)
        ax.text(x, y, words, ha="center", va="center", bbox={"facecolor": "white", "edgecolor": DARK_GREY})

    def message(self) -> str:
        """Say in one line how the others fared."""
        got, due = min(len(lane.arrivals) for lane in self.lanes[1:]), self.due()
        dropped = self.dropped_at()
        fate = f" Client 1 was dropped after {dropped:.1f} s." if dropped is not None else ""
        return (
            f"{self.kind}: {due} messages were due, and the other clients got {got} of them; "
            f"they had to wait {self.longest_wait()[1]:.2f} s for a message at most.{fate}"
        )

    def _remember(self) -> None:
        dropped = self.dropped_at()
        row = (
            self.kind,
            "quick" if not self.was_slow else "slow, kept" if dropped is None else "slow, dropped",
            f"{min(len(lane.arrivals) for lane in self.lanes[1:])} of {self.due()}",
            f"{1000 * median(self.delays()):,.0f} ms",
            f"{self.longest_wait()[1]:.2f} s",
        )
        self.runs = [*self.runs, row][-RUNS:]
        heads = ("sent with", "client 1", "others got", "median delivery", "longest wait")
        rows = ["".join(f"<th>{head}</th>" for head in heads)]
        rows += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self.runs]
        self.details.children = [widgets.HTML(f"<table><tr>{'</tr><tr>'.join(rows)}</tr></table>")]


def small(ws: Connection | ClientConnection, option: int) -> None:
    """Make the system's buffer of one end of a connection small: `socket.SO_SNDBUF` or `socket.SO_RCVBUF`."""
    ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, BUFFER)


async def fan_out_lab() -> FanOutLab:
    """Show the lab below the current cell, and return it after its first, short run."""
    return await FanOutLab().show()
