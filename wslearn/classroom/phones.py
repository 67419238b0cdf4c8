"""The server of the phones: the only one that listens on the network. It sends nothing that a phone may not know."""

import asyncio
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Any

from wslearn.classroom import round_trips
from wslearn.classroom.classroom import Change, Classroom
from wslearn.classroom.experiment import DELIVERY, EXPERIMENT, Experiment, send_of_experiment
from wslearn.classroom.gate import Gate
from wslearn.classroom.hindered import Phone
from wslearn.classroom.messages import (
    Got,
    JoinClass,
    React,
    Removed,
    Rename,
    SayHi,
    VolunteerAs,
    VolunteerState,
    Vote,
    Welcome,
    WriteOnWall,
)
from wslearn.classroom.people import Person
from wslearn.classroom.places import address_of, in_excess
from wslearn.classroom.requests import carry_out
from wslearn.common import tasks
from wslearn.common.throttle import Throttle
from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import Ping, Pong
from wslearn.server.handshake import path_of
from wslearn.server.head import Head

#: Characters of a code: no two of them look alike, and none needs another keyboard.
CODE_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE = re.compile(r"[a-z0-9]{4,12}")
#: Seconds in which a connection must join, and the most connections of one person.
JOIN_TIMEOUT, CONNECTIONS = 10.0, 3
#: Seconds between two states of one kind, at least, and between two looks at the round trips.
UPDATE, LOOK = 0.2, 0.5
#: A round trip that counts as slow, in seconds.
SLOW = 1.0


def new_code() -> str:
    """Return a code of five characters that is easy to read and to type."""
    return "".join(secrets.choice(CODE_CHARACTERS) for _ in range(5))


class PhonesServer(Gate):
    """Phones join a class, vote, react and write. Their path is the code; wherever else they look is nothing.

    Raises ValueError for a code that is not 4 to 12 letters and digits.
    """

    limits = Limits(max_size=4096, max_connections=250, rate=10, max_unsent=256 * 1024)
    keepalive = None  # `RoundTrips` pings
    start_page = "phone.html"
    private = ("board", "dashboard")
    nothing = "Nothing is here: scan the code on the board again.\n"

    def __init__(self, room: Classroom, host: str, port: int = 0, *, code: str | None = None) -> None:
        super().__init__(host, port)
        self.name = "phone"
        self.room, self.code = room, (code or new_code()).lower()
        if not CODE.fullmatch(self.code):
            raise ValueError(f"code: expected 4 to 12 letters and digits, got {code!r:.40}")
        #: The phones of everybody who is here.
        self.phones: dict[Person, Phone] = {}
        #: What the class tries out together now.
        self.experiment: Experiment | None = None
        self._joined: dict[Any, Phone] = {}
        #: The last message, until its handler has taken it: nobody else has a turn between the two.
        self._received = ""
        self.record_message = self._note_message
        self._updates = Throttle(self._update_soon, lambda kind: UPDATE)
        self._goodbyes: set[asyncio.Task[None]] = set()
        room.on_change.append(self._on_change)
        room.on_removed.append(self._on_removed)

    def inside(self, request: Any, head: Head) -> str | None:
        """Return the part of a path behind the code, or None."""
        first, slash, rest = path_of(request).removeprefix("/").partition("/")
        right = hmac.compare_digest(first.lower().encode(errors="replace"), self.code.encode())
        return f"{slash}{rest.lstrip('/')}" if right else None

    def make_room(self, ws: Any) -> bool:
        """Take a place from a device that holds more than half of them, for one that holds few."""
        here = [one for one in self.handlers.values() if one in self.connections]
        if one := in_excess(here, address_of(ws), self._joined.keys(), CONNECTIONS):
            one.abort("its place is needed for another device")
            self.connections.discard(one)
        return one is not None

    def background(self) -> Iterable[Any]:
        """Ping the phones, and look at their answers."""
        self.pings = round_trips.RoundTrips(lambda ws: not (ws in self._joined and self._joined[ws].in_tunnel))
        return (self.pings.run(self.connections), self._look())

    async def stop(self) -> None:
        """Close every connection with 1001 and free the port."""
        await super().stop()
        await tasks.end(self._goodbyes, 1.0, self.name)

    async def handler(self, ws: Any) -> None:
        """Carry out what a phone asks for, until it leaves."""
        kinds = (JoinClass, Vote, React, WriteOnWall, VolunteerAs, Rename, Got, SayHi, Ping)
        phone: Phone | None = None
        try:
            async with asyncio.timeout(JOIN_TIMEOUT) as joining:
                async for request in ws.receive(*kinds):
                    received = self._received
                    if phone is not None:
                        await phone.passage()
                    if isinstance(request, Ping):
                        await ws.say(Pong())
                    elif isinstance(request, JoinClass):
                        if phone is not None and request.session != phone.person.session:
                            await ws.complain("already-joined", "this connection has joined with another session")
                            continue
                        phone = phone or await self._join(ws, request)
                        if phone is None:
                            return
                        joining.reschedule(None)
                        await self._welcome(ws, phone)
                    elif phone is None:
                        text = 'join first: {"type":"join-class","session":"…"}'
                        await ws.complain("join-first", text, getattr(request, "id", None))
                    elif self.phones.get(phone.person) is phone:
                        await carry_out(self, ws, phone, request, received)
        except TimeoutError:
            await ws.dismiss("join-first", f"no join-class within {JOIN_TIMEOUT:g} s", "Join within time")
        finally:
            if phone is not None:
                self._leave(ws, phone)

    async def _join(self, ws: Any, request: JoinClass) -> Phone | None:
        if self.room.people.is_removed(request.session):
            await self._send_away(ws)
            return None
        person = self.room.join(request.session, request.name)
        phone = self.phones.get(person) or self.phones.setdefault(person, Phone(person, self.send_states))
        phone.connections.append(ws)
        self._joined[ws] = phone
        for oldest in phone.connections[:-CONNECTIONS]:
            phone.connections.remove(oldest)
            self._later(oldest.dismiss("replaced", "this session has connected again elsewhere", "Replaced"))
        ws.send_keepalive(asyncio.get_running_loop().time())
        return phone

    async def _welcome(self, ws: Any, phone: Phone) -> None:
        await ws.say(Welcome(phone.person.name, self.room.epoch))
        await ws.say(self.room.poll_for(self.room.vote_of(phone.person)))
        await ws.say(self.room.wall_for_phones())
        if phone.person.volunteer:
            await ws.say(VolunteerState(phone.person.volunteer, phone.seconds_left))
        if self.experiment:
            await ws.say(self.experiment.state_for(phone.person))

    def _leave(self, ws: Any, phone: Phone) -> None:
        self._joined.pop(ws, None)
        if ws in phone.connections:
            phone.connections.remove(ws)
        if self.experiment:
            self.experiment.left(ws, phone)
        if not phone.connections and self.phones.get(phone.person) is phone:
            phone.stop_hindering()
            del self.phones[phone.person]
            self.room.leave(phone.person)

    def _note_message(self, client: str, message: str | bytes) -> None:
        self._received = message if isinstance(message, str) else ""

    # States

    def _on_change(self, what: Change) -> None:
        if what in ("poll", "wall") or (what == "vote" and self.room.poll and self.room.poll.shown):
            self._updates.ask("wall" if what == "wall" else "poll")

    def _update_soon(self, kind: str) -> None:
        # Not in the task of a phone's handler, which would wait for phones that read slowly (`fan_out`).
        asyncio.get_running_loop().call_soon(self._update, kind)

    def _update(self, kind: str) -> None:
        ready = []
        for phone in self.phones.values():
            if phone.ready:
                ready.append(phone)
            else:
                phone.late.add(kind)
        self._send(kind, ready)

    def send_states(self, phone: Phone) -> None:
        """Send a phone the newest of the states that it has not got."""
        kinds, phone.late = phone.late, set()
        for kind in sorted(kinds):
            self._send(kind, [phone])

    def _send(self, kind: str, phones: list[Phone]) -> None:
        if kind in (EXPERIMENT, DELIVERY):
            return send_of_experiment(self.experiment, kind, phones)
        by_vote: dict[int | None, list[Any]] = {}
        for phone in phones:
            mine = self.room.vote_of(phone.person) if kind == "poll" else None
            by_vote.setdefault(mine, []).extend(phone.connections)
        for mine, connections in by_vote.items():  # one message for all with the same vote
            fan_out(connections, self.room.poll_for(mine) if kind == "poll" else self.room.wall_for_phones())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = asyncio.get_running_loop().time()
            for phone in self.phones.values():
                person = phone.person
                best = min((one for ws in phone.connections if (one := round_trips.round_trip(ws, now))), default=None)
                person.round_trip = phone.seconds_in_tunnel or best
                person.state = "slow" if person.volunteer or (person.round_trip or 0) > SLOW else "live"
                if phone.late and phone.ready:
                    self.send_states(phone)
            self.room.forget_absent()
            if self.phones:
                self.room.changed("people")

    # Removal

    def _on_removed(self, person: Person) -> None:
        if (phone := self.phones.pop(person, None)) is not None:
            phone.stop_hindering()
            for ws in phone.connections:
                self._later(self._send_away(ws))

    async def _send_away(self, ws: Any) -> None:
        await ws.say(Removed())
        await ws.close(1008, "Removed by the instructor")

    def _later(self, goodbye: Any) -> None:
        async def quietly() -> None:
            try:
                await goodbye
            except Exception as error:  # noqa: BLE001 - it has disconnected by itself
                self.record("error", "", repr(error))

        task = asyncio.get_running_loop().create_task(quietly())
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)
