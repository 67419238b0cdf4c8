import pytest
from support import closed_with, hear, raw_websocket, tell, until
from websockets.asyncio.client import connect

from wslearn.servers.chat import ChatServer


async def enter(server, user):
    ws = await connect(server.url)
    await tell(ws, type="authenticate", token=server.tokens.issue(user))
    assert await hear(ws) == {"type": "authenticated", "user": user}
    return ws


async def test_people_talk_in_rooms_under_the_names_in_their_tokens():
    async with ChatServer() as server:
        ann, bob = await enter(server, "ann"), await enter(server, "bob")
        await tell(ann, type="join-room", room="tea")
        assert (await hear(ann))["members"] == ["ann"]
        await tell(bob, type="join-room", room="tea")
        assert (await hear(bob))["members"] == ["ann", "bob"]
        await tell(bob, type="room-message", message="hi", sender="ann")
        heard = await hear(ann, "room-message")
        assert (heard["sender"], heard["message"]) == ("bob", "hi")
        await tell(ann, type="ping")
        assert await hear(ann) == {"type": "pong"}
        await bob.close()
        assert (await hear(ann))["members"] == ["ann"]
        await ann.close()
        await until(lambda: not server.rooms.members)


async def test_a_user_with_two_windows_is_one_member():
    async with ChatServer() as server:
        one, two = await enter(server, "ann"), await enter(server, "ann")
        for ws in (one, two):
            await tell(ws, type="join-room", room="tea")
            assert (await hear(ws, "presence"))["members"] == ["ann"]
        await one.close()
        await tell(two, type="room-message", message="still here")
        assert (await hear(two, "room-message"))["sender"] == "ann"
        await two.close()


async def test_a_token_in_the_address_is_refused_though_it_is_valid():
    async with ChatServer() as server:
        async with connect(f"{server.url}?token={server.tokens.issue('ann')}") as ws:
            assert "URL" in (await hear(ws))["message"]
            assert await closed_with(ws) == (1008, "Invalid token")


async def test_nothing_is_heard_before_a_token():
    async with ChatServer() as server, connect(server.url) as ws:
        await tell(ws, type="join-room", room="tea")
        assert (await hear(ws))["code"] == "unauthorized"
        assert await closed_with(ws) == (1008, "Invalid token")
        assert server.rooms.members == {}


async def test_who_is_silently_gone_is_found():
    async with ChatServer(interval=0.2) as server:
        gone = await raw_websocket(server)
        await until(lambda: any("no pong within 0.2 s" in event.text for event in server.log))
        await until(lambda: not server.connections)
        gone.close()


def test_an_interval_that_is_none_is_named():
    with pytest.raises(ValueError, match="interval: expected seconds above 0, got 0"):
        ChatServer(interval=0)
