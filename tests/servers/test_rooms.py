import asyncio

import pytest
from support import hear, tell, until
from websockets.asyncio.client import connect

from wslearn.servers.rooms import RoomsServer


@pytest.fixture
async def server():
    async with RoomsServer() as server:
        yield server
        rooms = server.rooms
        await until(
            lambda: (rooms.members, rooms.room_of, rooms._presence._acted, rooms._presence._waiting) == ({}, {}, {}, {})
        )


async def join(ws, room):
    await tell(ws, type="join-room", room=room)
    return await hear(ws, "presence")


async def test_what_is_said_in_a_room_is_heard_in_it_and_nowhere_else(server):
    async with connect(server.url) as ann, connect(server.url) as bob, connect(server.url) as eve:
        await join(ann, "tea")
        await join(bob, "tea")
        await join(eve, "coffee")
        await tell(ann, type="room-message", message="hi")
        heard = await hear(bob, "room-message")
        assert heard == await hear(ann, "room-message")
        assert heard.pop("timestamp").endswith("Z")
        assert heard == {"type": "room-message", "room": "tea", "message": "hi", "sender": "guest-1"}
        await tell(eve, type="room-message", message="last")
        assert (await hear(eve, "room-message"))["message"] == "last"


async def test_presence_is_told_to_the_room_on_every_change(server):
    async with connect(server.url) as ann:
        assert await join(ann, "tea") == {"type": "presence", "room": "tea", "members": ["guest-1"]}
        async with connect(server.url) as bob:
            assert (await join(bob, "tea"))["members"] == ["guest-1", "guest-2"]
            assert (await hear(ann))["members"] == ["guest-1", "guest-2"]
        assert (await hear(ann))["members"] == ["guest-1"]


async def test_joining_another_room_leaves_the_last(server):
    async with connect(server.url) as ann, connect(server.url) as bob:
        await join(ann, "tea")
        await join(bob, "tea")
        assert (await hear(ann))["members"] == ["guest-1", "guest-2"]
        assert (await join(bob, "coffee"))["members"] == ["guest-2"]
        assert (await hear(ann))["members"] == ["guest-1"]
        await tell(bob, type="room-message", message="here")
        assert (await hear(bob))["room"] == "coffee"


async def test_leaving_and_talking_outside_of_a_room(server):
    async with connect(server.url) as ann:
        await join(ann, "tea")
        await tell(ann, type="leave-room")
        await tell(ann, type="leave-room")  # twice is fine
        await tell(ann, type="room-message", message="hello?")
        error = await hear(ann)
        assert (error["type"], error["code"]) == ("error", "not-in-a-room") and "join-room" in error["message"]
        assert server.rooms.members == {}


async def test_joining_the_same_room_again_says_who_is_there(server):
    async with connect(server.url) as ann, connect(server.url) as bob:
        await join(ann, "tea")
        await join(bob, "tea")
        assert (await join(bob, "tea"))["members"] == ["guest-1", "guest-2"]


async def test_who_is_there_is_told_before_what_they_say(server):
    async with connect(server.url) as ann:
        await join(ann, "tea")
        others = [await connect(server.url) for _ in range(30)]
        for other in others:
            await tell(other, type="join-room", room="tea")
            await tell(other, type="room-message", message="hi")
        members, talked = set(), 0
        while talked < 30:
            heard = await hear(ann)
            if heard["type"] == "presence":
                members = set(heard["members"])
            else:
                assert heard["sender"] in members
                talked += 1
        for other in others:  # they have not read: a closing handshake would wait for that
            other.transport.abort()


async def test_many_changes_at_once_are_told_together(server):
    ann = await connect(server.url)
    await join(ann, "tea")
    others = [await connect(server.url) for _ in range(100)]
    await asyncio.gather(*(tell(other, type="join-room", room="tea") for other in others))
    told = 1
    while len((await hear(ann))["members"]) < 101:
        told += 1
    assert told < 60  # not one for each of the hundred
    for other in others:
        other.transport.abort()
    while len((await hear(ann))["members"]) > 1:
        pass
    await ann.close()


@pytest.mark.parametrize("room", ["", "x" * 65, "a b", "a\n", "<b>", "é", None, 5, ["a"]])
async def test_a_name_that_is_none_for_a_room_is_refused_with_the_rule(server, room):
    async with connect(server.url) as ann:
        await tell(ann, type="join-room", room=room)
        error = await hear(ann)
        assert error["code"] == "bad-message" and "$.room" in error["message"]
        assert (await join(ann, "x" * 64))["room"] == "x" * 64
