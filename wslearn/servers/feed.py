"""Feed: rooms that lose nothing. A client that comes back receives what it has missed. Lesson 09."""

import secrets

from wslearn.fast import fan_out
from wslearn.hubs import Hub, HubLost, MemoryHub
from wslearn.hubs.rooms import HubRooms, key_of
from wslearn.limits import Limits
from wslearn.messages import Ack, FeedMessage, LeaveRoom, Publish, Resume, encode, now
from wslearn.server import Server


class FeedServer(Server):
    """Keep the messages of rooms, and send a client that comes back what it has missed.

    `hub` keeps them: by default a `MemoryHub`, which ends with this server. Servers that share one share their rooms.
    """

    limits = Limits(rate=20)
    features = ("rooms", "resume")

    def __init__(self, host="127.0.0.1", port=0, *, hub: Hub | None = None, limits=None, tls=None):
        super().__init__(host, port, limits=limits, tls=tls)
        self.hub = hub or MemoryHub()
        self.rooms = HubRooms(self.hub)

    def beside(self, host):
        """Listen to the hub as long as the server runs."""
        return self.rooms.opened()

    async def handler(self, ws):
        """Carry out a client's requests."""
        session = secrets.token_hex(16)  # for a client that has none of its own
        try:
            async for request in ws.receive(Resume, LeaveRoom, Publish):
                match request:
                    case Resume():
                        session = request.session or session
                        await self.join(ws, session, request)
                    case LeaveRoom():
                        self.rooms.leave(ws)
                    case Publish():
                        await self.publish(ws, session, request)
        finally:
            self.rooms.leave(ws)

    async def join(self, ws, session, request):
        """Put a client into a room, after what it has missed. The same session has the same name."""
        self.rooms.leave(ws)
        try:
            await self.rooms.name(ws, session)
            await self.rooms.join(ws, request.room, request.epoch, request.offset)
        except HubLost as lost:
            await ws.complain("hub-lost", f"{lost}: join again")

    async def publish(self, ws, session, request):
        """Store a message; if it has an id, store it once, and acknowledge it."""
        id, room = request.id, self.rooms.room_of.get(ws)
        if room is None:
            return await ws.complain("not-in-a-room", 'join a room first: {"type":"join-room","room":"lobby"}', id)
        self.rooms.introduce(room)
        data = encode(FeedMessage(room.name, request.message, ws.name, now())).encode()
        try:
            offset = await self.hub.publish(room.name, data, key_of(session, room.name, id))
        except HubLost as lost:
            return await ws.complain("hub-lost" if self.hub.lost else "not-stored", f"{lost}: send it again", id)
        except ValueError as error:  # the hub can't store it, however often it is sent
            return await ws.complain("bad-message", str(error), id)
        if id:
            await room.reached(offset)  # the sender, too, receives the message first
            fan_out([ws], Ack(id, offset))  # even if the sender has gone, the others have the message
