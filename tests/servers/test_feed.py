"""The wire of feed, row by row, over real sockets."""

import asyncio
from dataclasses import replace

import pytest
from feeds import ANN, BOB, CARL, clean, clients, heard, join, nothing_more, quiet_log, say
from support import Clock, hear, tell, until
from websockets.asyncio.client import connect

from wslearn.hubs import MemoryHub
from wslearn.servers.feed import FeedServer


@pytest.fixture
async def server(caplog):
    with quiet_log(caplog):
        async with FeedServer() as server:
            server.rooms.lag = 0.05
            yield server
            await until(lambda: clean(server))


async def test_a_first_join_gets_no_history(server):
    async with clients(server, ANN) as [ann], connect(server.url) as bob:
        await say(ann, "before", "1")
        await tell(bob, type="join-room", room="tea", session=BOB)
        joined = await hear(bob)
        assert joined.pop("epoch") == server.hub.epoch
        assert joined == {"type": "joined", "room": "tea", "offset": 1, "floor": 0, "recovered": True, "missed": 0}
        await say(ann, "after", "2")
        assert await heard(bob, 1) == ["after"]


async def test_a_message_has_room_sender_time_and_offset(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        await tell(ann, type="room-message", message="hi", sender="guest-2", offset=7)  # nobody else's name, no offset
        message = await hear(bob, "room-message")
        assert message == await hear(ann, "room-message")
        assert message.pop("timestamp").endswith("Z")
        assert message == {"type": "room-message", "room": "tea", "message": "hi", "sender": "guest-1", "offset": 1}
        await nothing_more(ann)  # without an id no ack


async def test_the_ack_comes_after_the_message(server):
    async with clients(server, ANN) as [ann]:
        for number in range(1, 30):
            await tell(ann, type="room-message", message="hi", id=str(number))
            assert (await hear(ann))["offset"] == number
            assert await hear(ann) == {"type": "ack", "id": str(number), "offset": number}


async def test_who_comes_back_receives_what_it_has_missed_in_order_and_then_what_comes(server):
    async with clients(server, ANN) as [ann]:
        async with clients(server, BOB) as [bob]:
            last = await say(ann, "0", "0")
            assert await heard(bob, 1) == ["0"]
        for number in range(1, 11):
            await say(ann, str(number), str(number))
        async with connect(server.url) as bob:
            joined = await join(bob, "tea", BOB, epoch=server.hub.epoch, offset=last)
            assert (joined["recovered"], joined["missed"], joined["offset"], joined["floor"]) == (True, 10, 11, 0)
            await say(ann, "11", "11")
            assert await heard(bob, 11) == [str(number) for number in range(1, 12)]
            await nothing_more(bob)


async def test_what_is_older_than_the_floor_is_not_recovered():
    async with FeedServer(hub=MemoryHub(count=5)) as server, clients(server, ANN) as [ann]:
        for number in range(1, 11):
            await say(ann, str(number), str(number))
        for offset, recovered, missed in ((3, False, 5), (4, False, 5), (5, True, 5), (6, True, 4), (10, True, 0)):
            async with connect(server.url) as bob:
                joined = await join(bob, "tea", BOB, epoch=server.hub.epoch, offset=offset)
                assert (offset, joined["floor"], joined["offset"]) == (offset, 5, 10)
                assert (offset, joined["recovered"], joined["missed"]) == (offset, recovered, missed)
                if not recovered:
                    assert await heard(bob, 5) == ["6", "7", "8", "9", "10"]


@pytest.mark.parametrize("epoch", ["other", "", None])
async def test_another_epoch_is_not_recovered_and_gets_all_that_is_kept(server, epoch):
    async with clients(server, ANN) as [ann], connect(server.url) as bob:
        for number in range(3):
            await say(ann, str(number), str(number))
        joined = await join(bob, "tea", BOB, offset=2, **({} if epoch is None else {"epoch": epoch}))
        assert (joined["epoch"], joined["recovered"], joined["missed"]) == (server.hub.epoch, False, 3)
        assert await heard(bob, 3) == ["0", "1", "2"]


async def test_an_epoch_without_an_offset_is_a_first_join(server):
    async with clients(server, ANN) as [ann], connect(server.url) as bob:
        await say(ann, "0", "0")
        joined = await join(bob, "tea", BOB, epoch="other")
        assert (joined["recovered"], joined["missed"]) == (True, 0)


async def test_an_offset_of_the_future_is_waited_for_and_then_not_recovered(server):
    server.rooms.lag = 0.2
    async with clients(server, ANN) as [ann], connect(server.url) as bob, connect(server.url) as carl:
        await say(ann, "1", "1")
        begin = asyncio.get_running_loop().time()
        joined = await join(bob, "tea", BOB, epoch=server.hub.epoch, offset=9)
        assert asyncio.get_running_loop().time() - begin >= 0.19
        assert (joined["offset"], joined["recovered"], joined["missed"]) == (1, False, 0)
        server.rooms.lag = 60  # the test would end before
        await tell(carl, type="join-room", room="tea", session=CARL, epoch=server.hub.epoch, offset=3)
        await until(lambda: server.rooms.rooms["tea"].expected)
        await say(ann, "2", "2")
        await say(ann, "3", "3")
        joined = await hear(carl, "joined")
        assert (joined["offset"], joined["recovered"], joined["missed"]) == (3, True, 0)
        await say(ann, "4", "4")
        assert await heard(carl, 1) == ["4"]
        assert await heard(bob, 3) == ["2", "3", "4"]


def test_two_seconds_is_the_time_that_it_is_waited_for():
    assert FeedServer().rooms.lag == 2


async def test_the_same_session_room_and_id_are_stored_once_whichever_connection_they_come_by(server):
    async with clients(server, ANN) as [ann], connect(server.url) as again:
        assert await say(ann, "hi", "7") == 1
        assert await say(ann, "hi", "7") == 1
        await join(again, "tea", ANN)
        assert await say(again, "hi", "7") == 1
        assert await say(again, "next", "8") == 2
        assert await heard(ann, 2) == ["hi", "next"]
        await nothing_more(ann)


async def test_two_clients_may_use_the_same_id_and_one_client_in_two_rooms(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        assert [await say(ann, "ann", "7"), await say(bob, "bob", "7")] == [1, 2]
        await join(ann, "coffee")
        assert await say(ann, "ann", "7") == 3
        await join(ann, "tea")
        assert await say(ann, "ann", "7") == 1


async def test_clients_without_a_session_may_use_the_same_id_too(server):
    async with clients(server, None, None) as [ann, bob]:
        assert [await say(ann, "ann", "7"), await say(bob, "bob", "7"), await say(ann, "ann", "7")] == [1, 2, 1]


async def test_after_two_minutes_an_id_may_be_used_again():
    clock = Clock()
    async with FeedServer(hub=MemoryHub(clock=clock)) as server, clients(server, ANN) as [ann]:
        assert await say(ann, "hi", "7") == 1
        clock.now += 119
        assert await say(ann, "hi", "7") == 1
        clock.now += 2
        assert await say(ann, "hi", "7") == 2


async def test_name_and_presence_follow_the_session(server):
    async with clients(server, ANN, BOB) as [ann, _]:
        async with connect(server.url) as carl:
            await join(carl, "tea", CARL)
            assert (await hear(ann, "presence"))["members"] == ["guest-1", "guest-2", "guest-3"]
        assert (await hear(ann, "presence"))["members"] == ["guest-1", "guest-2"]
        async with connect(server.url) as other, connect(server.url) as carl:
            await join(other, "coffee")  # takes guest-4
            await join(carl, "tea", CARL)
            assert (await hear(carl, "presence"))["members"] == ["guest-1", "guest-2", "guest-3"]
            await say(carl, "me again", "1")
            assert (await hear(ann, "presence"))["members"] == ["guest-1", "guest-2", "guest-3"]
            assert (await hear(ann, "room-message"))["sender"] == "guest-3"


async def test_two_connections_of_one_session_are_one_member_and_both_are_told_who_is_there(server):
    async with clients(server, ANN, BOB) as [ann, bob], connect(server.url) as again:
        await join(again, "tea", ANN)
        assert (await hear(again, "presence"))["members"] == ["guest-1", "guest-2"]
        await ann.close()  # the one that was left from before; nobody has gone
        assert await say(again, "here", "1") == 1
        while (message := await hear(bob))["type"] == "presence":
            assert message["members"] == ["guest-1", "guest-2"]
        assert (message["sender"], message["message"]) == ("guest-1", "here")


async def test_a_new_session_is_a_new_client_and_the_log_knows_both_names(server):
    async with clients(server, ANN) as [ann]:
        await join(ann, "tea", BOB)
        assert (await hear(ann, "presence"))["members"] == ["guest-2"]
        assert [event.text for event in server.log if (event.kind, event.client) == ("connect", "guest-2")] == [
            "was guest-1"
        ]


async def test_leaving_and_talking_outside_of_a_room(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        await tell(ann, type="leave-room")
        await tell(ann, type="leave-room")  # twice is fine
        assert (await hear(bob, "presence"))["members"] == ["guest-2"]
        await tell(ann, type="room-message", message="hello?", id="7")
        error = await hear(ann)
        assert (error["type"], error["code"], error["id"]) == ("error", "not-in-a-room", "7")
        await tell(ann, type="room-message", message="hello?")
        error = await hear(ann)
        assert error["code"] == "not-in-a-room" and "id" not in error and "join-room" in error["message"]
        await say(bob, "for bob", "1")
        await nothing_more(ann)


async def test_joining_another_room_leaves_the_last(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        assert (await join(bob, "coffee"))["room"] == "coffee"
        assert (await hear(bob, "presence"))["members"] == ["guest-2"]
        assert (await hear(ann, "presence"))["members"] == ["guest-1"]
        await say(ann, "for tea", "1")
        await say(bob, "for coffee", "1")
        assert await heard(ann, 1) == ["for tea"] and await heard(bob, 1) == ["for coffee"]


async def test_joining_the_same_room_again_resumes_in_it(server):
    async with clients(server, ANN, BOB) as [ann, bob]:
        last = await say(ann, "1", "1")
        await say(ann, "2", "2")
        joined = await join(bob, "tea", BOB, epoch=server.hub.epoch, offset=last)
        assert (joined["recovered"], joined["missed"]) == (True, 1)
        await say(ann, "3", "3")
        assert await heard(bob, 2) == ["2", "3"]


async def test_many_changes_at_once_are_told_together(server):
    ann = await connect(server.url)
    await join(ann, "tea", ANN)
    others = [await connect(server.url) for _ in range(100)]
    await asyncio.gather(*(tell(other, type="join-room", room="tea") for other in others))
    told = 1
    while len((await hear(ann, "presence"))["members"]) < 101:
        told += 1
    assert told < 60  # not one for each of the hundred
    for other in others:
        other.transport.abort()
    while len((await hear(ann, "presence"))["members"]) > 1:
        pass
    await ann.close()


async def test_who_is_there_is_told_before_what_they_say(server):
    async with connect(server.url) as ann:
        await join(ann, "tea")
        others = [await connect(server.url) for _ in range(30)]
        for other in others:
            await tell(other, type="join-room", room="tea")
            await tell(other, type="room-message", message="hi")
        members, talked = set(), 0
        while talked < 30:
            message = await hear(ann)
            if message["type"] == "presence":
                members = set(message["members"])
            elif message["type"] == "room-message":
                assert message["sender"] in members
                talked += 1
        for other in others:  # they have not read: a closing handshake would wait for that
            other.transport.abort()


async def test_two_servers_of_one_hub_share_their_rooms(server):
    async with FeedServer(hub=server.hub) as second:
        async with clients(server, ANN) as [ann], connect(second.url) as bob:
            await join(bob, "tea", BOB)
            assert (await hear(bob, "presence"))["members"] == ["guest-1", "guest-2"]
            assert (await hear(ann, "presence"))["members"] == ["guest-1", "guest-2"]
            last = await say(ann, "1", "1")
            await say(bob, "2", "1")
            assert await heard(bob, 1) == ["1"] and await heard(ann, 2) == ["1", "2"]
            await bob.close()
            async with connect(server.url) as bob:  # it comes back to the other one
                joined = await join(bob, "tea", BOB, epoch=second.hub.epoch, offset=last)
                assert (joined["recovered"], joined["missed"]) == (True, 1)
                assert await say(bob, "2", "1") == 2  # and its ids are known there
                assert await heard(bob, 1) == ["2"]
        await until(lambda: clean(second))


async def test_limits_are_those_of_every_server():
    limits = replace(FeedServer.limits, max_connections=1)
    async with FeedServer(limits=limits) as server, connect(server.url) as ann:
        await join(ann)
        with pytest.raises(Exception, match="503"):
            await connect(server.url)
    assert FeedServer.limits.rate == 20
