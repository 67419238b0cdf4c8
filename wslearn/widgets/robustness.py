"""The robustness lab: attack a server at the press of a button, and watch Bob, who only wants to chat. Lesson 07."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from statistics import median
from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wslearn.classroom.servers import ClassServers
from wslearn.theme import BLUE, DARK_GREY, PALE_ORANGE, RUST
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.robustness_bob import Bob
from wslearn.widgets.robustness_cast import ATTACKS, SERVERS, Attack
from wslearn.widgets.robustness_phones import PhonesRobustnessLab

#: How long Run takes, and the first run at most, in seconds.
RUN, FIRST = 30.0, 2.6
#: The first run presses the buttons itself, with so many seconds between two attacks.
APART = 0.25
#: From here on a person notices a delay, in seconds (Nielsen, "Usability Engineering", 1993, chapter 5).
NOTICED = 0.1
#: What the vertical axis shows, in milliseconds.
LOWEST, HIGHEST = 0.2, 20_000
#: How many attacks the table remembers, how much of a line of the server's log it shows, and its columns.
ROWS, LINE = 8, 90
COLUMNS = ("attack", "the attacker saw", "the server's log", "Bob's longest wait")


class RobustnessLab(Dashboard):
    """Bob's round trips, live, and above them the attacks and how they ended."""

    def __init__(self) -> None:
        self.server_kind = widgets.ToggleButtons(description="Server", options=list(SERVERS))
        self.server_kind.style.button_width = "7.5em"
        super().__init__("Robustness: does Bob notice the attacks?", self.server_kind)
        self._serves: asyncio.Task | None = None  # the run whose server can be attacked
        self._opened = asyncio.Event()
        self.buttons = {name: self.action(name[0].upper() + name[1:], partial(self.attack, name)) for name in ATTACKS}

    async def first(self) -> None:
        """Show all attacks, one after the other."""
        await self._conduct(FIRST, self._all_attacks)

    async def experiment(self) -> None:
        """Run while the buttons do the rest."""
        self.say(f"Running for {RUN:.0f} s: press an attack, and watch how long Bob waits.")
        await self._conduct(RUN)

    async def _all_attacks(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name in ATTACKS:
                await asyncio.sleep(APART)
                group.create_task(self.attack(name))
        self.seconds = self.elapsed()

    async def _conduct(self, seconds: float, *program: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.kind, self.attacks = self.server_kind.value, list[Attack]()
        async with SERVERS[self.kind]() as self.server, AsyncExitStack() as self._stay, self.acting():
            self.bob = Bob(self.server.url, self.elapsed)
            try:
                await self.run_for(seconds, self.bob.live, partial(self._opens, asyncio.current_task()), *program)
            finally:
                self._serves = None

    async def _opens(self, run: asyncio.Task | None) -> None:
        self._serves = run
        self._opened.set()
        self._opened.clear()

    async def attack(self, name: str) -> None:
        """Attack the server as soon as it is up, and record how the attack ended, and what became of Bob."""
        while self._serves is not self.task.last:  # this run is only beginning, or an earlier one has to end first
            await self._opened.wait()
        attack = Attack(name, self.elapsed())
        self.attacks.append(attack)
        await attack.run(self.server, self._stay)
        for _ in range(2):  # the naive server answers Bob's next message, and only then throws him out
            await self.bob.settled(self.elapsed())
        self._add_row(attack, self.elapsed())

    # What is shown

    def figure(self) -> tuple[Figure, str]:
        """Draw the attacks and Bob's round trips as they are now."""
        drawn, (above, ax) = figure(2, height=5.6, sharex=True, gridspec_kw={"height_ratios": [2, 3]})
        self._draw_attacks(above)
        ax.axhline(1000 * NOTICED, color=DARK_GREY, linestyle=":", linewidth=1.5)
        words = "above: people notice the delay"
        ax.text(0.99 * self.seconds, 1150 * NOTICED, words, ha="right", color=DARK_GREY, fontsize=13)
        ax.plot([sent for sent, _ in self.bob.trips], [1000 * took for _, took in self.bob.trips], "o-", color=BLUE)
        self._draw_waits(ax)
        ax.set(xlim=(0, self.seconds), ylim=(LOWEST, HIGHEST), yscale="log")
        ax.set_yticks([1, 10, 100, 1000, 10_000], ["1 ms", "10 ms", "0.1 s", "1 s", "10 s"])
        ax.set_xlabel("seconds", fontsize=14)
        ax.set_ylabel("Bob's round trip\n(logarithmic scale)", fontsize=14)
        return drawn, self._line()

    def _draw_waits(self, ax: Axes) -> None:
        """Draw the messages that did not come back: how long Bob waits, or waited before he lost the connection."""
        waits, elapsed = list(self.bob.lost), self.elapsed()
        if self.bob.waits_since is not None:
            waits.append((self.bob.waits_since, elapsed - self.bob.waits_since))
        waits = [(sent, waited) for sent, waited in waits if waited > NOTICED]
        ax.plot([sent for sent, _ in waits], [1000 * waited for _, waited in waits], "^", color=RUST, markersize=13)
        if waits:
            sent, waited = max(waits, key=lambda wait: wait[1])
            side = "left" if sent < self.seconds / 2 else "right"
            ax.text(sent, 1800 * waited, f"waited for {waited:.1f} s", color=RUST, fontsize=14, ha=side)
        if out := self.bob.thrown_out(0, elapsed):
            ax.plot(out, [HIGHEST / 2] * len(out), "X", color="black", markersize=12)
            at, side = (out[0], "left") if out[0] < 0.55 * self.seconds else (out[-1], "right")
            ax.text(at, HIGHEST / 3.5, f"Bob was disconnected {_times(len(out))}", va="top", fontsize=14, ha=side)

    def _draw_attacks(self, ax: Axes) -> None:
        names, over = list(ATTACKS), self.elapsed() == self.seconds
        for attack in self.attacks:
            ended = self.elapsed() if attack.ended is None else attack.ended
            bar = (attack.began, max(ended - attack.began, self.seconds / 150))
            lane = (names.index(attack.name) - 0.36, 0.72)
            ax.broken_barh([bar], lane, facecolor=PALE_ORANGE, edgecolor=RUST, hatch="//")
        for y, name in enumerate(names):
            if ends := [attack.verdict(over) for attack in self.attacks if attack.name == name]:
                # There is room for one line: the line below the picture and the table also say "nobody stopped it".
                text = ends[-1].split(", ")[-1] + f" ({len(ends)}×)" * (len(ends) > 1)
                ax.text(1.01, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=14)
        ax.set_yticks(range(len(names)), names)
        ax.set(ylim=(len(names) - 0.4, -0.6))
        ax.set_title(f"{self.kind} server: attacks, and how they ended", loc="left", fontsize=17)

    def _line(self) -> str:
        times, elapsed = [took for _, took in self.bob.trips], self.elapsed()
        slowest, out = self.bob.slowest(0, elapsed), len(self.bob.thrown_out(0, elapsed))
        typical = f"median {1000 * median(times):.1f} ms, " if times else ""
        last = {
            attack.name: attack.verdict(elapsed == self.seconds) for attack in self.attacks
        }  # of each kind, or the line would grow and grow
        attacks = "; ".join(f"{name}: {verdict}" for name, verdict in last.items())
        return (
            f"{self.kind} server: Bob's round trips: {typical}slowest {1000 * slowest:.0f} ms; "
            f"he was disconnected {_times(out)}.{attacks and f' Attacks: {attacks}.'}"
        )

    def _add_row(self, attack: Attack, until: float) -> None:
        out, logged = len(self.bob.thrown_out(attack.began, until)), attack.logged
        line = f"{logged.kind} {logged.text} {logged.code or ''} {logged.reason}".rstrip() if logged else "no line"
        row = (
            f"{attack.name} ({self.kind})",
            attack.saw,
            line if len(line) <= LINE else f"{line[:LINE]}…",
            f"{1000 * self.bob.slowest(attack.began, until):.0f} ms" + f", disconnected {_times(out)}" * bool(out),
        )
        self.remember(COLUMNS, row, most=ROWS, long=True)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


async def robustness_lab(phones: ClassServers | None = None) -> Dashboard:
    """Show the lab. With `phones`, which `await classroom()` has returned, a phone of the class is the slow client."""
    return await (RobustnessLab() if phones is None else PhonesRobustnessLab(phones)).show()
