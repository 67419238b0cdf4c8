"""The rooms lab: move clients between rooms, let one speak or vanish, and see whom the server tells what. Lesson 04."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from html import escape
from textwrap import shorten

import ipywidgets as widgets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn.common import tasks
from wslearn.messages import encode
from wslearn.servers.rooms import RoomsServer
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.rooms_picture import Seat, picture

ROOMS = ("tea", "coffee", "library")
#: Where each client is when the lab opens.
SEATS = ("tea", "tea", "tea", "coffee", "library")
#: How much of a text is shown, in characters.
SHOWN = 200
#: Time for all that the server sends after one press of a button, in seconds.
ANSWER = 5.0


class Guest:
    """A real client: its name, its connection, and how that ended."""

    def __init__(self, name: str, ws: ClientConnection) -> None:
        self.name, self.ws = name, ws
        self.gone = ""

    async def listen(self, heard: Callable[["Guest", str], None]) -> None:
        """Pass on each message that comes, until the connection ends."""
        try:
            async for text in self.ws:
                heard(self, text)
        except ConnectionClosed:
            pass
        self.gone = self.gone or f"closed with {self.ws.close_code}"

    async def tell(self, **message: str) -> None:
        """Send a message as JSON."""
        await self.ws.send(encode(message))


class RoomsLab(Dashboard):
    """Five clients in the rooms of a `RoomsServer`, moved by buttons.

    Who is where is what the server told its clients in its presence messages. Only that a room was deleted it tells
    nobody, for there is nobody left in it: that is read from the server's own map.
    """

    def __init__(self) -> None:
        self.who = widgets.ToggleButtons(description="Who")
        self.words = widgets.Text(description="Words", value="hi")
        self._names([f"guest-{number}" for number in range(1, len(SEATS) + 1)])
        super().__init__("Rooms: who hears what? Press Run, choose who, then what they do", self.who, self.words)
        self.who.layout.width, self.who.style.button_width = "auto", "6.5em"
        self.join = {
            room: self.action(f"Join {room}", lambda room=room: self.act(self.joins, room), icon="arrow-right")
            for room in ROOMS
        }
        self.leave = self.action("Leave", lambda: self.act(self.leaves), icon="sign-out")
        self.speak = self.action("Speak", lambda: self.act(self.speaks), icon="comment")
        self.vanish = self.action("Vanish", lambda: self.act(self.vanishes), icon="chain-broken")
        self.sent = widgets.HTML()
        self.details.children = [self.sent]
        self.clear()

    # What Run, Reset and the first run do

    def clear(self) -> None:
        self.guests: list[Guest] = []
        self.told: dict[str, list[str]] = {}  # room -> its members, as the server told them last
        self._begin()

    async def first(self) -> None:
        async with self.opened():
            await self.vanishes(self.guests[4])
            self._begin()
            await self._show(await self.speaks(self.guests[1]))

    async def experiment(self) -> None:
        async with self.opened():
            await self._show(f"{len(self.guests)} clients are connected.")
            self.progress(1)
            self.say("The rooms are open: choose who, then press a button. Cancel closes them.")
            await asyncio.Event().wait()  # until Cancel

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Run a server with a client on each seat."""
        self.clear()
        self._arrived, self._turn = 0, asyncio.Lock()
        async with RoomsServer() as self.server, AsyncExitStack() as self._connections:
            for room in SEATS:
                self.guests.append(await self._arrive())
                await self.joins(self.guests[-1], room)
            self._names([guest.name for guest in self.guests])
            self._begin()
            yield

    async def _arrive(self) -> Guest:
        """Connect one more client; nobody else uses this server, so the order of arrival gives its name."""
        ws = await connect(self.server.url)
        self._arrived += 1
        guest = Guest(f"guest-{self._arrived}", ws)
        listening = asyncio.create_task(guest.listen(self._heard))

        async def part() -> None:
            try:
                await ws.close()
            finally:
                ws.transport.abort()  # where Cancel comes a second time
                await tasks.end((), ANSWER, "rooms", [listening])

        self._connections.push_async_callback(part)
        return guest

    # What the buttons do, each with the chosen client

    async def act(self, do: Callable[..., Awaitable[str]], *arguments: str) -> None:
        """Let the chosen client do something, one press after the other, and show what came of it."""
        async with self._turn:
            guest = self.guests[self.who.value]
            self._begin()
            if guest.gone and do != self.joins:
                self.say(f"{guest.name} has gone: let it join a room, and it comes back as a new client.")
                return
            if guest.gone:
                guest = self.guests[self.who.value] = await self._arrive()
                self._names([guest.name for guest in self.guests])
            await self._show(await do(guest, *arguments))

    async def joins(self, guest: Guest, room: str) -> str:
        await guest.tell(type="join-room", room=room)
        await self._told(lambda: guest.name in self.where().get(room, ()))
        return f"{guest.name} joined {room}."

    async def leaves(self, guest: Guest) -> str:
        room = self.room_of(guest.name)
        await guest.tell(type="leave-room")
        await self._told(lambda: not self.room_of(guest.name))
        return f"{guest.name} left {room}." if room else f"{guest.name} was in no room, and stays in none."

    async def speaks(self, guest: Guest) -> str:
        self.speaker = guest.name
        await guest.tell(type="room-message", message=self.words.value)
        await self._told(lambda: self.hearers or self.error or guest.gone)
        if self.error:
            return f"{guest.name} spoke in no room. The server answered: {self.error}."
        if guest.gone:
            return f"{guest.name} lost its connection: {guest.gone}."
        heard = ", ".join(sorted(self.hearers))
        said = f"{guest.name} said “{shorten(self.words.value, SHOWN, placeholder='…')}” in {self.room_of(guest.name)}"
        return f"{said}: heard by {heard}. 1 message in, {len(self.hearers)} out."

    async def vanishes(self, guest: Guest) -> str:
        room = self.room_of(guest.name)
        guest.gone = "vanished"
        guest.ws.transport.abort()
        await self._told(lambda: guest.name not in {ws.name for ws in self.server.connections})
        if not room:
            return f"{guest.name} vanished, and was in no room."
        left = ", ".join(self.where().get(room, ()))
        what = f"its room {room} now has {left}" if left else f"its room {room} was empty then, and was deleted"
        return f"{guest.name} vanished without a goodbye: {what}."

    async def _told(self, condition: Callable[[], object]) -> None:
        """Wait until `condition()` holds, the clients have been told what the server knows, and have read it all."""
        async with asyncio.timeout(ANSWER):
            while not (condition() and self.where() == self._members()):  # noqa: ASYNC110 - some of it sends no event
                await asyncio.sleep(0.005)
            for guest in self.guests:
                if not guest.gone:
                    await (await guest.ws.ping())  # its pong comes behind all else

    # What the server says

    def _heard(self, guest: Guest, text: str) -> None:
        """Take in a message that has come to a client."""
        self.messages.setdefault(text, []).append(guest.name)
        match json.loads(text):
            case {"type": "presence", "room": room, "members": members}:
                self.told[room] = members
            case {"type": "room-message"}:
                self.hearers.add(guest.name)
            case {"type": "error", "message": message}:
                self.error = message

    def where(self) -> dict[str, list[str]]:
        """Return room -> members, as told, for the rooms that the server has."""
        return {room: self.told.get(room, []) for room in sorted(self.server.rooms.members)}

    def _members(self) -> dict[str, list[str]]:
        return {room: sorted(ws.name for ws in members) for room, members in self.server.rooms.members.items()}

    def room_of(self, name: str) -> str:
        """Return where a client is, as told; empty where it is in no room."""
        return next((room for room, members in self.where().items() if name in members), "")

    # What is shown

    def _begin(self) -> None:
        """Forget what came of the last press."""
        self.speaker, self.error = "", ""
        self.hearers: set[str] = set()
        self.messages: dict[str, list[str]] = {}  # what was sent -> to whom

    def _names(self, names: list[str]) -> None:
        chosen = self.who.value or 0
        self.who.options = [(name, seat) for seat, name in enumerate(names)]
        self.who.value = chosen

    async def _show(self, what: str) -> None:
        seats = [
            Seat(
                guest.name, self.room_of(guest.name), guest.gone, guest.name == self.speaker, guest.name in self.hearers
            )
            for guest in self.guests
        ]
        now = "; ".join(f"{room}: {', '.join(members)}" for room, members in self.where().items()) or "no rooms"
        wrapped = 'style="text-align:left;white-space:normal;overflow-wrap:anywhere"'
        rows = [
            f"<tr><td {wrapped}>{', '.join(sorted(names)).replace('-', '&#8209;')}</td>"
            f"<td {wrapped}><code>{escape(shorten(text, SHOWN, placeholder='…'))}</code></td></tr>"
            for text, names in self.messages.items()
        ]
        head = f"<tr><th>To</th><th {wrapped}>what the server sent after that</th></tr>"
        self.sent.value = f"<table>{head}{''.join(rows)}</table>" if rows else ""
        self.say(what)
        await self.picture.draw(lambda: (picture(seats, ROOMS), f"{what} Now {now}."))


async def rooms_lab() -> RoomsLab:
    """Show the rooms lab below the current cell, and return it."""
    return await RoomsLab().show()
