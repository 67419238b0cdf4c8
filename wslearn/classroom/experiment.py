"""An experiment of the class: messages to all phones, whose pages answer each. The clock is that of the server.

    async with board.experiment("Fan-out") as phones:
        seconds = await phones.deliver("hello")  # there and back: {"Ann": 0.012, "Zoe": None}; None: no answer

A page answers when its program has the message, so airplane mode, a locked phone and a lost connection are real. A page
can't stop reading, so what a volunteer's phone is spared in the meantime is the server's play: see `hindered`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.classroom.delivery import Delivery
from wslearn.classroom.hindered import Phone
from wslearn.classroom.messages import ExperimentState, NoExperiment
from wslearn.classroom.people import Person
from wslearn.fast import fan_out
from wslearn.messages import encode

#: What a phone can be late with (`Phone.late`): what it shows of the experiment, and after that a message.
EXPERIMENT, DELIVERY = "experiment", "experiment-delivery"
#: Messages without an answer that are remembered for each connection.
MOST = 256


class Experiment:
    """What `board.experiment` yields. Nobody who comes, goes or never answers holds it up longer than its timeouts.

    - `max_unsent`: bytes that may wait for a hindered phone, which is dropped above that; 0: the newest message only.
    - `on_message`: a function that is called with the name of whoever presses "Say hi".
    """

    def __init__(self, title: str, phones: dict[Person, Phone], *, max_unsent: int = 0) -> None:
        self.title, self.max_unsent = title, max_unsent
        self.on_message: Callable[[str], None] | None = None
        #: The room that each person is in.
        self.rooms: dict[Person, str] = {}
        self._phones, self._number = phones, 0
        self._unanswered: dict[Any, deque[Delivery]] = {}
        self._late: dict[Person, deque[Delivery]] = {}

    @property
    def people(self) -> list[Person]:
        """Everybody who is here now, in the order of their arrival."""
        return list(self._phones)

    # Messages

    async def deliver(
        self, text: str, to: Iterable[str] | None = None, timeout: float = 5.0
    ) -> dict[str, float | None]:
        """Send a message to everybody, or to these names, and wait for the answers.

        Return by name the seconds from here to the phone and back; None: no answer in `timeout` seconds.
        """
        names = None if to is None else list(to)
        delivery = self.publish(text, names)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await delivery.done.wait()
        found = {person.name: delivery.seconds.get(person) for person in delivery.people}
        return dict.fromkeys(names or ()) | found

    def publish(self, text: str, to: Iterable[str] | None = None, due: float | None = None) -> Delivery:
        """Send a message to everybody, or to these names, without waiting for anybody: `fan_out` of lesson 03."""
        delivery = self.prepare(text, to, due)
        ready = []
        for person in delivery.people:
            phone = self._phones[person]
            if all(ws.transport.is_closing() for ws in phone.connections):  # dropped; its handler ends soon
                delivery.skip(person)
            elif phone.ready:
                ready.append(phone)
            else:
                self._send_later(phone, delivery)
        self._send(delivery, ready)
        return delivery

    def prepare(self, text: str, to: Iterable[str] | None = None, due: float | None = None) -> Delivery:
        """Return a message to everybody, or to these names, that was not sent yet: for `send_in_turn`."""
        wanted = None if to is None else set(to)
        people = [one for one in self._phones if wanted is None or one.name in wanted]
        self._number += 1
        return Delivery(self._number, text, people, asyncio.get_running_loop().time() if due is None else due)

    async def send_in_turn(self, delivery: Delivery) -> None:
        """Send a message with the loop that most tutorials show: each phone's turn comes after an awaited send."""
        for person in delivery.people:
            if (phone := self._phones.get(person)) is not None:
                await phone.until_free()
                for ws in list(phone.connections):
                    with suppress(ConnectionClosed):
                        if ws in phone.connections:
                            self._expect(ws, delivery)
                            await ws.send(encode(delivery.message))
            if not (phone and phone.connections):
                delivery.skip(person)

    def unsent(self, person: Person) -> int:
        """Return how many bytes wait for this person: those that the server holds back, and those in its buffer."""
        phone = self._phones.get(person)
        buffered = sum(ws.transport.get_write_buffer_size() for ws in phone.connections) if phone else 0
        return buffered + sum(len(encode(one.message).encode()) for one in self._late.get(person, ()))

    def _expect(self, ws: Any, delivery: Delivery) -> None:
        self._unanswered.setdefault(ws, deque(maxlen=MOST)).append(delivery)

    def _send(self, delivery: Delivery, phones: list[Phone]) -> None:
        connections = [ws for phone in phones for ws in phone.connections]
        for ws in connections:
            self._expect(ws, delivery)
        fan_out(connections, delivery.message)

    def _send_later(self, phone: Phone, delivery: Delivery) -> None:
        late = self._late.setdefault(phone.person, deque())
        if not self.max_unsent:
            for one in late:
                one.skip(phone.person)
            late.clear()
        late.append(delivery)
        phone.late.add(DELIVERY)
        if self.max_unsent and (unsent := self.unsent(phone.person)) > self.max_unsent:
            self.drop(phone.person.name, f"it reads too slowly: {unsent:,} bytes unsent")

    # Single phones

    async def ping(self, name: str, timeout: float = 5.0) -> float | None:
        """Return the seconds from a ping frame on a phone's newest connection to the browser's pong, or None."""
        person = self._named(name)
        if person is None:
            return None
        phone, began = self._phones[person], asyncio.get_running_loop().time()
        with suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(timeout):
                await phone.outside()
                await self._pong(phone)
                return asyncio.get_running_loop().time() - began
        return None

    async def _pong(self, phone: Phone) -> None:
        if not phone.connections:
            raise TimeoutError
        pong: Awaitable[float] = await phone.connections[-1].ping()
        await pong

    def drop(self, name: str, why: str) -> None:
        """Drop the connections of a phone, which reconnects automatically. Nothing happens if nobody has the name."""
        if (person := self._named(name)) is not None:
            phone = self._phones[person]
            phone.stop_hindering()  # so that the connections' handlers wait for nothing
            for ws in list(phone.connections):
                ws.abort(why)

    def place(self, name: str, room: str | None) -> None:
        """Show a phone which room it is in; None: in no room. Nothing happens if nobody has the name."""
        if (person := self._named(name)) is not None:
            self.rooms.pop(person, None)
            if room is not None:
                self.rooms[person] = room
            show([self._phones[person]])

    def _named(self, name: str) -> Person | None:
        return next((person for person in self._phones if person.name == name), None)

    # What the phones' server calls

    def state_for(self, person: Person) -> ExperimentState:
        """Return what a phone shows of the experiment."""
        return ExperimentState(self.title, self.rooms.get(person))

    def got(self, ws: Any, person: Person, number: int) -> None:
        """Note that this connection has everything up to `number`; a number that was not sent yet means nothing."""
        waiting = self._unanswered.get(ws)
        while waiting and waiting[0].number <= number <= self._number:
            waiting.popleft().answer(person)

    def said(self, person: Person) -> None:
        """Pass on a greeting."""
        if self.on_message:
            asyncio.get_running_loop().call_soon(self.on_message, person.name)

    def send_late(self, phone: Phone) -> None:
        """Send a phone the oldest message that waits for it, because it can take one; the others follow in time."""
        late = self._late.get(phone.person)
        while late:
            self._send(late.popleft(), [phone])
            if not phone.ready:
                break
        if late:
            phone.late.add(DELIVERY)

    def left(self, ws: Any, phone: Phone) -> None:
        """Forget a connection, and what a phone without any will not get."""
        missed = self._unanswered.pop(ws, deque())
        if not phone.connections:
            missed.extend(self._late.pop(phone.person, ()))
            for delivery in missed:
                delivery.skip(phone.person)


def show(phones: Iterable[Phone]) -> None:
    """Let these phones show the experiment as it is, or that there is none, as soon as they can be sent something."""
    for phone in phones:
        phone.late.add(EXPERIMENT)
        if phone.ready:
            phone.send_states(phone)


def send_of_experiment(experiment: Experiment | None, kind: str, phones: list[Phone]) -> None:
    """Send phones what they are late with."""
    for phone in phones:
        if kind == EXPERIMENT:
            fan_out(phone.connections, experiment.state_for(phone.person) if experiment else NoExperiment())
        elif experiment:
            experiment.send_late(phone)
