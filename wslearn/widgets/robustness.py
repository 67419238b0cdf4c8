"""The robustness lab: attack a server at a button's press, and watch somebody who only wants to talk. Lesson 07."""

import asyncio
from html import escape
from statistics import median
from time import perf_counter as clock

import ipywidgets as widgets

from wslearn.theme import BLUE, DARK_GREY, PALE_ORANGE, RUST
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.robustness_cast import ATTACKS, SERVERS, Attack, Ben

#: How long Run runs, and the first run, in seconds.
RUN, FIRST = 30.0, 2.2
#: In the first run, which presses the buttons itself, one attack follows the other after so many seconds.
APART = 0.25
#: From here on a person notices a delay, in seconds (Nielsen, "Usability Engineering", 1993, chapter 5).
NOTICED = 0.1
#: What the vertical axis shows, in milliseconds, and attacks that the table remembers.
LOWEST, HIGHEST, ROWS = 0.2, 20_000, 8
#: How much of a line of the server's log the table shows, in characters.
LINE = 90
WRAPPED = "style='white-space:normal;text-align:left;vertical-align:top'"
ATTACKED, FINE = RUST, BLUE


class RobustnessLab(Dashboard):
    """Ben's round trips, live, and above them the attacks with what became of the attackers."""

    def __init__(self) -> None:
        self.server_kind = widgets.ToggleButtons(description="Server", options=list(SERVERS))
        self.server_kind.style.button_width = "7.5em"
        super().__init__("Robustness: does Ben notice?", self.server_kind)
        self.buttons = {
            name: self.action(name[0].upper() + name[1:], lambda name=name: self.attack(name)) for name in ATTACKS
        }
        self.clear()

    def clear(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.details.children = ()

    async def first(self) -> None:
        await self._conduct(FIRST, self._all_attacks)

    async def experiment(self) -> None:
        await self._conduct(RUN)

    async def _all_attacks(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name in ATTACKS:
                await asyncio.sleep(APART)
                group.create_task(self.attack(name))

    async def _conduct(self, seconds: float, program=None) -> None:
        self.seconds, self.kind, self.attacks = seconds, self.server_kind.value, []
        async with SERVERS[self.kind]() as self.server, self.acting():
            self.began = clock()
            self.ben = Ben(self.server.url, self.began)
            async with self.picture.live(self.figure), asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.ben.live())]
                if program:
                    tasks.append(group.create_task(program()))
                while (at := self.elapsed()) < seconds:
                    self.progress(at, seconds)
                    await asyncio.sleep(min(0.1, seconds - at))
                for task in tasks:
                    task.cancel()

    def elapsed(self) -> float:
        """Return the seconds since the start, at most those of a run."""
        return min(self.seconds, clock() - self.began)

    async def attack(self, name: str) -> None:
        """Attack the server, and write down what became of it."""
        if self.elapsed() == self.seconds:
            return  # the run is just ending
        attack = Attack(name, self.elapsed())
        self.attacks.append(attack)
        try:
            await attack.run(self.server)
        finally:
            attack.ended = self.elapsed()
        self._remember(attack)

    # What is shown

    def figure(self):
        """Draw the attacks and Ben's round trips as they are now; return the figure and its message in one line."""
        drawn, (above, ax) = figure(2, height=6.2, sharex=True, gridspec_kw={"height_ratios": [2, 3]})
        self._draw_attacks(above)
        ax.axhline(1000 * NOTICED, color=DARK_GREY, linestyle=":", linewidth=1.5)
        ax.text(0.99 * self.seconds, 1150 * NOTICED, "a person notices", ha="right", color=DARK_GREY, fontsize=13)
        ax.plot([sent for sent, _ in self.ben.trips], [1000 * took for _, took in self.ben.trips], "o-", color=FINE)
        self._draw_waits(ax)
        ax.set(xlim=(0, self.seconds), ylim=(LOWEST, HIGHEST), yscale="log")
        ax.set_yticks([1, 10, 100, 1000, 10_000], ["1 ms", "10 ms", "0.1 s", "1 s", "10 s"])
        ax.set_xlabel("seconds", fontsize=14)
        ax.set_ylabel("Ben's round trip\n(each mark: 10 times longer)", fontsize=14)
        return drawn, self.message()

    def _draw_waits(self, ax) -> None:
        """Draw what did not come back: how long Ben waits, or had waited when he was thrown out."""
        waits, elapsed = list(self.ben.lost), self.elapsed()
        if self.ben.waits_since is not None:
            waits.append((self.ben.waits_since, elapsed - self.ben.waits_since))
        waits = [(sent, waited) for sent, waited in waits if waited > NOTICED]
        ax.plot([sent for sent, _ in waits], [1000 * waited for _, waited in waits], "^", color=ATTACKED, markersize=13)
        if waits:
            sent, waited = max(waits, key=lambda wait: wait[1])
            ax.text(sent, 1800 * waited, f"waited for {waited:.1f} s", color=ATTACKED, fontsize=14, ha=self._side(sent))
        if out := self.ben.thrown_out(0, elapsed):
            ax.plot(out, [HIGHEST / 2] * len(out), "X", color="black", markersize=12)
            at, side = (out[0], "left") if out[0] < 0.55 * self.seconds else (out[-1], "right")
            ax.text(at, HIGHEST / 3.5, f"Ben is thrown out: {len(out)} times", va="top", fontsize=14, ha=side)

    def _side(self, at: float) -> str:
        return "left" if at < self.seconds / 2 else "right"

    def _draw_attacks(self, ax) -> None:
        names = list(ATTACKS)
        for attack in self.attacks:
            y, ended = names.index(attack.name), self.elapsed() if attack.ended is None else attack.ended
            width = max(ended - attack.began, self.seconds / 150)
            ax.broken_barh(
                [(attack.began, width)], (y - 0.36, 0.72), facecolor=PALE_ORANGE, edgecolor=ATTACKED, hatch="//"
            )
        for y, name in enumerate(names):
            if ends := [verdict(attack) for attack in self.attacks if attack.name == name]:
                text = ends[-1] if len(ends) == 1 else f"{ends[-1]} ({len(ends)}×)"
                ax.text(1.01, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=14)
        ax.set_yticks(range(len(names)), names)
        ax.set(ylim=(len(names) - 0.4, -0.6))
        ax.set_title(f"{self.kind} server: attacks, and how they ended", loc="left", fontsize=17)

    def message(self) -> str:
        """Say in one line how Ben fared, and how the attacks ended."""
        times, elapsed = [took for _, took in self.ben.trips], self.elapsed()
        slowest, out = self.ben.slowest(0, elapsed), len(self.ben.thrown_out(0, elapsed))
        typical = f"median {1000 * median(times):.1f} ms, " if times else ""
        attacks = "; ".join(f"{attack.name}: {verdict(attack)}" for attack in self.attacks)
        return (
            f"{self.kind} server: Ben's round trips: {typical}slowest {1000 * slowest:.0f} ms; "
            f"thrown out {out} times. {attacks and f'Attacks: {attacks}.'}"
        ).rstrip()

    def _remember(self, attack: Attack) -> None:
        ended = attack.ended
        out = len(self.ben.thrown_out(attack.began, ended))
        logged = attack.logged
        line = f"{logged.kind} {logged.text} {logged.code or ''} {logged.reason}".rstrip() if logged else "no line"
        row = (
            f"{attack.name} ({self.kind})",
            attack.saw,
            line if len(line) <= LINE else f"{line[:LINE]}…",
            f"{1000 * self.ben.slowest(attack.began, ended):.0f} ms" + (f", thrown out {out} times" if out else ""),
        )
        self.rows = [*self.rows, row][-ROWS:]
        heads = ("attack", "the attacker saw", "the server's log", "Ben waited at most")
        rows = ["".join(f"<th {WRAPPED}>{head}</th>" for head in heads)]
        rows += ["".join(f"<td {WRAPPED}>{escape(cell)}</td>" for cell in row) for row in self.rows]
        self.details.children = [widgets.HTML(f"<table><tr>{'</tr><tr>'.join(rows)}</tr></table>")]


def verdict(attack: Attack) -> str:
    """Return in a few words what became of an attack."""
    if not attack.saw:
        return "still going on"
    if attack.logged and "aborted" in attack.logged.text:
        return "dropped"
    return " ".join(attack.saw.split()[:2]) if attack.saw.startswith("closed") else attack.saw


async def robustness_lab() -> RobustnessLab:
    """Show the lab below the current cell, and return it after its first, short run."""
    return await RobustnessLab().show()
