"""Faults as a quick version has them: of servers and of clients, each planted into a right one."""

import asyncio
from contextlib import suppress

import msgspec
from careful import LOST, Careful

from wslearn.fast import fan_out
from wslearn.hubs import MemoryHub
from wslearn.hubs.rooms import HubRooms
from wslearn.messages import Ack, FeedMessage, Joined, encode, now
from wslearn.servers.feed import FeedServer

# Servers


class WithRooms(FeedServer):
    """A feed whose rooms are of another class."""

    rooms_class = HubRooms

    def __init__(self, **options):
        super().__init__(**options)
        self.rooms = self.rooms_class(self.hub)


class AwaitsBeforeJoining(WithRooms):
    """Waits between its last look at what the client has missed and putting it into the room."""

    class rooms_class(HubRooms):
        async def _catch_up(self, *args):
            lost = await super()._catch_up(*args)
            for _ in range(3):  # turns of the event loop: less than anything that really waits
                await asyncio.sleep(0)
            return lost


class OffByOne(WithRooms):
    """Sends what comes after the first message that a client has missed."""

    class rooms_class(HubRooms):
        async def join(self, ws, name, epoch="", offset=None):
            await super().join(ws, name, epoch, None if offset is None else offset + 1)


class SaysRecovered(FeedServer):
    """Says that nothing is lost, whatever it knows."""

    async def join(self, ws, session, request):
        say = ws.say

        async def lie(message):
            if isinstance(message, Joined):
                message.recovered = True
            await say(message)

        ws.say = lie
        await super().join(ws, session, request)


class StoresFirst(MemoryHub):
    """Stores a message, which takes a moment, and leaves it to its server to pass it on."""

    async def publish(self, topic, data, key):
        subscriptions, self._subscriptions = self._subscriptions, {topic: []}
        offset = await super().publish(topic, data, key)
        self._subscriptions = subscriptions
        for _ in range(4):
            await asyncio.sleep(0)
        return offset

    def pass_on(self, topic, offset, data):
        for subscription in self._subscriptions.get(topic, ()):
            subscription.heard(offset, data)


class AcksBeforeFanOut(FeedServer):
    """Awaits the sending of the ack, and then passes the message on: if the sender has gone, nobody gets it."""

    def __init__(self, **options):
        super().__init__(**{**options, "hub": options.get("hub") or StoresFirst()})

    async def publish(self, ws, session, request):
        if (room := self.rooms.room_of.get(ws)) is None:
            return await ws.complain("not-in-a-room", "join a room first", request.id)
        known = self.hub._offset
        data = encode(FeedMessage(room.name, request.message, ws.name, now())).encode()
        offset = await self.hub.publish(room.name, data, f"{session} {request.id}")
        await ws.say(Ack(request.id, offset))
        if offset > known:
            self.hub.pass_on(room.name, offset, data)


class KnowsNoKeys(MemoryHub):
    """Stores what is sent again once more."""

    async def publish(self, topic, data, key):
        return await super().publish(topic, data, None)


class KeyIsTheId(FeedServer):
    """Takes two messages with the same id for the same message, whoever sends them."""

    async def publish(self, ws, session, request):
        await super().publish(ws, "", request)


class AcksBeforeStoring(FeedServer):
    """Acknowledges what it has received, and stores it a moment later."""

    async def publish(self, ws, session, request):
        fan_out([ws], Ack(request.id, self.hub._offset + 1))
        for _ in range(4):
            await asyncio.sleep(0)
        await super().publish(ws, session, msgspec.structs.replace(request, id=None))


# Clients


class DoesNotReconnect(Careful):
    """Ends with its first connection."""

    async def live(self):
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self.write())
            await self.connect_once()
            writing.cancel()


class DoesNotResume(Careful):
    """Joins as if it had never been there."""

    def hello(self):
        return {"type": "join-room", "room": self.person.room, "session": self.session}


class TakesJoinedForHeard(Careful):
    """Takes the offset in `joined` for its own, before it has received what it has missed."""

    async def take_joined(self, fields):
        await super().take_joined(fields)
        self.claimed = self.epoch, fields["offset"]

    def hello(self):
        hello = super().hello()
        if getattr(self, "claimed", ("",))[0] == self.epoch and "offset" in hello:
            hello["offset"] = max(self.claimed[1], hello["offset"])
        return hello


class KeepsItsPlaceRarely(Careful):
    """Notes its place at every third message only, and does not drop what its user has had."""

    def take_message(self, fields):
        if fields["offset"] % 3 == 0:
            self.offset = fields["offset"]
        self.person.hear(fields)


class KeepsItsOldOffset(Careful):
    """Compares offsets of a new epoch with one of the last epoch."""

    async def take_joined(self, fields):
        if not fields["recovered"]:
            self.person.hear(fields)
        self.epoch = fields["epoch"]
        if self.offset is None:
            self.offset = fields["offset"]
        self.joined.set()
        await self.resend()


class KeepsQuiet(Careful):
    """Does not tell its user that something may be lost."""

    async def take_joined(self, fields):
        hear, self.person.hear = self.person.hear, lambda fields: None
        try:
            await super().take_joined(fields)
        finally:
            self.person.hear = hear


class ForgetsWhatItSent(Careful):
    """Sends each message once: what was sent counts as received."""

    async def write(self):
        while True:
            text = await self.person.next()
            await self.joined.wait()
            with suppress(*LOST):
                await self.send(self.message(self.next_id(), text))


class ANewIdForEachTry(Careful):
    """Gives a message that it sends again another id."""

    async def resend(self):
        if self.pending:
            self.pending = self.next_id(), self.pending[1]
        await super().resend()


class SeveralInFlight(Careful):
    """Sends what is new at once, and what had no ack a moment later."""

    def __init__(self, person):
        super().__init__(person)
        self.waiting = {}

    async def write(self):
        while True:
            text = await self.person.next()
            id = self.next_id()
            self.waiting[id] = text
            await self.joined.wait()
            with suppress(*LOST):
                await self.send(self.message(id, text))

    async def resend(self):
        async def later():
            await asyncio.sleep(0.005)
            for id, text in list(self.waiting.items()):
                with suppress(*LOST):
                    await self.send(self.message(id, text))

        self.retry = asyncio.create_task(later())

    async def receive(self, fields):
        if fields["type"] == "ack":
            self.waiting.pop(fields["id"], None)
        await super().receive(fields)
