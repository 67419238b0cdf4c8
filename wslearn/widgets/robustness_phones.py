"""The robustness lab with the phones of a class: what becomes of a slow phone, and of all the others? Lesson 07.

The naive server waits for each phone. The protected one keeps what a slow phone has not taken, up to a limit, and then
drops the connection. The phone's page reconnects automatically.
"""

import asyncio

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn.classroom.servers import ClassServers
from wslearn.theme import BLUE, DARK_GREY, RUST
from wslearn.widgets.kit.picture import SIZE
from wslearn.widgets.lanes import fonts_of, legible
from wslearn.widgets.phones import SlowPhoneLab

#: How long Run and the first run take, and between two looks at the unsent bytes, in seconds.
RUN, FIRST, LOOK = 20.0, 2.5, 0.1
#: Messages a second, bytes that may wait for a slow phone, and how many runs the table remembers.
PER_SECOND, LIMIT, RUNS = 4, 1000, 5
COLUMNS = ("server", "slow", "others answered", "median there and back", "longest wait", "most unsent", "dropped")


class PhonesRobustnessLab(SlowPhoneLab):
    """Above, the bytes that wait for slow phones, and when one was dropped and came back; below, a lane for each."""

    def __init__(self, board: ClassServers) -> None:
        self.server_kind = widgets.ToggleButtons(description="Server", options=["protected", "naive"])
        self.server_kind.style.button_width = "7.5em"
        super().__init__(board, "Robustness: does the class notice a slow phone?", self.server_kind)

    async def first(self) -> None:
        """Run for a moment."""
        await self._compare(FIRST)

    async def experiment(self) -> None:
        """Run with the server that was chosen."""
        await self._compare(RUN)

    async def _compare(self, seconds: float) -> None:
        self.kind = self.server_kind.value
        self.in_turn = self.kind == "naive"
        #: When so many bytes waited for a slow phone.
        self.unsent: list[tuple[float, int]] = []
        #: When a phone was back that was dropped, by the number of the drop.
        self.back: dict[int, float] = {}
        await self.conduct(seconds, "Does the class notice a slow phone?", PER_SECOND, LIMIT, self._watch)
        most = max((unsent for _, unsent in self.unsent), default=0)
        row = (self.kind, *self.cells(), f"{most:,} bytes", f"{len(self.phones.dropped)}, {len(self.back)} came back")
        self.remember(COLUMNS, row, most=RUNS)

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(LOOK)

    def _look(self) -> None:
        for number, (_, phone) in enumerate(self.phones.dropped):
            if number not in self.back and self.phones.is_back(phone):
                self.back[number] = self.elapsed()
        self.unsent.append((self.elapsed(), max(map(self.phones.unsent, self.slow), default=0)))

    async def send(self, text: str, due: float) -> None:
        """Send a message as the server does, and look what still waits."""
        await super().send(text, due)
        self._look()

    def figure(self) -> tuple[Figure, str]:
        """Draw the unsent bytes and the lanes as they are now."""
        drawn = self.picture_of_lanes(above=0.3)
        ax = drawn.above
        ax.step([at for at, _ in self.unsent], [unsent for _, unsent in self.unsent], where="post", color=RUST)
        ax.axhline(LIMIT, color=DARK_GREY, linestyle=":", linewidth=1.5)
        ax.text(self.seconds, 1.05 * LIMIT, "limit", ha="right", color=DARK_GREY)
        dropped = [at - self.start for at, _ in self.phones.dropped]
        for found, marker, colour in ((dropped, "X", "black"), ([*self.back.values()], "o", BLUE)):
            ax.plot(found, [LIMIT / 2] * len(found), marker, linestyle="", color=colour, markersize=11)
        if dropped:
            back = f", back after {self.back[0] - dropped[0]:.1f} s" if 0 in self.back else ""
            name = legible(self.phones.dropped[0][1].person.name)
            ax.set_title(f"{name} dropped{back}", loc="right", fontsize=SIZE, parse_math=False, **fonts_of(name))
        ax.set(ylim=(-0.05 * LIMIT, 1.4 * LIMIT))
        ax.set_title("unsent bytes", loc="left", fontsize=SIZE)
        does = "waits for a slow phone in its loop" if self.kind == "naive" else "keeps what a slow phone has not taken"
        drawn.title(f"{self.kind} server: it {does}")
        fate = f" Slow phones were dropped {times(len(dropped))}, and came back {times(len(self.back))}."
        return drawn.figure, f"{self.kind} server: {self.words()}{fate * bool(dropped)}"


def times(count: int) -> str:
    """Return how often something happened, in words."""
    return "once" if count == 1 else f"{count} times"
