"""Feed when its server or its hub ends, is lost, hangs, or begins anew."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from feeds import ANN, BOB, CARL, GatedServer, TestHub, clean, clients, heard, join, nothing_more, quiet_log, say
from support import closed_with, hear, no_task_left, tell, until
from websockets.asyncio.client import connect

from wslearn.hubs import HubLost, MemoryHub
from wslearn.servers.feed import FeedServer


@pytest.fixture(autouse=True)
def _quiet(caplog):
    with quiet_log(caplog):
        yield


@pytest.fixture
async def server():
    async with FeedServer(hub=TestHub()) as server:
        yield server
        await until(lambda: clean(server))


async def test_a_server_that_is_started_again_with_its_hub_goes_on(server):
    hub = MemoryHub()
    with no_task_left():
        async with FeedServer(hub=hub) as first:
            async with clients(first, ANN) as [ann]:
                last = await say(ann, "1", "1")
                async with clients(first, BOB, room="coffee") as [bob]:
                    await say(bob, "elsewhere", "1")
                await say(ann, "2", "2")
                await first.stop()
                assert (await closed_with(ann))[0] == 1001
        async with FeedServer(hub=hub) as second, connect(second.url) as ann:
            joined = await join(ann, "tea", ANN, epoch=hub.epoch, offset=last)
            assert (joined["recovered"], joined["missed"], joined["offset"]) == (True, 1, 3)
            assert await heard(ann, 1) == ["2"]
            assert (await hear(ann, "presence"))["members"] == ["guest-1"]
            assert await say(ann, "2", "2") == 3  # the resend of a message whose ack did not come
            assert await say(ann, "3", "3") == 4
            assert await heard(ann, 1) == ["3"]
            await nothing_more(ann)
            await ann.close()
            await until(lambda: clean(second))
        assert not any((hub.on_presence, hub.on_epoch, hub.on_lost, hub.on_back))


async def test_the_same_server_object_can_be_started_again():
    server = FeedServer()
    for number in range(3):
        async with server, connect(server.url) as ann:
            joined = await join(ann, "tea", ANN, epoch=server.hub.epoch, offset=number)
            assert (joined["recovered"], joined["missed"]) == (True, 0)
            await say(ann, str(number), str(number))
        await until(lambda: clean(server))


async def test_a_server_with_a_new_hub_admits_that_it_knows_nothing():
    async with FeedServer() as first, clients(first, ANN) as [ann]:
        await say(ann, "1", "1")
        last, epoch = await say(ann, "2", "2"), first.hub.epoch
    async with FeedServer() as second, clients(second, BOB) as [bob], connect(second.url) as ann:
        await say(bob, "new", "1")
        joined = await join(ann, "tea", ANN, epoch=epoch, offset=last)
        assert joined.pop("epoch") != epoch
        assert joined == {"type": "joined", "room": "tea", "offset": 1, "floor": 0, "recovered": False, "missed": 1}
        assert await heard(ann, 1) == ["new"]


@pytest.mark.parametrize("steps", range(8))
async def test_clients_that_join_while_the_server_stops_leave_nothing(steps):
    hub = TestHub()
    hub.before = hub.after = lambda: asyncio.sleep(0.001)
    with no_task_left():
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(FeedServer(hub=hub))
            everybody = [await connect(server.url) for _ in range(10)]
            for number, ws in enumerate(everybody):
                await tell(ws, type="join-room", room=f"room-{number % 3}", session=ANN, epoch=hub.epoch, offset=number)
            for _ in range(steps):
                await asyncio.sleep(0.001)
            server.rooms.lag = 60
            await server.stop()
            for ws in everybody:
                await closed_with(ws)
        assert clean(server) and hub.presence("room-0") == []
        assert not any((hub.on_presence, hub.on_epoch, hub.on_lost, hub.on_back))


async def test_members_are_told_when_the_hub_is_lost_and_when_it_is_back(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        await say(ann, "1", "1")
        assert await heard(bob, 1) == ["1"]
        server.hub.lose()
        for ws in (ann, bob):
            error = await hear(ws)
            while error["type"] == "room-message":
                error = await hear(ws)
            assert (error["type"], error["code"]) == ("error", "hub-lost") and "id" not in error
        await tell(ann, type="room-message", message="2", id="2")
        error = await hear(ann)
        assert (error["code"], error["id"]) == ("hub-lost", "2") and error["message"].endswith("send it again")
        async with connect(server.url) as carl:
            await tell(carl, type="join-room", room="tea", session=CARL)
            error = await hear(carl)
            assert error["code"] == "hub-lost" and error["message"].endswith("join again")
            server.hub.come_back()
            for ws in (ann, bob):
                joined = await hear(ws)
                assert (joined["type"], joined["offset"], joined["recovered"]) == ("joined", 1, True)
            await join(carl, "tea", CARL)
            assert await say(ann, "2", "2") == 2
            assert await heard(bob, 1) == await heard(carl, 1) == ["2"]


async def test_a_message_that_is_not_stored_is_to_be_sent_again_and_is_stored_once(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        for trouble in ("fails", "forgets_to_say"):  # before it was stored, and after
            setattr(server.hub, trouble, HubLost("no answer"))
            for _ in range(12):  # a resend never closes the connection
                await tell(ann, type="room-message", message=trouble, id=trouble)
                error = await hear(ann, "error")
                assert (error["code"], error["id"]) == ("not-stored", trouble), error
            setattr(server.hub, trouble, None)
            await say(ann, trouble, trouble)
        assert await heard(bob, 2) == ["fails", "forgets_to_say"]
        await nothing_more(bob)


async def test_a_message_that_the_hub_can_never_store_is_not_to_be_sent_again(server):
    async with clients(server, ANN) as [ann]:
        server.hub.fails = ValueError("the hub takes at most 9 bytes")
        await tell(ann, type="room-message", message="hi", id="7")
        error = await hear(ann)
        assert error == {"type": "error", "code": "bad-message", "id": "7", "message": "the hub takes at most 9 bytes"}


async def test_a_hub_that_hangs_costs_an_error_and_nobody_else_anything(server):
    async with clients(server, ANN) as [ann], connect(server.url) as bob, connect(server.url) as carl:
        server.hub.before = asyncio.Event().wait
        server.rooms.patience = 0.1
        await tell(bob, type="join-room", room="coffee", session=BOB)
        await tell(carl, type="join-room", room="coffee", session=CARL)
        assert await say(ann, "hi", "1") == 1
        for ws in (bob, carl):
            error = await hear(ws)
            assert (error["code"], error["message"]) == ("hub-lost", "no answer of the hub within 0.1 s: join again")
        assert list(server.rooms.rooms) == ["tea"]
        server.hub.before = lambda: asyncio.sleep(0)
        await join(bob, "coffee", BOB)


async def test_a_new_epoch_is_told_to_all_and_offsets_begin_anew(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        for number in range(3):
            await say(ann, str(number), str(number))
        assert await heard(bob, 3) == ["0", "1", "2"]
        old = server.hub.epoch
        server.hub.begin_anew()
        new = server.hub.epoch
        for ws in (ann, bob):
            joined = await hear(ws, "joined")
            assert (joined["epoch"], joined["offset"], joined["floor"], joined["missed"]) == (new, 0, 0, 0)
            assert joined["recovered"] is False
        assert await say(ann, "new", "1") == 1
        assert await heard(bob, 1) == ["new"]
        joined = await join(bob, "tea", BOB, epoch=old, offset=3)
        assert (joined["recovered"], joined["missed"]) == (False, 1)
        joined = await join(bob, "tea", BOB, epoch=new, offset=1)
        assert (joined["recovered"], joined["missed"]) == (True, 0)


async def test_a_new_epoch_during_a_catch_up_is_told_and_nothing_of_it_is_lost():
    async with GatedServer(hub=TestHub()) as server, clients(server, ANN) as [ann], connect(server.url) as bob:
        for number in range(20):
            await say(ann, str(number), str(number))
        ann.kept = []
        server.gate.clear()
        await tell(bob, type="join-room", room="tea", session=BOB, epoch=server.hub.epoch, offset=0)
        await until(lambda: server.waiting == 1)
        server.hub.begin_anew()
        await hear(ann, "joined")
        await say(ann, "new", "1")
        server.gate.set()
        assert (await hear(bob, "joined"))["missed"] == 20
        assert [(await hear(bob, "room-message"))["offset"] for _ in range(20)] == list(range(1, 21))
        joined = await hear(bob)
        assert (joined["epoch"], joined["recovered"], joined["missed"]) == (server.hub.epoch, False, 1)
        assert await heard(bob, 1) == ["new"]
        await say(ann, "live", "2")
        assert await heard(bob, 1) == ["live"]
