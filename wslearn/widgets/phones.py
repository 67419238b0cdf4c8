"""What dashboards share whose clients are the phones of a class: what to do, and messages that all phones get.

A phone's page can't stop reading its WebSocket, because the browser reads. So whatever hinders a volunteer's phone is
played by the class's server, for this phone only: see `wslearn.classroom.hindered`.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable
from html import escape
from statistics import median
from time import perf_counter as clock
from typing import Any

import ipywidgets as widgets

from wslearn.classroom.delivery import Delivery
from wslearn.classroom.experiment import Experiment
from wslearn.classroom.people import Person
from wslearn.classroom.servers import ClassServers
from wslearn.theme import BLUE, RUST
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.lanes import Lane, Lanes

#: A gap in a lane is drawn as a wait if it is so many seconds longer than the time between two messages.
WAIT = 0.75
#: What is honest to say about a volunteer's phone.
PLAYED = "A phone can't stop reading a WebSocket. So this computer plays the slow network, for that phone only."
COLOUR = "color:var(--jp-ui-font-color1,#000)"
NOBODY = "Nobody has joined yet: scan the code on the board."


class PhonesDashboard(Dashboard):
    """A dashboard with the phones of `board`; `to_do` tells the class what somebody has to do."""

    def __init__(self, board: ClassServers, title: str, to_do: str, *controls: widgets.Widget) -> None:
        self.board = board
        super().__init__(title, widgets.HTML(f'<div style="{COLOUR}">{escape(to_do)}</div>'), *controls)


class SlowPhoneLab(PhonesDashboard):
    """A message to all phones, again and again, while somebody's phone is slow: a lane for each phone."""

    phones: Experiment
    #: Whether a message is sent with a loop that waits for each phone.
    in_turn: bool

    def __init__(self, board: ClassServers, title: str, *controls: widgets.Widget) -> None:
        super().__init__(board, title, f"Somebody: open More, and press “I am the slow client”. {PLAYED}", *controls)

    async def conduct(
        self, seconds: float, title: str, per_second: float, max_unsent: int = 0, *jobs: Callable[[], Any]
    ) -> None:
        """Run the experiment, and `jobs` side by side with it."""
        self.per_second, self.deliveries = per_second, list[Delivery]()
        #: Everybody who has been slow in this run.
        self.slow: dict[Person, None] = {}
        self.seconds, self.began, self.start = seconds, clock(), asyncio.get_running_loop().time()
        async with self.board.experiment(title, max_unsent=max_unsent) as self.phones:
            await self.picture.draw(self.figure)  # the first drawing takes longest: meanwhile no message is due
            self.start = asyncio.get_running_loop().time()
            await self.run_for(seconds, self._send_each, *jobs)

    async def _send_each(self) -> None:
        for number in itertools.count():
            due = self.start + number / self.per_second
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            self.slow |= {person: None for person in self.phones.people if person.volunteer}
            await self.send(f"Message {number + 1}", due)

    async def send(self, text: str, due: float) -> None:
        """Send a message to all at once, or `in_turn` with awaited sends, and add it to `deliveries`."""
        if self.in_turn:
            self.deliveries.append(self.phones.prepare(text, due=due))
            await self.phones.send_in_turn(self.deliveries[-1])
        else:
            self.deliveries.append(self.phones.publish(text, due=due))

    # What is shown

    def lanes(self) -> dict[Person, Lane]:
        """Return what each phone has answered, slow ones first; `dues` has each message that it should have got."""
        found: dict[Person, Lane] = {person: Lane() for person in [*self.slow, *self.phones.people]}
        for delivery in self.deliveries:
            for person in delivery.people:
                lane = found.setdefault(person, Lane())
                lane.dues.append(delivery.due - self.start)
                if person in delivery.seconds:
                    lane.arrivals.append(delivery.due - self.start + delivery.seconds[person])
        for lane in found.values():
            lane.arrivals.sort()
        return found

    def asked(self) -> set[Person]:
        """Return the people whose phones are not slow, and were there from the first message on."""
        return set(self.deliveries[0].people) - self.slow.keys() if self.deliveries else set()

    def others(self) -> dict[Person, Lane]:
        """Return the lanes of those of them who answered a message: the others may be asleep, or still wait for one."""
        asked = self.asked()
        return {person: lane for person, lane in self.lanes().items() if person in asked and lane.arrivals}

    def due(self) -> int:
        """Return how many messages have been due so far."""
        return int(self.elapsed() * self.per_second) + 1

    def longest(self, lane: Lane) -> float:
        """Return the longest time that a phone was without a message, in seconds."""
        return max(length for _, length in lane.waits(self.elapsed()))

    def picture_of_lanes(self, above: float = 0) -> Lanes:
        """Draw a lane for each phone."""
        lanes = {person.name: (person, lane) for person, lane in self.lanes().items()}
        slow = [person.name for person in self.slow]
        drawn = Lanes(list(lanes), self.seconds, above=above, bold=slow)
        gaps, long = defaultdict[str, list[tuple[float, float]]](list), 1 / self.per_second + WAIT
        for name, (person, lane) in lanes.items():
            if person not in self.slow:
                since = lane.dues[0] if lane.dues else self.elapsed()
                gaps[name] = [wait for wait in lane.waits(self.elapsed(), since) if wait[1] >= long]
        drawn.waits(gaps)
        drawn.marks({name: lane.arrivals for name, (person, lane) in lanes.items() if person not in self.slow}, BLUE)
        drawn.marks({name: lane.arrivals for name, (person, lane) in lanes.items() if person in self.slow}, RUST)
        drawn.ax.set_xlabel(f"seconds (mark: an answer; hatched: none for {long:.2g} s)")
        if not lanes:
            drawn.note(NOBODY)
        return drawn

    def words(self) -> str:
        """Return what the others had to wait for, in words."""
        lanes, others = self.lanes(), self.others()
        if not others:
            return NOBODY if not lanes else "No phone has answered yet."
        waits = {person.name: self.longest(lane) for person, lane in others.items()}
        worst, half = max(waits, key=lambda name: waits[name]), median(waits.values())
        sam = ", ".join(person.name for person in self.slow) or "nobody, so press “I am the slow client”"
        return (
            f"{self.due()} messages were due. {len(others)} of {len(self.asked())} other phones answered, half of them "
            f"{self.answered():.0f} or more. Their longest wait for a message was {half:.2f} s on half "
            f"of them, and {waits[worst]:.2f} s on the phone of {worst}. Slow: {sam}."
        )

    def trips(self) -> list[float]:
        """Return each message's time to the other phones and back; without an answer it counts with its wait so far."""
        others = self.others()
        trips = [each.seconds[person] for each in self.deliveries for person in each.seconds if person in others]
        for lane in others.values():
            missing = range(len(lane.arrivals), self.due())
            trips += [self.elapsed() - number / self.per_second for number in missing]
        return trips

    def answered(self) -> float:
        """Return how many messages the middle one of the other phones has answered."""
        return median([len(lane.arrivals) for lane in self.others().values()] or [0])

    def cells(self) -> tuple[str, str, str, str]:
        """Return the cells of a table: who was slow, and for the others: answers, there and back, longest wait."""
        others = self.others().values()
        trips = self.trips()
        return (
            ", ".join(person.name for person in self.slow) or "nobody",
            f"{self.answered():.0f} of {self.due()}",
            f"{1000 * median(trips):,.0f} ms" if trips else "no answer",
            f"{median(map(self.longest, others)):.2f} s" if others else "no answer",
        )
