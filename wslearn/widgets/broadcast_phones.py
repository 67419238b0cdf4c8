"""The fan-out lab with the phones of a class: somebody's phone is slow. Who has to wait? Lesson 03."""

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn.classroom.servers import ClassServers
from wslearn.widgets.phones import SlowPhoneLab

#: How long Run and the first run take, in seconds, and how many runs the table remembers.
RUN, FIRST, RUNS = 16.0, 2.5, 5
COLUMNS = ("sent with", "slow", "others answered", "median there and back", "longest wait")
#: How a message is sent to all, by the name in the lab.
CODE = {"awaited loop": "for client in clients: await client.send(message)", "fan_out": "fan_out(clients, message)"}


class PhonesFanOutLab(SlowPhoneLab):
    """The class's phones get a message four times a second, from a loop of awaited sends or from `fan_out`."""

    def __init__(self, board: ClassServers) -> None:
        self.sent_with = widgets.Dropdown(description="Sent with", options=list(CODE))
        self.rate = widgets.IntSlider(description="Messages/s", value=4, min=1, max=5)
        title = "Fan-out to the class: who waits for a slow phone?"
        super().__init__(board, title, self.sent_with, self.rate)

    async def first(self) -> None:
        """Run for a moment."""
        await self._compare(FIRST)

    async def experiment(self) -> None:
        """Run with what the controls say."""
        await self._compare(RUN)

    async def _compare(self, seconds: float) -> None:
        self.kind = self.sent_with.value
        self.in_turn = self.kind != "fan_out"
        await self.conduct(seconds, "Who waits for a slow phone?", self.rate.value)
        self.remember(COLUMNS, (self.kind, *self.cells()), most=RUNS)

    def figure(self) -> tuple[Figure, str]:
        """Draw the lanes as they are now."""
        drawn = self.picture_of_lanes()
        drawn.title(CODE[self.kind])
        skipped = sum(person in self.slow for each in self.deliveries for person in each.skipped)
        left_out = f" {skipped} messages were replaced by a newer one before a slow phone took them." if skipped else ""
        return drawn.figure, f"{self.kind}: {self.words()}{left_out}"
