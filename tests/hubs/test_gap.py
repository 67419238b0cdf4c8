"""A hub that admits a gap: members are told at once, and no client is promised what nobody can prove."""

from support import hear, tell
from websockets.asyncio.client import connect

from wslearn.hubs import MemoryHub
from wslearn.limits import Limits
from wslearn.messages import FeedMessage, encode
from wslearn.servers.feed import FeedServer


async def test_members_are_told_of_a_gap_and_others_are_not():
    hub = MemoryHub()
    async with FeedServer(hub=hub) as server:
        async with connect(server.url, proxy=None) as ann, connect(server.url, proxy=None) as bob:
            for ws, room in ((ann, "tea"), (bob, "coffee")):
                await tell(ws, type="join-room", room=room)
                assert (await hear(ws, "joined"))["recovered"] is True
            await tell(ann, type="room-message", message="1", id="1")
            offset = (await hear(ann, "ack"))["offset"]
            for told in hub.on_gap:
                told("tea")
                told("a room of another server")
            told = await hear(ann, "joined")
            assert (told["recovered"], told["missed"], told["offset"], told["epoch"]) == (False, 0, offset, hub.epoch)
            await tell(bob, type="room-message", message="2", id="2")
            assert (await hear(bob))["type"] != "joined"


class Jumped:
    """A subscription whose floor has moved past everything that was heard."""

    def __init__(self, floor: int) -> None:
        self.floor = floor

    def unsubscribe(self) -> None: ...


async def test_a_client_that_is_just_catching_up_is_told_too():
    hub = MemoryHub()
    large = encode(FeedMessage("tea", "x" * 60_000, "Ann", "")).encode()
    async with FeedServer(hub=hub, limits=Limits(max_unsent=None)) as server:
        async with connect(server.url, proxy=None) as ann, connect(server.url, proxy=None, max_queue=1) as zoe:
            await tell(ann, type="join-room", room="tea")
            place = await hear(ann, "joined")
            room = server.rooms.rooms["tea"]
            for offset in range(1, 201):
                room.heard(offset, large)
            await tell(zoe, type="join-room", room="tea", epoch=place["epoch"], offset=place["offset"])
            told = await hear(zoe, "joined")
            assert (told["recovered"], told["missed"]) == (True, 200)
            # Zoe reads no more for now, so the server waits in the middle of what she has missed.
            room.topic = Jumped(room.history.last + 100)
            hub.on_gap[0]("tea")
            assert (await hear(zoe, "joined"))["recovered"] is False
            for ws in (ann, zoe):
                ws.transport.abort()  # rather than read everything for a closing handshake


async def test_a_server_that_has_stopped_does_not_listen():
    hub = MemoryHub()
    async with FeedServer(hub=hub):
        assert len(hub.on_gap) == 1
    assert hub.on_gap == []


async def test_health_tells_whether_the_hub_is_in_reach():
    hub = MemoryHub()
    server = FeedServer(hub=hub)
    assert server.health() == {"hub": "ok"}
    hub.lost = True
    assert server.health() == {"hub": "lost"}
