"""Rooms: a client in a room receives its messages and its list of members. Lesson 04."""

from wslearn.common.throttle import Throttle
from wslearn.fast import fan_out
from wslearn.limits import Limits
from wslearn.messages import JoinRoom, LeaveRoom, Presence, RoomMessage, SayInRoom, now
from wslearn.server import Connection, Server


class Rooms:
    """Two dictionaries with one owner: room to members, and member to room, so that leaving is never a search.

    An empty room is deleted. Every change is sent to a room's members, but to N members at most once in N milliseconds,
    because each change is N messages of N names. The final state is always sent.
    """

    requests = (JoinRoom, LeaveRoom, SayInRoom)

    def __init__(self) -> None:
        self.members: dict[str, set[Connection]] = {}
        self.room_of: dict[Connection, str] = {}
        self._presence = Throttle(self._tell, lambda room: len(self.members[room]) / 1000)

    async def answer(self, ws: Connection, request: JoinRoom | LeaveRoom | SayInRoom) -> None:
        """Carry out a client's request."""
        match request:
            case JoinRoom(room):
                self.join(ws, room)
            case LeaveRoom():
                self.leave(ws)
            case SayInRoom(message) if here := self.room_of.get(ws):
                self._presence.flush(here)  # a new member's name is sent before its first message
                fan_out(self.members[here], RoomMessage(here, message, ws.name, now()))
            case SayInRoom():
                await ws.complain("not-in-a-room", 'join a room first: {"type":"join-room","room":"lobby"}')

    def join(self, ws: Connection, room: str) -> None:
        """Put a client into a room, and out of the one it was in."""
        self.leave(ws)
        self.room_of[ws] = room
        self.members.setdefault(room, set()).add(ws)
        self._presence.ask(room)

    def leave(self, ws: Connection) -> None:
        """Take a client out of its room, if it is in one."""
        if (room := self.room_of.pop(ws, None)) is None:
            return
        self.members[room].discard(ws)
        if self.members[room]:
            return self._presence.ask(room)
        del self.members[room]
        self._presence.forget(room)

    def _tell(self, room: str) -> None:
        fan_out(self.members[room], Presence(room, sorted({ws.name for ws in self.members[room]})))


class RoomsServer(Server):
    """Let clients join and leave rooms, and send messages to them. `rooms` contains the members."""

    limits = Limits(rate=20)
    features = ("rooms",)

    def __init__(self, host="127.0.0.1", port=0, *, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.rooms = Rooms()

    async def handler(self, ws):
        """Carry out a client's requests."""
        try:
            async for request in ws.receive(*Rooms.requests):
                await self.rooms.answer(ws, request)
        finally:
            self.rooms.leave(ws)
