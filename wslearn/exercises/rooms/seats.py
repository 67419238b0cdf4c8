"""The hard task of lesson 04: a room with a number of seats, where the others wait for one in the order of arrival."""

from typing import Any

from wslearn.exercises.engine import Client, Exercise, Talk, has, otherwise
from wslearn.exercises.rooms.guests import ENDS, arrive, ends, joins, rooms_are
from wslearn.server import Server

#: Names of rooms count as they are, with their capital letters.
COFFEE = "Coffee"
SEAT, WAIT, ERROR = has(type="seat"), has(type="wait"), has(type="error")
_NOT_YOURS = "{name} received a message about somebody else's seat. Tell only the client that gets a seat or waits."


def _seat(room: str) -> dict:
    return {"type": "seat", "room": room}


def _wait(room: str, place: int) -> dict:
    return {"type": "wait", "room": room, "place": place}


async def _check(talk: Talk, server_class: type[Server]) -> None:
    given: Any = server_class if isinstance(server_class, type) else _check  # which is refused below
    own = getattr(given, "SEATS", 2)
    try:
        for seats in 2, 1:
            given.SEATS = seats  # in the class itself: an answer may well say `Seats.SEATS`
            async with talk.server(server_class) as second, talk.server(server_class) as server:
                talk.tells("a server", "starts", f"with SEATS = {seats}")
                table = _Table(talk, server, seats)
                await table.play(second)
                await table.is_left_empty()
    finally:
        given.SEATS = own


class _Table:
    """A server with so many seats a room, and its clients."""

    def __init__(self, talk: Talk, server: Server, seats: int) -> None:
        self.talk, self.server, self.seats = talk, server, seats
        self.left: list[Client] = []

    async def play(self, other: Server) -> None:
        """Fill a room and let clients wait, leave, come back and vanish, seated and waiting."""
        ann, *_ = people = await arrive(self.talk, self.server, "Ann", "Bob", "Carl", "Dora", "Sam")
        seated, waiting = people[: self.seats], people[self.seats :]
        await ann.says({"type": "room-message", "message": "where am I?"})
        for client in seated:
            await self.sits(client, "tea", f"{client.name} joined `tea`, where a seat was free.")
        for place, client in enumerate(waiting, 1):
            why = f"All {self.seats} seats in `tea` are taken, and {{name}} is number {place} of those who wait."
            await self.waits(client, "tea", place, why)
        (zoe,) = await arrive(self.talk, other, "Zoe")
        await self.sits(zoe, "tea", "{name} is on a second server of your class, which has its own rooms and seats.")
        await self.speaks(seated[-1], "tea", seated, people)
        await self.is_silent(waiting[0], people)
        first, second, *last = waiting
        await self.sits(ann, COFFEE, f"Ann moved to `{COFFEE}`, where all seats were free.")
        await self.gets_seat(first, "Ann left `tea`, and {name} had waited there longest.")
        await self.talk.none_hear([second, *last], _NOT_YOURS, skip=ERROR)
        seated = [*seated[1:], first]
        await self.speaks(first, "tea", seated, people)
        why = f"{{name}} waited for a seat in `tea`, and moved to `{COFFEE}`, where only Ann is."
        if self.seats > 1:
            await self.sits(second, COFFEE, why)
            await self.speaks(second, COFFEE, [ann, second], people)
        else:  # each room has its own line
            await self.waits(second, COFFEE, 1, f"{why} Its only seat is taken, and nobody else waits in that room.")
        place = len(last) + 1
        await self.waits(second, "tea", place, "{name} moved back to `tea`, where all seats are taken.")
        queue = [*last, second]
        again = f"Ann joined `{COFFEE}` again, where nobody waits: she leaves, and gets a seat."
        await self.sits(ann, COFFEE, again)
        await self.speaks(ann, COFFEE, [ann], people, "")
        rejoins = seated[0]
        await joins(rejoins, "tea")
        await self.gets_seat(queue[0], f"{rejoins.name} joined `tea` again, and so gave up a seat there first.")
        again = "{name} joined `tea` again: this client leaves first, and then is the last of those who wait."
        await self.told(rejoins, _wait("tea", len(queue)), again)
        seated, queue = [*seated[1:], queue[0]], [*queue[1:], rejoins]
        await self.speaks(seated[0], "tea", seated, people)
        for client in queue[:2]:  # the first one loses its place, the last of all keeps it by chance
            again = (
                "{name} waits in `tea`, and joined it again: this client leaves first, and then is the last in line."
            )
            await self.waits(client, "tea", len(queue), again)
            queue = [*(one for one in queue if one is not client), client]
        for number, how in enumerate(ENDS, 6):
            seated, queue = await self.come_and_go(number, how, seated, queue)
        await self.speaks(seated[-1], "tea", seated, people)
        self.left = [*queue, *seated, ann]

    async def come_and_go(
        self, number: int, how: str, seated: list[Client], queue: list[Client]
    ) -> tuple[list[Client], list[Client]]:
        """Let Zoe wait and go, then a client with a seat go the same way, after one more has come to wait."""
        what = ENDS[how][0]
        (zoe,) = await arrive(self.talk, self.server, "Zoe", first=2 * number - 6)
        await self.waits(zoe, "tea", len(queue) + 1, "{name} joined `tea`, where all seats are taken.")
        await ends(self.talk, self.server, zoe, how)
        (new,) = await arrive(self.talk, self.server, "Zoe", first=2 * number - 5)
        gone = f"A client that waited {what}, so nobody waits for it any longer. Then {{name}} joined `tea`."
        await self.waits(new, "tea", len(queue) + 1, gone)
        goes = seated[number % len(seated)]  # not always the first of them
        stay = [client for client in seated if client is not goes]
        await ends(self.talk, self.server, goes, how)
        await self.gets_seat(queue[0], f"{goes.name} {what}, and {{name}} had waited for that seat longest. "
                             f"{ENDS[how][1]}")  # fmt: skip
        return [*stay, queue[0]], [*queue[1:], new]

    async def sits(self, client: Client, room: str, why: str) -> None:
        """Let a client join a room, and expect that it gets a seat."""
        await joins(client, room)
        await self.told(client, _seat(room), f"{why} It must receive the message `seat`.")

    async def waits(self, client: Client, room: str, place: int, why: str) -> None:
        """Let a client join a full room, and expect that it waits."""
        await joins(client, room)
        await self.told(client, _wait(room, place), f"{why} It must receive the message `wait`, with that `place`.")

    async def gets_seat(self, client: Client, why: str) -> None:
        """Expect that a client gets the seat that has just become free in `tea`."""
        await self.told(client, _seat("tea"), f"{why} So this client gets the seat, and must receive `seat`.")

    async def told(self, client: Client, expected: dict, why: str) -> None:
        """Expect this message as the next one."""
        await client.hears(expected, {
            has(type="room-message"): "{name} received a message to a room, and has no seat there. Pass a message on "
            "to the clients that have a seat, and only if its sender has one.",
            otherwise: why}, skip=ERROR)  # fmt: skip

    async def speaks(
        self, sender: Client, room: str, seated: list[Client], people: list[Client], text: str = " Grüße ☕ "
    ) -> None:
        """Let a client with a seat speak, with a forged sender, and expect it once at those with a seat there."""
        forged = {"sender": "guest-99", "room": "lobby"}
        await sender.says({"type": "room-message", "message": text} | forged)
        expected = {"type": "room-message", "room": room, "message": text, "sender": sender.called}
        for client in seated:
            await client.hears(expected, {
                SEAT: _NOT_YOURS, WAIT: _NOT_YOURS,
                has(message=text): "{name} received the message with another `room` or `sender` than the server's own.",
                otherwise: f"{sender.name} has a seat in `{room}` and sent a message. {{name}} has a seat there too, "
                "and must receive it, unchanged and once."}, skip=ERROR)  # fmt: skip
        others = [client for client in people if client not in seated]
        without = "{name} has no seat in that room, and received something. A message goes to those with a seat only."
        await self.talk.none_hear(others, without, skip=ERROR)

    async def is_silent(self, client: Client, people: list[Client]) -> None:
        """Let a client that waits speak, and expect that nobody hears it."""
        await client.says({"type": "room-message", "message": "let me in"})
        why = f"{client.name} waits and has no seat, so nobody receives that message. {{name}} did."
        await self.talk.none_hear(people, why, skip=ERROR)

    async def is_left_empty(self) -> None:
        """Let all clients go, and expect that the server has forgotten its rooms."""
        for client in self.left:
            await ends(self.talk, self.server, client, "vanishes")
        empty = "All clients have gone, and a room is still in `self.members`. Delete a room that nobody is in."
        await rooms_are(self.talk, self.server, empty)


full_room = Exercise(
    _check,
    hints=(
        "One list for each room is enough: its clients in the order in which they joined. Who has a seat, and who "
        "waits, follows from a client's position in the list.",
        "The clients with a seat are `self.members[room][: self.SEATS]`. After a client has joined, its place in the "
        "queue is `len(self.members[room]) - self.SEATS`, and it has a seat if that isn't positive.",
        "When a client leaves, take its position with `index` before you remove it. If that was one of the seats and "
        "the list still has `SEATS` clients, the one at position `SEATS - 1` has just got a seat.",
    ),
    answer="""
class Seats(Server):
    SEATS = 2

    def __init__(self):
        super().__init__()
        self.members = {}  # room -> its clients, in the order in which they joined

    def leave(self, ws, room):
        if room is None:
            return
        clients = self.members[room]
        position = clients.index(ws)
        clients.remove(ws)
        if position < self.SEATS <= len(clients):
            fan_out([clients[self.SEATS - 1]], {"type": "seat", "room": room})
        if not clients:
            del self.members[room]

    async def handler(self, ws):
        room = None
        try:
            async for text in ws:
                request = json.loads(text)
                if request["type"] == "join-room":
                    self.leave(ws, room)
                    room = request["room"]
                    clients = self.members.setdefault(room, [])
                    clients.append(ws)
                    place = len(clients) - self.SEATS
                    seat = {"type": "seat", "room": room}
                    fan_out([ws], {"type": "wait", "room": room, "place": place} if place > 0 else seat)
                elif room is not None and ws in self.members[room][: self.SEATS]:
                    fan_out(self.members[room][: self.SEATS], request | {"room": room, "sender": ws.name})
        finally:
            self.leave(ws, room)
""",
    why="Seats and queue are one list, so they can't contradict each other: whoever moves up needs no bookkeeping, "
    "only a message. And every way out goes through `leave`, so a seat becomes free even if its client has vanished.",
)
