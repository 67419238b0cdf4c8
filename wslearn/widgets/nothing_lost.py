"""The nothing-lost lab: cut the cable of three clients, and read what each has missed and doubled. Lesson 09."""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from math import inf
from time import perf_counter as clock
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wslearn.common import tasks
from wslearn.common.polling import until
from wslearn.limits import Limits
from wslearn.messages import BadMessage, FeedMessage, decode, encode, now
from wslearn.network import SimulatedNetwork
from wslearn.servers.feed import FeedServer
from wslearn.theme import BLUE, DARK_GREY, ORANGE, RUST
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.kit.task import STOP_TIMEOUT
from wslearn.widgets.nothing_lost_cast import KINDS, ROOM, Guest

#: One way, in seconds; and how long a message may take before it counts as missed, until it comes.
DELAY, LATE = 0.03, 0.3
#: How long Run takes, how much of it the picture shows, and how often each of the three clients writes, in seconds.
RUN, WINDOW, WRITES = 60.0, 12.0, 0.5
#: The first run: how long before the cable is cut, how long it is cut, and how long after that, in seconds.
BEFORE, AWAY, AFTER = 0.4, 0.5, 0.4
#: How long the lab waits for what has to come, in seconds.
ENOUGH = 20.0


class NothingLostLab(Dashboard):
    """A `FeedServer`, Ann who writes to its room, and three clients that read it, each with its own cable.

    - `away`, `rate`: sliders: how long the cables stay cut, in seconds, and how many messages Ann writes a second.
    - `cut_button`: cuts each client's cable just after its own message has arrived at the server, so the ack is lost.
    - `restart_button`: replaces the server by a new one, which has forgotten everything and has a new epoch.
    """

    def __init__(self) -> None:
        self.away = widgets.FloatSlider(description="Away (s)", value=1, min=0.2, max=3, step=0.2)
        self.rate = widgets.IntSlider(description="Messages/s", value=8, min=1, max=20)
        super().__init__("Nothing lost: what does each client miss?", self.away, self.rate)
        self.cut_button = self.action("Cut the cables", self.cut, icon="scissors")
        self.restart_button = self.action("New server", self.restart, icon="refresh")
        self.clear()

    def clear(self) -> None:
        """Forget what has happened."""
        self.guests: list[Guest] = []
        #: When each text was stored, in seconds since the start; more than once for a doubled one.
        self.stored: dict[str, list[float]] = defaultdict(list)
        self.restarts: list[float] = []
        self.seconds = inf  # until the story is over
        self._cutting: set[Guest] = set()
        self.count = 0

    # What runs

    async def first(self) -> None:
        """Cut the cables once, for a moment."""
        await self._run(self._cut_once)

    async def experiment(self) -> None:
        """Let everybody write for a minute; the buttons do the rest."""
        await self._run(self._for_a_minute)

    async def _cut_once(self) -> None:
        await asyncio.sleep(BEFORE)
        await self.cut(AWAY)
        await asyncio.sleep(AFTER)

    async def _for_a_minute(self) -> None:
        while (at := self.elapsed()) < RUN:
            self.progress(at, RUN)
            self.say(f"{RUN - at:.0f} s left. Press Cut the cables, as often as you like.")
            await asyncio.sleep(0.5)

    async def _run(self, story: Any) -> None:
        self.clear()
        self.server = await self._start(0)
        try:
            async with AsyncExitStack() as stack:
                cables = [SimulatedNetwork(self.server.url, delay=DELAY) for _ in KINDS]
                self.guests = [
                    kind(await stack.enter_async_context(one)) for kind, one in zip(KINDS, cables, strict=True)
                ]
                running = [asyncio.create_task(guest.run()) for guest in self.guests]
                try:
                    async with asyncio.timeout(ENOUGH):
                        await asyncio.gather(*(guest.ready.wait() for guest in self.guests))
                    self.began = clock()
                    await self._story(story)
                finally:
                    for guest in self.guests:
                        guest.cable.heal()
                        guest.cable.cut()
                    await tasks.end(running, STOP_TIMEOUT, "nothing-lost lab")
        finally:
            await self.server.stop()

    async def _story(self, story: Any) -> None:
        writing = [asyncio.create_task(self._ann()), *(asyncio.create_task(self._writes(one)) for one in self.guests)]
        try:
            async with self.picture.live(self.figure):
                try:
                    await story()
                finally:
                    await tasks.end(writing, STOP_TIMEOUT, "nothing-lost lab")
                await until(lambda: self.guests[-1].gaps or not self.missed(self.guests[-1], settled=True), ENOUGH)
                self.seconds = self.elapsed()
        finally:
            await tasks.end(writing, STOP_TIMEOUT, "nothing-lost lab")

    async def _start(self, port: int) -> FeedServer:
        server = await FeedServer(port=port, limits=Limits(rate=None)).start()
        await server.hub.subscribe(ROOM, self._heard)
        return server

    async def _ann(self) -> None:
        """Store Ann's messages, one after the other."""
        while True:
            self.count += 1
            message = encode(FeedMessage(ROOM, f"Ann {self.count}", "Ann", now()))
            await self.server.hub.publish(ROOM, message.encode(), None)
            await asyncio.sleep(1 / self.rate.value)

    async def _writes(self, guest: Guest) -> None:
        while True:
            await asyncio.sleep(WRITES)
            await guest.write()

    def _heard(self, offset: int, data: bytes) -> None:
        """Take note of a message that the hub has stored; if its sender's cable is to be cut, this is the moment."""
        try:
            text = decode(data.decode(), FeedMessage).message
        except BadMessage:  # nothing else is ever published here
            return
        if self.seconds < inf:  # it was still on its way when the story ended, and the picture does not have it
            return
        self.stored[text].append(self.elapsed())
        for guest in [guest for guest in self._cutting if text.startswith(f"{guest.name} ")]:
            self._cutting.discard(guest)
            guest.outages.append([self.elapsed(), None])
            guest.cable.silence()
            guest.cable.cut()

    async def cut(self, away: float | None = None) -> None:
        """Cut each client's cable just after its own message was stored, and mend it after `away` seconds."""
        here = [guest for guest in self.guests if not guest.gone]
        self._cutting = set(here)
        for guest in here:
            await guest.write()
        await until(lambda: not self._cutting, ENOUGH)
        try:
            await asyncio.sleep(self.away.value if away is None else away)
        finally:
            self._cutting = set()
            for guest in here:
                guest.cable.heal()
                if guest.outages and guest.outages[-1][1] is None:
                    guest.outages[-1][1] = self.elapsed()

    async def restart(self) -> None:
        """Stop the server, and start one with an empty hub at the same port."""
        port = self.server.port
        await self.server.stop()
        self.restarts.append(self.elapsed())
        self.server = await self._start(port)

    # What it shows

    def missed(self, guest: Guest, *, settled: bool = False) -> list[str]:
        """Return the texts that were stored and that this client has not shown; `settled`: those just now too."""
        latest = self.elapsed() - (0 if settled or self.seconds < inf else LATE)
        return [text for text, times in self.stored.items() if times[0] <= latest and not guest.shown[text]]

    def doubled(self, guest: Guest) -> list[str]:
        """Return the texts of this client that were stored twice, and those that were stored once and shown twice."""
        own = [text for text, times in self.stored.items() if len(times) > 1 and text.startswith(f"{guest.name} ")]
        return own + [text for text, count in guest.shown.items() if count > max(1, len(self.stored.get(text, ())))]

    def verdict(self) -> str:
        """Return what each client has missed and doubled, in one line."""
        words = [f"{one.name}: missed {len(self.missed(one))}, doubled {len(self.doubled(one))}" for one in self.guests]
        gaps = self.guests[-1].gaps if self.guests else 0
        told = f" The resuming client told its user {gaps} times that something may be missing." if gaps else ""
        return f"{'; '.join(words)}.{told.replace('1 times', 'once')}"

    def figure(self) -> tuple[Figure, str]:
        """Draw a lane for each client, with a mark for each message at the time when it was stored."""
        drawn, ax = figure(height=5)
        high = max(self.elapsed(), 2.0)
        low = max(0.0, high - WINDOW)
        drawn.set_layout_engine("none")  # matplotlib need not measure the names of the lanes
        ax.set_position([0.175, 0.15, 0.8, 0.75])
        ax.set(xlim=(low, high), ylim=(-0.6, 2.6), xlabel="when the message was stored, in seconds")
        names = [f"{one.name}\nmissed {len(self.missed(one))}\ndoubled {len(self.doubled(one))}" for one in self.guests]
        ax.set_yticks([2, 1, 0], names)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        for lane, guest in zip((2, 1, 0), self.guests, strict=True):
            self._draw(ax, lane, guest)
        for at in self.restarts:
            ax.axvline(at, color="black", linestyle="--")
            ax.text(at, 2.5, " new server", va="center", fontsize=13, clip_on=True)
        ax.set_title("● received   ✕ missed   ■ stored twice   ▨ cable cut", loc="left", fontsize=15)
        return drawn, self.verdict()

    def _draw(self, ax: Axes, lane: int, guest: Guest) -> None:
        for start, end in guest.outages:
            width = (self.elapsed() if end is None else end) - (start or 0)
            ax.broken_barh(
                [(start or 0, width)], (lane - 0.33, 0.66), facecolor="white", edgecolor=DARK_GREY, hatch="////", lw=0.5
            )
        missed, doubled = set(self.missed(guest)), set(self.doubled(guest))
        marks: dict[str, list[float]] = {"o": [], "X": [], "s": []}
        for text, times in self.stored.items():
            if text in missed:
                marks["X"].append(times[0])
            elif guest.shown[text]:
                marks["o"].append(times[0])
            if text in doubled:
                marks["s"].append(times[-1])
        for mark, colour, size in (("o", BLUE, 9), ("X", RUST, 13), ("s", ORANGE, 14)):
            edge = "white" if mark == "o" else "black"
            ax.plot(marks[mark], [lane + 0.2 * (mark == "s")] * len(marks[mark]), mark, color=colour, ms=size, mec=edge)


nothing_lost_lab = NothingLostLab.open
