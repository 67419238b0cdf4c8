"""The rooms lab: move clients between rooms, let one speak or vanish, and see who receives what. Lesson 04."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from html import escape
from textwrap import shorten

import ipywidgets as widgets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn.classroom.servers import ClassServers
from wslearn.common import tasks
from wslearn.common.polling import until
from wslearn.messages import encode
from wslearn.servers.rooms import RoomsServer
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.rooms_phones import PhonesRoomsLab
from wslearn.widgets.rooms_picture import ROOMS, Seat, picture

#: The room of each client when the lab opens.
SEATS = ("tea", "tea", "tea", "coffee", "library")
#: How much of a text is shown.
_short = partial(shorten, width=200, placeholder="…")
#: Time for everything that the server sends after one press of a button, in seconds.
ANSWER = 20.0


class Guest:
    """A real client: its name, its connection, and how the connection ended."""

    def __init__(self, name: str, ws: ClientConnection) -> None:
        self.name, self.ws = name, ws
        self.gone = ""

    async def listen(self, received: Callable[["Guest", str], None]) -> None:
        """Pass on each message, until the connection ends."""
        with suppress(ConnectionClosed):
            async for message in self.ws:
                received(self, str(message))
        self.gone = self.gone or f"closed with {self.ws.close_code}"

    async def send(self, **message: str) -> None:
        """Send a message as JSON."""
        await self.ws.send(encode(message))


class RoomsLab(Dashboard):
    """Five clients in the rooms of a `RoomsServer`, moved by buttons.

    The lab knows who is in which room from the presence messages that the server sends to the clients. The server
    cannot tell any of them that a room was deleted, because the room is empty then. The lab reads that from the
    server's own dictionary.
    """

    def __init__(self) -> None:
        self.who = widgets.ToggleButtons(description="Who")
        self.words = widgets.Text(description="Words", value="hi")
        self._names([f"guest-{number}" for number in range(1, len(SEATS) + 1)])
        super().__init__("Rooms: who receives what?", self.who, self.words)
        self.who.style.button_width = "5.4em"
        self.join = {
            room: self.action(f"Join {room}", partial(self._act, self._joins, room), icon="arrow-right")
            for room in ROOMS
        }
        self.leave = self.action("Leave", partial(self._act, self._leaves), icon="sign-out")
        self.speak = self.action("Speak", partial(self._act, self._speaks), icon="comment")
        self.vanish = self.action("Vanish", partial(self._act, self._vanishes), icon="chain-broken")
        self.sent = widgets.HTML(layout=widgets.Layout(min_height="9em"))
        self.details.children = [self.sent]
        self.clear()

    # What Run, Reset and the first run do

    def clear(self) -> None:
        """Forget the clients."""
        self.guests: list[Guest] = []
        self.told: dict[str, list[str]] = {}  # room -> its members, by the server's last presence message
        self._begin()

    async def first(self) -> None:
        """Let one client vanish, and another one speak."""
        async with self._opened():
            await self._vanishes(self.guests[4])
            self._begin()
            await self._show(await self._speaks(self.guests[1]))

    async def experiment(self) -> None:
        """Open the rooms, and leave everything else to the buttons."""
        async with self._opened():
            await self._show(f"{len(self.guests)} clients are connected.")
            self.progress(1)
            self.say("The rooms are open. Choose a client, then press a button. Cancel closes the rooms.")
            await asyncio.Event().wait()  # until Cancel

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        """Run a server with a client on each seat."""
        self.clear()
        self._arrived, self._turn = 0, asyncio.Lock()
        async with RoomsServer() as self.server, AsyncExitStack() as self._connections:
            for room in SEATS:
                self.guests.append(await self._arrive())
                await self._joins(self.guests[-1], room)
            self._names([guest.name for guest in self.guests])
            self._begin()
            yield

    async def _arrive(self) -> Guest:
        """Connect one more client. Nobody else uses this server, so the order of arrival gives its name."""
        ws = await connect(self.server.url)
        self._arrived += 1
        guest = Guest(f"guest-{self._arrived}", ws)
        listening = asyncio.create_task(guest.listen(self._received))

        async def part() -> None:
            try:
                await ws.close()
            finally:
                ws.transport.abort()  # in case Cancel comes a second time
                await tasks.end((), ANSWER, "rooms", [listening])

        self._connections.push_async_callback(part)
        return guest

    # What the buttons do, each with the chosen client, and what happened then

    async def _act(self, do: Callable[..., Awaitable[str]], *arguments: str) -> None:
        """Let the chosen client do something, one press after the other, and show what came of it."""
        async with self._turn:
            guest = self.guests[self.who.value]
            self._begin()
            if guest.gone and do != self._joins:
                self.say(f"{guest.name} has disconnected. Press Join: a new client will connect in its place.")
                return
            if guest.gone:
                guest = self.guests[self.who.value] = await self._arrive()
                self._names([guest.name for guest in self.guests])
            await self._show(await do(guest, *arguments))

    async def _joins(self, guest: Guest, room: str) -> str:
        await guest.send(type="join-room", room=room)
        await self._told(lambda: guest.name in self.where().get(room, ()))
        return f"{guest.name} joined {room}."

    async def _leaves(self, guest: Guest) -> str:
        room = self.room_of(guest.name)
        await guest.send(type="leave-room")
        await self._told(lambda: not self.room_of(guest.name))
        return f"{guest.name} left {room}." if room else f"{guest.name} was not in a room, so nothing changed."

    async def _speaks(self, guest: Guest) -> str:
        self.speaker = guest.name
        await guest.send(type="room-message", message=self.words.value)
        await self._told(lambda: self.hearers or self.error or guest.gone)
        if self.error:
            return f"{guest.name} tried to speak without being in a room. The server responded: {self.error}."
        if guest.gone:
            return f"{guest.name} lost its connection: {guest.gone}."
        members = ", ".join(sorted(self.hearers))
        return (
            f"{guest.name} sent “{_short(self.words.value)}” to {self.room_of(guest.name)}, received by {members} "
            f"(sender included): 1 message in, {len(self.hearers)} out."
        )

    async def _vanishes(self, guest: Guest) -> str:
        room = self.room_of(guest.name)
        guest.gone = "vanished"
        guest.ws.transport.abort()
        await self._told(lambda: guest.name not in {ws.name for ws in self.server.connections})
        if not room:
            return f"{guest.name} vanished. It was not in a room."
        left = ", ".join(self.where().get(room, ()))
        what = f"Its room {room} now has {left}." if left else f"Its room {room} was empty, so the server deleted it."
        return f"{guest.name} vanished without a close frame. {what}"

    async def _told(self, condition: Callable[[], object]) -> None:
        """Wait until `condition()` holds, and all clients have received and read what the server knows."""
        if not await until(lambda: condition() and self.where() == self._members(), ANSWER):
            raise TimeoutError("The server did not send what was expected.")
        async with asyncio.timeout(ANSWER):
            for guest in self.guests:
                if not guest.gone:
                    await (await guest.ws.ping())  # its pong comes after everything else

    # What the server says

    def _received(self, guest: Guest, text: str) -> None:
        self.messages.setdefault(text, []).append(guest.name)
        match json.loads(text):
            case {"type": "presence", "room": room, "members": members}:
                self.told[room] = members
            case {"type": "room-message"}:
                self.hearers.add(guest.name)
            case {"type": "error", "message": message}:
                self.error = message

    def where(self) -> dict[str, list[str]]:
        """Return room -> members, as the clients know it, for the rooms that the server has."""
        return {room: self.told.get(room, []) for room in sorted(self.server.rooms.members)}

    def _members(self) -> dict[str, list[str]]:
        return {room: sorted(ws.name for ws in members) for room, members in self.server.rooms.members.items()}

    def room_of(self, name: str) -> str:
        """Return the room that a client is in, as the clients know it, or an empty string."""
        return next((room for room, members in self.where().items() if name in members), "")

    # What is shown

    def _begin(self) -> None:
        """Forget what came of the last press."""
        self.speaker, self.error = "", ""
        self.hearers: set[str] = set()
        self.messages: dict[str, list[str]] = {}  # what the server sent -> who received it

    def _names(self, names: list[str]) -> None:
        chosen = self.who.value or 0
        self.who.options = [(name, seat) for seat, name in enumerate(names)]
        self.who.value = chosen

    async def _show(self, what: str) -> None:
        seats = [
            Seat(g.name, self.room_of(g.name), g.gone, g.name == self.speaker, g.name in self.hearers)
            for g in self.guests
        ]
        now = "; ".join(f"{room}: {', '.join(members)}" for room, members in self.where().items()) or "no rooms"
        rows = [
            f"<tr><td>{', '.join(sorted(names)).replace('-', '&#8209;')}</td>"
            f"<td><code>{escape(_short(text))}</code></td></tr>"
            for text, names in self.messages.items()
        ]
        head = "<table class=wsl-long><tr><th>To</th><th>what the server sent</th></tr>"
        self.sent.value = f"{head}{''.join(rows)}</table>" if rows else ""
        self.say(what)
        await self.picture.draw(lambda: (picture(seats, ROOMS), f"{what} Now {now}."))


async def rooms_lab(phones: ClassServers | None = None) -> Dashboard:
    """Show the lab. With `phones`, which `await classroom()` has returned, its clients are the phones of the class."""
    return await (RoomsLab() if phones is None else PhonesRoomsLab(phones)).show()
