"""Rooms: a client is in one room at a time, hears what is said there, and sees who else is in it. Lesson 04."""

import asyncio

from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import JoinRoom, LeaveRoom, Presence, RoomMessage, SayInRoom, now
from wslearn.server import Server
from wslearn.server.connection import Connection


class Rooms:
    """Two maps with one owner: room to members, and member to room, so that leaving is never a search.

    An empty room is deleted. The members are told of every change; in a room of N members at most once in N
    milliseconds, since each change is N messages of N names, and the last change always.
    """

    requests = (JoinRoom, LeaveRoom, SayInRoom)

    def __init__(self) -> None:
        self.members: dict[str, set[Connection]] = {}
        self.room_of: dict[Connection, str] = {}
        self._told: dict[str, float] = {}  # room -> when its members were last told who is in it
        self._to_tell: dict[str, asyncio.TimerHandle] = {}

    async def answer(self, ws: Connection, request: JoinRoom | LeaveRoom | SayInRoom) -> None:
        """Do what a client asks for."""
        match request:
            case JoinRoom(room):
                self.join(ws, room)
            case LeaveRoom():
                self.leave(ws)
            case SayInRoom(message) if room := self.room_of.get(ws):
                self.flush(room)  # who is here before what they say
                fan_out(self.members[room], RoomMessage(room, message, ws.name, now()))
            case SayInRoom():
                await ws.complain("not-in-a-room", 'join a room first: {"type":"join-room","room":"lobby"}')

    def join(self, ws: Connection, room: str) -> None:
        """Put a client into a room, and out of the one it was in."""
        self.leave(ws)
        self.room_of[ws] = room
        self.members.setdefault(room, set()).add(ws)
        self._changed(room)

    def leave(self, ws: Connection) -> None:
        """Take a client out of its room, if it is in one."""
        room = self.room_of.pop(ws, None)
        if room is None:
            return
        self.members[room].discard(ws)
        if self.members[room]:
            self._changed(room)
        else:
            del self.members[room], self._told[room]
            if timer := self._to_tell.pop(room, None):
                timer.cancel()

    def _changed(self, room: str) -> None:
        loop = asyncio.get_running_loop()
        next_time = self._told.get(room, 0) + len(self.members[room]) / 1000
        if loop.time() >= next_time:
            self._tell(room)
        elif room not in self._to_tell:
            self._to_tell[room] = loop.call_at(next_time, self._tell, room)

    def flush(self, room: str) -> None:
        """Tell a room's members now what they have not been told yet."""
        if room in self._to_tell:
            self._tell(room)

    def _tell(self, room: str) -> None:
        if timer := self._to_tell.pop(room, None):
            timer.cancel()
        self._told[room] = asyncio.get_running_loop().time()
        fan_out(self.members[room], Presence(room, sorted({ws.name for ws in self.members[room]})))


class RoomsServer(Server):
    """Let clients join and leave rooms and talk in them. `rooms` is who is where."""

    limits = Limits(rate=20)
    features = "rooms"

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.rooms = Rooms()

    async def handler(self, ws):
        try:
            async for request in ws.receive(*Rooms.requests):
                await self.rooms.answer(ws, request)
        finally:
            self.rooms.leave(ws)
