"""The robustness lab with the phones of a class: what becomes of a slow phone, and of all the others? Lesson 07.

The naive server waits for each phone. The protected one keeps what a slow phone has not taken, up to a limit, and then
drops the connection. The phone's page reconnects automatically.
"""

import asyncio

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn.classroom.people import Person
from wslearn.classroom.servers import ClassServers
from wslearn.theme import BLUE, DARK_GREY, RUST
from wslearn.widgets.kit.picture import SIZE
from wslearn.widgets.lanes import legible
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
        #: When so many bytes waited for a slow phone, and when a phone was dropped or came back after that.
        self.unsent: list[tuple[float, int]] = []
        self.dropped: list[tuple[float, Person]] = []
        self.back: list[tuple[float, Person]] = []
        await self.conduct(seconds, "Does the class notice a slow phone?", PER_SECOND, LIMIT, self._watch)
        most = max((unsent for _, unsent in self.unsent), default=0)
        row = (self.kind, *self.cells(), f"{most:,} bytes", f"{len(self.dropped)}, {len(self.back)} came back")
        self.remember(COLUMNS, row, most=RUNS)

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(LOOK)

    def _look(self) -> None:
        here, gone = set(self.phones.people), [person for _, person in self.dropped]
        for person in self.slow:
            away = gone.count(person) > [one for _, one in self.back].count(person)
            if away == (person in here):
                (self.back if away else self.dropped).append((self.elapsed(), person))
        self.unsent.append((self.elapsed(), max(map(self.phones.unsent, self.slow), default=0)))

    async def send(self, text: str, due: float) -> None:
        """Send a message as the server does."""
        if self.kind == "protected":
            self.deliveries.append(self.phones.publish(text, due=due))
        else:
            self.deliveries.append(self.phones.prepare(text, due=due))
            await self.phones.send_in_turn(self.deliveries[-1])
        self._look()

    def figure(self) -> tuple[Figure, str]:
        """Draw the unsent bytes and the lanes as they are now."""
        drawn = self.picture_of_lanes(above=0.3)
        ax = drawn.above
        ax.step([at for at, _ in self.unsent], [unsent for _, unsent in self.unsent], where="post", color=RUST)
        ax.axhline(LIMIT, color=DARK_GREY, linestyle=":", linewidth=1.5)
        ax.text(self.seconds, 1.05 * LIMIT, "limit", ha="right", color=DARK_GREY)
        for found, marker, colour in ((self.dropped, "X", "black"), (self.back, "o", BLUE)):
            ax.plot([at for at, _ in found], [LIMIT / 2] * len(found), marker, color=colour, markersize=11)
        for at, person in self.dropped[:1]:
            back = f", back after {self.back[0][0] - at:.1f} s" if self.back else ""
            ax.set_title(f"{legible(person.name)} dropped{back}", loc="right", fontsize=SIZE, parse_math=False)
        ax.set(ylim=(-0.05 * LIMIT, 1.4 * LIMIT))
        ax.set_title("unsent bytes", loc="left", fontsize=SIZE)
        does = "waits for a slow phone in its loop" if self.kind == "naive" else "keeps what a slow phone has not taken"
        drawn.title(f"{self.kind} server: it {does}")
        fate = f" Slow phones were dropped {times(self.dropped)}, and came back {times(self.back)}."
        return drawn.figure, f"{self.kind} server: {self.words()}{fate * bool(self.dropped)}"


def times(events: list[tuple[float, Person]]) -> str:
    """Return how often something happened, in words."""
    return "once" if len(events) == 1 else f"{len(events)} times"
