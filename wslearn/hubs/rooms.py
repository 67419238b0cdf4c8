"""One server's part of the rooms of a hub: who is in them, and what they have missed. Lesson 09."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from wslearn.common.throttle import Throttle
from wslearn.fast import fan_out
from wslearn.hubs.history import Histories
from wslearn.hubs.hub import Hub, Topic
from wslearn.messages import Error, FeedMessage, Joined, Presence, encode
from wslearn.server import Connection

logger = logging.getLogger("wslearn")

#: How long a join waits for an offset that the server has not heard of yet, in seconds: it may lag behind another one.
LAG = 2.0

_decode = msgspec.json.Decoder(FeedMessage).decode


def with_offset(offset: int, data: bytes) -> str:
    """Return a message of the hub as clients receive it. Raises msgspec.DecodeError for anything else."""
    message = _decode(data)
    message.offset = offset
    return encode(message)


class HubRoom:
    """A room on one server: its members here, and the history of what was heard from the hub."""

    def __init__(self, histories: Histories, name: str) -> None:
        self.name = name
        self.members: set[Connection] = set()
        #: Clients that are about to be members.
        self.expected = 0
        self.topic: Topic | None = None
        #: Done when everything that the hub has kept was heard.
        self.loading: asyncio.Future[None] | None = None
        self._histories = histories
        self.history = histories.open(name)
        self._news = asyncio.Event()

    def heard(self, offset: int, data: bytes) -> None:
        """Keep a message, and send it to the members."""
        if offset <= self.history.last:
            return
        try:
            text = with_offset(offset, data)
        except msgspec.DecodeError as error:
            logger.warning("room %s: message %d of the hub was skipped: %s", self.name, offset, error)
            return
        self._histories.add(self.name, offset, data)
        fan_out(self.members, msgspec.Raw(text.encode()))
        self._news.set()
        self._news.clear()

    def restart(self) -> None:
        """Begin anew at offset 0, with nothing kept."""
        self._histories.forget(self.name)
        self.history = self._histories.open(self.name)

    async def reached(self, offset: int, seconds: float = LAG) -> None:
        """Wait until a message was heard, but no longer than so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while self.history.last < offset:
                    await self._news.wait()
        except TimeoutError:
            pass


class HubRooms:
    """The rooms in which a server has members. When the last one leaves, the room's subscription ends."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        #: Tells this server from the others of the hub.
        self.id = secrets.token_hex(8)
        self.rooms: dict[str, HubRoom] = {}
        self.room_of: dict[Connection, HubRoom] = {}
        self.histories = Histories()
        self._presence = Throttle(self._tell, lambda name: len(self.rooms[name].members) / 1000)

    def open(self) -> None:
        """Listen to the hub."""
        self.hub.on_presence.append(self._ask)
        self.hub.on_epoch.append(self._restart)
        self.hub.on_lost.append(self._lost)

    async def join(self, ws: Connection, name: str, epoch: str = "", offset: int | None = None) -> None:
        """Put a client into a room, after it has got what it missed since `offset` of `epoch` (None: nothing).

        Raises HubLost if the room's history can't be had, ConnectionClosed if the client has gone.
        """
        self.leave(ws)
        async with self._entered(name) as room:
            if offset is not None and epoch == self.hub.epoch:
                await room.reached(offset)
            while lost := await self._catch_up(ws, room, epoch, offset):
                epoch, offset = lost
            # Nothing is awaited between the last look into the history and this, so nothing can come between.
            room.members.add(ws)
            self.room_of[ws] = room
            self._report(room)

    async def _catch_up(self, ws: Connection, room: HubRoom, epoch: str, offset: int | None) -> tuple[str, int] | None:
        """Tell a client what can be proved, and send what it has missed and what is published meanwhile.

        Return None when it has got everything, or up to where it had got it when something was lost on the way.
        """
        history, here = room.history, self.hub.epoch
        if offset is None:
            at, recovered = history.last, True
        else:
            at = offset if epoch == here else 0
            recovered = epoch == here and history.floor <= offset <= history.last
        missed = history.since(at)
        await ws.say(Joined(room.name, here, history.last, history.floor, recovered, len(missed)))
        while missed:
            for number, data in missed:
                await ws.send(with_offset(number, data))
                at = number
            if history is not room.history or history.floor > at:
                return here, at
            missed = history.since(at)
        return None

    def leave(self, ws: Connection) -> None:
        """Take a client out of its room, if it is in one."""
        if room := self.room_of.pop(ws, None):
            room.members.discard(ws)
            self._report(room)
            self._end_if_empty(room)

    def introduce(self, room: HubRoom) -> None:
        """Tell a room's members who is in it, if that is still to be done: before a new member's first message."""
        self._presence.flush(room.name)

    def close(self) -> None:
        """End all subscriptions, and listen to the hub no more."""
        for ws in list(self.room_of):
            self.leave(ws)
        self.hub.on_presence.remove(self._ask)
        self.hub.on_epoch.remove(self._restart)
        self.hub.on_lost.remove(self._lost)

    @asynccontextmanager
    async def _entered(self, name: str) -> AsyncIterator[HubRoom]:
        """Yield a room whose kept messages have been heard, and keep it for the time of the block."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = HubRoom(self.histories, name)
            room.loading = asyncio.ensure_future(self._load(room))
        room.expected += 1
        try:
            assert room.loading
            await asyncio.wait([room.loading])  # which a client that goes away does not cancel for the others
            room.loading.result()
            yield room
        finally:
            room.expected -= 1
            self._end_if_empty(room)

    async def _load(self, room: HubRoom) -> None:
        room.topic = await self.hub.subscribe(room.name, room.heard)
        room.history.floor = max(room.history.floor, room.topic.floor)
        room.history.last = max(room.history.last, room.history.floor)

    def _end_if_empty(self, room: HubRoom) -> None:
        if room.members or room.expected or self.rooms.get(room.name) is not room:
            return
        del self.rooms[room.name]
        self._presence.forget(room.name)
        self.histories.forget(room.name)
        if room.loading:
            room.loading.cancel()
        if room.topic:
            room.topic.unsubscribe()

    def _report(self, room: HubRoom) -> None:
        self.hub.changed(room.name, {ws.name for ws in room.members}, self.id)

    def _ask(self, name: str) -> None:
        if name in self.rooms:
            self._presence.ask(name)

    def _tell(self, name: str) -> None:
        fan_out(self.rooms[name].members, Presence(name, self.hub.presence(name)))

    def _restart(self) -> None:
        for room in self.rooms.values():
            room.restart()
            fan_out(room.members, Joined(room.name, self.hub.epoch, 0, 0, False, 0))

    def _lost(self) -> None:
        for room in self.rooms.values():
            fan_out(
                room.members, Error("hub-lost", "messages can't be stored or received now; the server keeps trying")
            )
