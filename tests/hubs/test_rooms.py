"""A join among messages: nothing between them is skipped or doubled, and two faults of a quick version are found."""

import asyncio
import random
from contextlib import suppress

import pytest
from feeds import ANN, BOB, TestHub, clean, clients, heard, join, say
from support import hear, until
from websockets.asyncio.client import connect

from wslearn.hubs.history import Histories
from wslearn.hubs.room import HubRoom, key_of, with_offset
from wslearn.hubs.rooms import HubRooms
from wslearn.limits import Limits
from wslearn.messages import Ack, FeedMessage, Joined, encode
from wslearn.server import Connection, delivery
from wslearn.servers.feed import FeedServer


class Late(Connection):
    """Its messages wait before they are sent, as those for a slow client do."""

    async def send(self, message, *, text=None):
        await asyncio.sleep(0)
        await super().send(message, text=text)


class Awaits(HubRooms):
    """The first fault: an await between deciding what was missed and joining."""

    async def join(self, ws, name, epoch="", offset=None):
        self.leave(ws)
        async with self._entered(name) as room:
            await self._catch_up(ws, room, epoch, offset)
            await asyncio.sleep(0)
            room.members.add(ws)
            self.room_of[ws] = room
            self._report(room)


class Hurries(HubRooms):
    """The same fault, hidden: what comes while the answer is sent is forgotten."""

    async def _catch_up(self, ws, room, epoch, offset):
        history = room.history
        at = history.last if offset is None else offset
        missed = history.since(at)
        await ws.say(Joined(room.name, self.hub.epoch, history.last, room.floor, True, len(missed)))
        while missed:
            for number, data in missed:
                await ws.send(with_offset(number, data))
                at = number
            missed = history.since(at)


class Server(FeedServer):
    """A server with slow connections and other rooms."""

    limits = Limits()  # as many joins a second as there are

    def __init__(self, rooms, hub):
        super().__init__(hub=hub)
        self.rooms = rooms(hub)

    def _create_connection(self, *args, **options):
        return Late(self, *args, **options)


async def joins(rooms: type[HubRooms], times: int, seed: int = 1) -> tuple[int, int]:
    """Join again and again while messages are published, and return how many were missing, and how many came twice."""
    rng, hub = random.Random(seed), TestHub()

    async def a_while():
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)

    hub.before = hub.after = a_while

    async def publish():
        while True:
            if last is not None:  # the client shares this event loop, and reads slowly
                await until(lambda: hub._offset <= last + 20)
            await hub.publish("tea", encode(FeedMessage("tea", "hi", "x", "")).encode(), None)
            for _ in range(rng.randrange(1, 6)):  # slower than one can be sent
                await asyncio.sleep(0)

    missing, doubled, last = 0, 0, None
    async with Server(rooms, hub) as server, connect(server.url) as ws:
        publishing = asyncio.create_task(publish())
        for _ in range(times):
            back = {} if last is None else {"epoch": hub.epoch, "offset": last}
            joined = await join(ws, "tea", ANN, **back)
            assert joined["recovered"]
            last = joined["offset"] if last is None else last
            for _ in range(joined["missed"] + rng.randrange(1, 8)):
                offset = (await hear(ws, "room-message"))["offset"]
                missing += max(0, offset - last - 1)
                doubled += offset <= last
                last = max(last, offset)
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing
        ws.transport.abort()
        await until(lambda: clean(server))
    return missing, doubled


@pytest.mark.parametrize("seed", range(3))
async def test_a_join_between_two_messages_skips_and_doubles_nothing(seed):
    assert await joins(HubRooms, 200, seed) == (0, 0)


@pytest.mark.parametrize("rooms", [Awaits, Hurries])
async def test_an_await_between_deciding_and_joining_is_found(rooms):
    missing, _ = await joins(rooms, 30)
    assert missing > 0


class Vanishing(FeedServer):
    """The sender of each message is gone before the message is stored."""

    async def publish(self, ws, session, request):
        ws.transport.abort()
        await ws.wait_closed()
        await super().publish(ws, session, request)


class AcksFirst(FeedServer):
    """The second fault: an ack that can't be sent takes the fan-out with it."""

    async def publish(self, ws, session, request):
        await ws.say(Ack(request.id, 1))
        await super().publish(ws, session, request)


async def story_of_the_ack(server: FeedServer) -> bool:
    """Tell whether the others hear a message whose sender has gone, and its resend is known."""
    async with server, connect(server.url) as bob:
        await join(bob, "tea", BOB)
        async with connect(server.url) as ann:
            await join(ann, "tea", ANN)
            await ann.send('{"type":"room-message","message":"hi","id":"1"}')
            await ann.wait_closed()
        await until(lambda: len(server.handlers) == 1)
        return server.hub._offset == 1 and await heard(bob, 1) == ["hi"]


async def test_an_ack_that_fails_takes_nothing_with_it():
    assert await story_of_the_ack(Vanishing())


async def test_an_ack_that_takes_the_fan_out_with_it_is_found():
    class Both(Vanishing, AcksFirst):
        pass

    assert not await story_of_the_ack(Both())


async def test_a_join_follows_what_the_last_room_has_sent(monkeypatch):
    """Messages to many clients are sent in batches: a client that joins again must not get one after the answer."""
    monkeypatch.setattr(delivery, "BATCH", 2)
    async with FeedServer() as server:
        everybody = {}
        for _ in range(40):
            ws = await connect(server.url)
            await join(ws)
            everybody[f"guest-{len(everybody) + 1}"] = ws
        late = list(server.rooms.rooms["tea"].members)[-1]  # the message comes to it with the last batch
        await server.hub.publish("tea", encode(FeedMessage("tea", "hi", "x", "")).encode(), None)
        assert server.deliveries.busy
        await server.rooms.join(late, "tea", server.hub.epoch, 0)
        ws, told = everybody[late.name], []
        await say(ws, "the end")
        while "the end" not in told:
            message = await hear(ws)
            told += [message["type"]] if message["type"] == "joined" else [message.get("message")]
        assert [one for one in told if one] == ["hi", "joined", "hi", "the end"]  # it had asked for everything again
        for ws in everybody.values():
            ws.transport.abort()


def test_what_is_heard_after_a_room_has_ended_belongs_to_nobody():
    histories = Histories()
    room = HubRoom(histories, "tea")
    room.ended = True
    histories.forget("tea")
    room.heard(1, encode(FeedMessage("tea", "hi", "x", "")).encode())
    assert histories.bytes == 0 and not histories._of


async def test_what_comes_from_the_hub_and_is_no_message_is_skipped(caplog):
    async with FeedServer() as server, clients(server, ANN) as [ann]:
        await server.hub.publish("tea", b"no message", None)
        await server.hub.publish("tea", b'{"type":"room-message"}', None)
        assert await say(ann, "hi", "1") == 3
        assert await heard(ann, 1) == ["hi"]
    assert [record.getMessage().partition(":")[0] for record in caplog.records if record.levelname == "WARNING"] == [
        "room tea"
    ] * 2


async def test_a_room_loads_once_for_all_who_join_it_and_ends_with_the_last():
    hub, gate, asked = TestHub(), asyncio.Event(), 0

    async def before():
        nonlocal asked
        asked += 1
        await gate.wait()

    hub.before = before
    async with FeedServer(hub=hub) as server:
        everybody = [await connect(server.url) for _ in range(20)]
        for ws in everybody:
            await ws.send('{"type":"join-room","room":"tea"}')
        await until(lambda: "tea" in server.rooms.rooms and server.rooms.rooms["tea"].expected == 20)
        everybody[0].transport.abort()  # the first, which has asked, goes
        gate.set()
        for ws in everybody[1:]:
            assert (await hear(ws, "joined"))["recovered"]
        assert asked == 1
        for ws in everybody[1:]:
            ws.transport.abort()
        await until(lambda: clean(server))
        gate.clear()  # and one that nobody waits for any more
        async with connect(server.url) as ws:
            await ws.send('{"type":"join-room","room":"coffee"}')
            await until(lambda: asked == 2)
            ws.transport.abort()


def test_a_key_differs_for_each_session_room_and_id():
    keys = {key_of(session, room, id) for session in (ANN, BOB) for room in ("a", "b") for id in ("1", "2")}
    assert len(keys) == 8 and key_of(ANN, "a", None) is None
