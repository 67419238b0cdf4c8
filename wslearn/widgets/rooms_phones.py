"""The rooms lab with the phones of a class: a message to a room reaches its phones, and nobody else's. Lesson 04."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from statistics import median
from time import perf_counter as clock

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn.classroom.delivery import Delivery
from wslearn.classroom.experiment import Experiment
from wslearn.classroom.people import Person
from wslearn.classroom.polls import Poll
from wslearn.classroom.servers import ClassServers
from wslearn.limits import TokenBucket
from wslearn.widgets.kit.picture import PAUSE
from wslearn.widgets.phones import NOBODY, PhonesDashboard
from wslearn.widgets.rooms_people import Does, Face, picture
from wslearn.widgets.rooms_picture import ROOMS

TITLE = "Rooms: whose phone receives it?"
TO_DO = "Everybody: look at your phone, and press “Say hi”. Only your room receives it."
QUESTION = "Which room do you want to be in?"
#: How long the first run waits for answers, in seconds.
ENOUGH = 1.5
#: Greetings in a second, and at once, that are passed on. A room of 70 phones makes 70 messages of each.
GREETINGS, AT_ONCE = 5, 30
#: Seconds between two pictures, at most: drawing takes turns with what the phones say.
LONGEST = 2.0
#: Seconds for which no greeting takes the place of the instructor's message in the picture.
SHOWN = 5.0


class PhonesRoomsLab(PhonesDashboard):
    """Each phone of `board` is in one room: it is placed there, or its person chooses."""

    phones: Experiment

    def __init__(self, board: ClassServers) -> None:
        self.room = widgets.ToggleButtons(description="Room", options=ROOMS)
        self.words = widgets.Text(description="Words", value="hi")
        super().__init__(board, TITLE, TO_DO, self.room, self.words)
        self.room.style.button_width = "5.4em"
        self.send = self.action("Send to room", lambda: self._send(self.words.value, self.room.value), icon="comment")
        self.mix = self.action("Mix", self._mix, icon="random")
        self.choose = self.action("Let them choose", self._choose, icon="hand-pointer-o")
        self.clear()

    def clear(self) -> None:
        """Forget the last message."""
        super().clear()
        self.delivery: Delivery | None = None
        self.sender: Person | None = None
        self.said = self.sent_to = ""
        self._poll: Poll | None = None
        self._shown_until = 0.0

    async def first(self) -> None:
        """Place everybody, and send a message to one room."""
        async with self._opened():
            self._send(self.words.value, self.room.value)
            if self.delivery:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ENOUGH):
                        await self.delivery.done.wait()
            await self.picture.draw(self.figure)

    async def experiment(self) -> None:
        """Let everybody send to their room, and draw what has changed, until Cancel."""
        async with self._opened():
            self.phones.on_message = self._greet
            self.progress(1)
            self.say("The rooms are open. Cancel closes them.")
            drawn: object = None
            while True:
                self._news.clear()
                self._seat()
                if (now := (self.rooms(), self.delivery)) != drawn:
                    drawn, began = now, clock()
                    await self.picture.draw(self.figure)
                    await asyncio.sleep(min(LONGEST, PAUSE * (clock() - began)))
                await self._news.wait()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        self.clear()
        self._news, self._greetings = asyncio.Event(), TokenBucket(GREETINGS, burst=AT_ONCE)
        async with self.board.experiment("Rooms") as self.phones:
            self.board.room.on_change.append(self._changed_in_class)
            try:
                self._seat()
                yield
            finally:
                self.board.room.on_change.remove(self._changed_in_class)
                self._end_poll()

    def _changed_in_class(self, what: str) -> None:
        if what in ("people", "vote"):  # twice a second it is "people", for the round trips
            asyncio.get_running_loop().call_soon(self._seat)  # nobody's seat waits for the picture
            self._news.set()

    # Who is where

    def _seat(self) -> None:
        """Place whoever has chosen a room there, and everybody else who has none where the fewest are."""
        if self.phones is not self.board.phones.experiment:  # it has just ended
            return
        rooms, people = self.phones.rooms, self.phones.people
        counts = {room: sum(rooms.get(person) == room for person in people) for room in ROOMS}
        for person in people:
            vote = self.board.room.vote_of(person) if self._poll and self._poll is self.board.room.poll else None
            room = rooms.get(person, "") if vote is None else ROOMS[vote]
            if not room:
                room = min(ROOMS, key=lambda one: counts[one])
                counts[room] += 1
            if rooms.get(person) != room:
                self.phones.place(person.name, room)

    def _mix(self) -> None:
        self._end_poll()
        people = self.phones.people
        random.shuffle(people)
        for number, person in enumerate(people):
            self.phones.place(person.name, ROOMS[number % len(ROOMS)])
        self._news.set()

    def _choose(self) -> None:
        self._poll = self.board.room.ask(QUESTION, ROOMS)
        self.say("Phones ask which room their people want. Whoever presses a room is in it.")

    def _end_poll(self) -> None:
        if self._poll and self._poll is self.board.room.poll:
            self.board.room.clear_poll()
        self._poll = None

    def members(self, room: str) -> list[Person]:
        """Return whose phones are in a room now."""
        return [person for person in self.phones.people if self.phones.rooms.get(person) == room]

    # Messages

    def _send(self, words: str, room: str, sender: Person | None = None) -> None:
        text = words if sender is None else f"{sender.name}: {words}"
        delivery = self.phones.publish(text, [person.name for person in self.members(room)])
        if sender is None:
            self._shown_until = clock() + SHOWN
        elif clock() < self._shown_until:
            return
        self.said, self.sent_to, self.sender, self.delivery = words, room, sender, delivery
        self._news.set()

    def _greet(self, name: str) -> None:
        sender = next((person for person in self.phones.people if person.name == name), None)
        if sender and (room := self.phones.rooms.get(sender)) and self._greetings.take():
            self._send("hi", room, sender)

    # What is shown

    def rooms(self) -> dict[str, list[Face]]:
        """Return who is in which room, and what each phone has to do with the last message."""
        return {room: [Face(person.name, self._does(person)) for person in self.members(room)] for room in ROOMS}

    def _does(self, person: Person) -> Does:
        if self.delivery is None or person not in self.delivery.people:
            return ""
        if person is self.sender:
            return "sends"
        return "has it" if person in self.delivery.seconds else "waits"

    def figure(self) -> tuple[Figure, str]:
        """Draw the rooms with their phones, and return the picture with what became of the last message."""
        rooms = self.rooms()
        return picture(rooms), self.verdict({room: len(faces) for room, faces in rooms.items()})

    def verdict(self, counts: dict[str, int]) -> str:
        """Return in one line who sent what, how many phones answered, and how many are in each room."""
        everybody = sum(counts.values())
        if not everybody:
            return NOBODY
        now = f"Now {', '.join(f'{room}: {count}' for room, count in counts.items())}."
        if self.delivery is None:
            return now
        who, sent, have = self.sender.name if self.sender else "The server", self.delivery.people, self.delivery.seconds
        half = f", half of them within {1000 * median(have.values()):.0f} ms" if have else ""
        return (
            f"{who} sent “{self.said[:60]}” to {self.sent_to}: 1 message in, {len(sent)} out. {len(have)} of the "
            f"{len(sent)} phones have answered{half}. Nobody else was sent it ({everybody - len(sent)} phones). {now}"
        )
