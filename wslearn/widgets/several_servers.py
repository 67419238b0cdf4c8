"""The several-servers lab: kill, freeze and restart three servers and their engine, and see who notices. Lesson 10."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from time import perf_counter as clock
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wslearn.client import Subscription
from wslearn.common import tasks
from wslearn.common.polling import until
from wslearn.hubs import Cluster
from wslearn.theme import BLUE, DARK_GREY, PALE_BLUE
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.kit.task import STOP_TIMEOUT
from wslearn.widgets.several_servers_cast import BASE, CAP, ROOM, SILENCE, Guest, Naive, Resuming

#: The servers, and what they share.
LETTERS, ENGINE = "abc", "engine"
#: How long Run takes, and how much of it the picture shows, in seconds.
RUN, WINDOW = 60.0, 15.0
#: How long a message may take before it counts as missed, until it comes, in seconds.
LATE = 0.5
#: The first run: how long before server a is killed, and how long after that, in seconds.
BEFORE, AFTER = 0.3, 0.4
#: How long the lab waits for what has to come, in seconds.
ENOUGH = 20.0
HEADS = "client", "where", "last offset", "missed", "twice", "recovered"
#: Where the columns of the table are, from 0 to 1.
COLUMNS = 0.0, 0.21, 0.39, 0.58, 0.7, 0.81


class SeveralServersLab(Dashboard):
    """A `Cluster` of three servers and an engine, Ann who writes to a room, and on each server two clients that read.

    - `target`: what the buttons hit: a server, or the engine; `away`: for how long, in seconds; `rate`: how many
      messages Ann writes a second.
    - `kill_button`, `freeze_button`: end its process, or stop it where it is; after `away` it goes on.
    - `restart_button`: drains all servers, one after another.
    """

    def __init__(self) -> None:
        options = [*((f"server {letter}", letter) for letter in LETTERS), ("the engine", ENGINE)]
        self.target = widgets.Dropdown(description="Which", options=options, value="a")
        self.away = widgets.FloatSlider(description="For (s)", value=2, min=1, max=5, step=1)
        self.rate = widgets.IntSlider(description="Messages/s", value=8, min=1, max=15)
        self._there = asyncio.Event()  # set while there are servers: a button's work waits for them
        super().__init__("Several servers: what do their clients miss?", self.target, self.away, self.rate)
        self.kill_button = self.action("Kill", self.kill, icon="bolt")
        self.freeze_button = self.action("Freeze", self.freeze, icon="pause")
        self.restart_button = self.action("Restart all", self.restart, icon="refresh")
        self.clear()

    def clear(self) -> None:
        """Forget what has happened."""
        self.guests: list[Guest] = []
        #: When each offset was acknowledged to Ann, in seconds since the start.
        self.stored: dict[int, float] = {}
        #: For each server and the engine: what happened, when it began, and when it was over; None: not yet.
        self.outages: dict[str, list[list[Any]]] = {name: [] for name in (*LETTERS, ENGINE)}
        self.began, self.seconds = clock(), inf  # until the story is over

    # What runs

    async def first(self) -> None:
        """Kill a server, and wait until its resuming client is on another one."""
        await self._run(self._kill_once)

    async def experiment(self) -> None:
        """Let Ann write for a minute; the buttons do the rest."""
        await self._run(self._for_a_minute)

    async def _kill_once(self) -> None:
        await asyncio.sleep(BEFORE)
        killing = asyncio.create_task(self.kill("a", ENOUGH))
        try:
            resuming = self.guests[1]
            await until(lambda: isinstance(resuming, Resuming) and resuming.comebacks > 0, ENOUGH)
            await asyncio.sleep(AFTER)
        finally:
            await tasks.end([killing], STOP_TIMEOUT, "several-servers lab")

    async def _for_a_minute(self) -> None:
        while (at := self.elapsed()) < RUN:
            self.progress(at, RUN)
            self.say(f"{RUN - at:.0f} s left. Choose a server or the engine, and press Kill or Freeze.")
            await asyncio.sleep(min(0.5, RUN - at))

    async def _run(self, story: Any) -> None:
        self.clear()
        self.say("Starting three servers and the engine …")
        async with Cluster("feed", len(LETTERS)) as self.cluster, self.acting():
            urls = dict(zip(LETTERS, self.cluster.urls, strict=True))
            self.guests = [kind(letter, urls) for letter in LETTERS for kind in (Naive, Resuming)]
            running = [asyncio.create_task(guest.run()) for guest in self.guests]
            try:
                await self._with_ann(list(urls.values()), story)
            finally:
                self._there.clear()
                await tasks.end(running, STOP_TIMEOUT, "several-servers lab")

    async def _with_ann(self, urls: list[str], story: Any) -> None:
        async with asyncio.timeout(ENOUGH) as limit:
            await asyncio.gather(*(guest.ready.wait() for guest in self.guests))
            room = Subscription(urls[::-1], ROOM, base=BASE, cap=CAP, silence=SILENCE, max_retry_after=1.0)
            async with room:
                limit.reschedule(None)
                await self._story(room, story)

    async def _story(self, room: Subscription, story: Any) -> None:
        self.began = clock()
        self._there.set()
        writing = [asyncio.create_task(self._ann(room)), asyncio.create_task(self._ann_reads(room))]
        try:
            async with self.picture.live(self.figure):
                await story()
                await tasks.end(writing[:1], STOP_TIMEOUT, "several-servers lab")
                resuming = [guest for guest in self.guests if isinstance(guest, Resuming)]
                await until(lambda: not any(self.missed(guest, settled=True) for guest in resuming), ENOUGH)
                self.seconds = self.elapsed()
        finally:
            await tasks.end(writing, STOP_TIMEOUT, "several-servers lab")

    async def _ann(self, room: Subscription) -> None:
        """Write Ann's messages, one after the other, each until it is stored."""
        count = 0
        while True:
            count += 1
            self.stored[await room.send(f"message {count}")] = self.elapsed()
            await asyncio.sleep(1 / self.rate.value)

    async def _ann_reads(self, room: Subscription) -> None:
        async for _ in room:
            pass  # what is unread would wait in memory

    # What the buttons do

    @asynccontextmanager
    async def _outage(self, name: str, what: str) -> AsyncIterator[None]:
        """Note that something is not there during the block."""
        self.outages[name].append(outage := [what, self.elapsed(), None])
        try:
            yield
        finally:
            outage[2] = self.elapsed()

    async def kill(self, name: str | None = None, seconds: float | None = None) -> None:
        """Kill a server or the engine, and wait until it has been started again."""
        name = name or self.target.value
        await self._there.wait()
        async with self._outage(name, "killed"):
            await self.cluster.kill(name, seconds or self.away.value)
            await self.cluster.ready(name)

    async def freeze(self) -> None:
        """Freeze a server or the engine for a while."""
        name = self.target.value
        await self._there.wait()
        async with self._outage(name, "frozen"):
            self.cluster.freeze(name)
            try:
                await asyncio.sleep(self.away.value)
            finally:
                self.cluster.resume(name)

    async def restart(self) -> None:
        """Drain all servers, one after another."""
        await self._there.wait()
        for letter in LETTERS:
            async with self._outage(letter, "draining"):
                await self.cluster.drain(letter)

    # What it shows

    def missed(self, guest: Guest, *, settled: bool = False) -> int:
        """Return how many stored messages a client has not received; `settled`: those just now too."""
        latest = self.elapsed() - (0 if settled or self.seconds < inf else LATE)
        return sum(at <= latest and not guest.shown[offset] for offset, at in self.stored.items())

    def verdict(self) -> str:
        """Return what the clients have missed and received twice, in one line."""
        if not self.guests:
            return ""
        words = []
        for kind in (Naive, Resuming):
            some = [guest for guest in self.guests if isinstance(guest, kind)]
            missed, twice = sum(map(self.missed, some)), sum(guest.twice for guest in some)
            words.append(f"the three {kind.name} clients: missed {missed}, twice {twice}")
        resuming = [guest for guest in self.guests if isinstance(guest, Resuming)]
        back, gaps = sum(one.comebacks for one in resuming), sum(len(one.room.gaps) for one in resuming)
        text = f"{'; '.join(words)}, recovered {back - gaps} of {back}. {len(self.stored)} messages were stored."
        return text[0].upper() + text[1:]

    def figure(self) -> tuple[Figure, str]:
        """Draw a lane for each server and the engine, and below that a table with a row for each client."""
        drawn, (top, low) = figure(2, height=5)
        drawn.set_layout_engine("none")
        top.set_position([0.12, 0.66, 0.84, 0.26])
        low.set_position([0.02, 0.0, 0.965, 0.52])
        self._lanes(top)
        low.axis("off")
        rows = [HEADS, *map(self._row, self.guests)]
        for number, row in enumerate(rows):
            y = 1 - (number + 0.5) / 7
            for x, word in zip(COLUMNS, row, strict=True):
                low.text(x, y, word, va="center", fontsize=14, fontweight="bold" if number == 0 else "normal")
        low.axhline(1 - 1 / 7, color=DARK_GREY, lw=1)
        low.set(xlim=(0, 1), ylim=(0, 1))
        return drawn, self.verdict()

    def _row(self, guest: Guest) -> tuple[str, ...]:
        missed = self.missed(guest)
        marked = f"✕ {missed}" if missed else "0"
        name = f"{guest.name} {guest.letter}"
        return name, guest.place, str(guest.last or "–"), marked, str(guest.twice), guest.recovered

    def _lanes(self, ax: Axes) -> None:
        high = max(self.elapsed(), 2.0)
        start = max(0.0, high - WINDOW)
        names = [*LETTERS, ENGINE]
        ax.set(xlim=(start, high), ylim=(-0.5, 3.5))
        ax.set_yticks([3, 2, 1, 0], [*(f"server {letter}" for letter in LETTERS), ENGINE])
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.set_title("seconds since the start; ▨ not there", loc="left", fontsize=14)
        ax.spines[["top", "right", "left"]].set_visible(False)
        for lane, name in zip((3, 2, 1, 0), names, strict=True):
            colour = BLUE if name == ENGINE else PALE_BLUE
            ax.broken_barh([(0, self.elapsed())], (lane - 0.3, 0.6), facecolor=colour)
            for what, began, over in self.outages[name]:
                width = (self.elapsed() if over is None else over) - began
                ax.broken_barh([(began, width)], (lane - 0.4, 0.8), facecolor="white", edgecolor=DARK_GREY, hatch="///")
                at = max(began, start)
                ax.text(at + 0.05, lane, what, va="center", fontsize=13, clip_on=True, bbox={
                    "facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


several_servers_lab = SeveralServersLab.open
