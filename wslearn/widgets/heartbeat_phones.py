"""The heartbeat lab with the phones of a class: whose phone is silent, and when the server notices. Lesson 06."""

import asyncio
from dataclasses import dataclass, field

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn.classroom.experiment import Experiment
from wslearn.classroom.people import Person
from wslearn.classroom.servers import ClassServers
from wslearn.common.polling import until
from wslearn.theme import BLUE
from wslearn.widgets.beats import Span
from wslearn.widgets.lanes import Lanes
from wslearn.widgets.phones import NOBODY, PhonesDashboard

TITLE = "Heartbeat of the class: when does the server notice a silent phone?"
TO_DO = (
    "Somebody: switch on airplane mode, watch your name, and switch it off again. Or open More, and press “I go "
    "through a tunnel”."
)
#: How long Run and the first run take, in seconds.
RUN, FIRST = 60.0, 2.5
#: Seconds between two looks at who is here, and until a connection that was dropped has ended, at most.
LOOK, ENDING = 0.1, 5.0


@dataclass(kw_only=True)
class Absence(Span):
    """A phone's time without a connection. It counted as dead if `waited` is not None, otherwise it left.

    `waited` is how many seconds passed before the server noticed: since the phone went `into` a tunnel, or else since
    its last pong.
    """

    waited: float | None = None
    into: bool = False


@dataclass
class Pulse:
    """What the server knows of one phone: its pongs, which pings had none in time, its absences. All in seconds."""

    pongs: list[float] = field(default_factory=list)
    missing: list[float] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    trip: float | None = None

    @property
    def state(self) -> str:
        """Whether the phone is alive, dead, or has left."""
        last = self.absences[-1] if self.absences else None
        if last is None or last.ended is not None:
            return "alive"
        return "left" if last.waited is None else "dead"


class PhonesHeartbeatLab(PhonesDashboard):
    """Pings each phone of `board` every `interval` seconds, and drops one whose pong is later than `timeout`."""

    phones: Experiment

    def __init__(self, board: ClassServers) -> None:
        self.interval = widgets.FloatSlider(description="Interval (s)", value=1.0, min=0.5, max=5, step=0.5)
        self.timeout = widgets.FloatSlider(description="Timeout (s)", value=1.0, min=0.5, max=5, step=0.5)
        super().__init__(board, TITLE, TO_DO, self.interval, self.timeout)
        self.clear()

    def clear(self) -> None:
        """Forget what has happened."""
        super().clear()
        self.pulses: dict[Person, Pulse] = {}
        #: Whose phone was noticed last, and that absence, with what was set then.
        self.noticed: tuple[Person, Absence, str] | None = None

    async def first(self) -> None:
        """Ping everybody for a moment."""
        await self._beat(FIRST)

    async def experiment(self) -> None:
        """Ping everybody for a minute, and leave the rest to the class."""
        await self._beat(RUN)

    async def _beat(self, seconds: float) -> None:
        self.clear()
        async with self.board.experiment("Heartbeat") as self.phones:
            await self.run_for(seconds, self._watch_everybody)

    async def _watch_everybody(self) -> None:
        watching: dict[Person, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for person in self.phones.people:
                    if person not in watching or watching[person].done():
                        watching[person] = group.create_task(self._watch(person))
                await asyncio.sleep(LOOK)

    async def _watch(self, person: Person) -> None:
        """Ping one phone until it leaves, or is dropped."""
        pulse = self.pulses.setdefault(person, Pulse())
        if pulse.absences:
            pulse.absences[-1].ended = self.elapsed()
        took, since = 0.0, self.elapsed()
        while person in self.phones.people:
            await asyncio.sleep(max(0.0, self.interval.value - took))
            sent, timeout = self.elapsed(), self.timeout.value
            took, pong = 0.0, await self.phones.ping(person.name, timeout)
            if pong is not None:
                took = pulse.trip = pong
                since = self.elapsed()
                pulse.pongs.append(since)
            elif self.elapsed() - sent >= timeout:  # and not because it disconnected
                pulse.missing.append(self.elapsed())
                return await self._give_up(person, pulse, self.elapsed() - since)
        pulse.absences.append(Absence(self.elapsed()))

    async def _give_up(self, person: Person, pulse: Pulse, waited: float) -> None:
        phone = self.board.phones.phones.get(person)
        in_tunnel = phone.seconds_in_tunnel if phone else None
        found = Absence(self.elapsed(), waited=in_tunnel or waited, into=in_tunnel is not None)
        interval, timeout = self.interval.value, self.timeout.value
        theory = f"{timeout:g} to {interval + timeout:g} s" if found.into else f"at most {interval + timeout:g} s"
        pulse.absences.append(found)
        self.noticed = person, found, theory
        if phone:
            await phone.outside()  # nothing reaches a phone in a tunnel, not even that it was dropped
        self.phones.drop(person.name, f"no pong within {timeout:g} s")
        await until(lambda: person not in self.phones.people, ENDING)

    # What is shown

    def figure(self) -> tuple[Figure, str]:
        """Draw a lane for each phone, those with absences first, and return the picture with its numbers."""
        people = sorted(self.pulses, key=lambda person: not self.pulses[person].absences)  # otherwise as they came
        pulses = {person.name: self.pulses[person] for person in people}
        dead = {name: [one for one in pulse.absences if one.waited is not None] for name, pulse in pulses.items()}
        drawn = Lanes(list(pulses), self.seconds, bold=[name for name, found in dead.items() if found])
        drawn.marks({name: pulse.pongs for name, pulse in pulses.items()}, BLUE)
        drawn.marks({name: pulse.missing for name, pulse in pulses.items()}, "black")
        drawn.waits({name: [self._while_dead(one) for one in found] for name, found in dead.items()})
        drawn.ax.set_xlabel("seconds (mark: a pong; black: no pong in time; hatched: the phone counts as dead)")
        if not pulses:
            drawn.note(NOBODY)
        return drawn.figure, self.verdict()

    def _while_dead(self, one: Absence) -> tuple[float, float]:
        return one.began, (self.elapsed() if one.ended is None else one.ended) - one.began

    def verdict(self) -> str:
        """Return in one line who is alive, and when the server noticed the last silent phone."""
        if not self.pulses:
            return NOBODY
        states = [pulse.state for pulse in self.pulses.values()]
        trips = sorted(pulse.trip for pulse in self.pulses.values() if pulse.trip is not None)
        words = [f"{states.count('alive')} alive, {states.count('dead')} dead, {states.count('left')} left"]
        if trips:
            words.append(f"half of the last round trips took {1000 * trips[len(trips) // 2]:.0f} ms or less")
        if self.noticed is None:
            return f"{'; '.join(words)}. No phone was silent for too long."
        person, found, theory = self.noticed
        since = "it went into the tunnel" if found.into else "its last pong"
        back = "it is not back yet" if found.ended is None else f"it was back {found.ended - found.began:.1f} s later"
        words.append(
            f"the server noticed {person.name} {found.waited or 0:.2f} s after {since} (theory: {theory}), and {back}"
        )
        return f"{'; '.join(words)}."
