"""A client of feed that has much to catch up on, and reads, or does not."""

import json
from dataclasses import replace

from feeds import ANN, BOB, GatedServer, clients, heard, join, say
from support import frame, hear, raw_websocket, tell, until
from websockets.asyncio.client import connect

from wslearn.hubs import MemoryHub
from wslearn.messages import FeedMessage, encode
from wslearn.servers.feed import FeedServer

LARGE = "x" * 65_000


async def fill(hub: MemoryHub, count: int, text: str = LARGE) -> None:
    for number in range(count):
        await hub.publish("tea", encode(FeedMessage("tea", f"{number} {text}", "x", "")).encode(), None)


async def test_who_reads_catches_up_with_500_large_messages():
    async with FeedServer() as server, clients(server, ANN) as [ann], connect(server.url, max_size=None) as bob:
        await fill(server.hub, 500)
        joined = await join(bob, "tea", BOB, epoch=server.hub.epoch, offset=0)
        assert (joined["recovered"], joined["missed"]) == (True, 500)
        most = 0
        for number in range(500):
            assert (await hear(bob, "room-message"))["message"].startswith(f"{number} ")
            most = max(
                most, *(ws.transport.get_write_buffer_size() for ws in server.connections if ws.name == "guest-2")
            )
        assert most < 256 * 1024  # far from the limit, although 32 MB were sent
        await tell(bob, type="room-message", message="level", id="1")
        assert (await hear(bob, "room-message"))["message"] == "level"
        assert not [event for event in server.log if event.kind == "error" and event.client == "guest-2"]
        ann.transport.abort()  # which was not interested in all that


async def test_who_does_not_read_is_dropped_and_nobody_waits_for_it():
    server = FeedServer(limits=replace(FeedServer.limits, stall_timeout=0.5))
    async with server, clients(server, ANN, room="other") as [ann]:
        await fill(server.hub, 100)
        sam = await raw_websocket(server, receive_buffer=4096)
        request = {"type": "join-room", "room": "tea", "session": BOB, "epoch": server.hub.epoch, "offset": 0}
        sam.sendall(frame(1, json.dumps(request).encode()))
        await until(lambda: "tea" in server.rooms.rooms)
        assert await say(ann, "meanwhile", "1") == 101
        await until(lambda: any("reads too slowly" in event.text for event in server.log))
        await until(lambda: "tea" not in server.rooms.rooms)
        sam.close()


async def test_what_falls_out_during_a_catch_up_is_admitted():
    hub = MemoryHub(count=50)
    async with GatedServer(hub=hub) as server, clients(server, ANN, room="other"), connect(server.url) as bob:
        await fill(hub, 50, "")
        server.gate.clear()
        await tell(bob, type="join-room", room="tea", session=BOB, epoch=hub.epoch, offset=0)
        await until(lambda: server.waiting == 1)
        await fill(hub, 120, "")  # far more than are kept, before the first 50 have been sent
        server.gate.set()
        first = await hear(bob, "joined")
        assert (first["recovered"], first["missed"], first["offset"]) == (True, 50, 50)
        assert [(await hear(bob, "room-message"))["offset"] for _ in range(50)] == list(range(1, 51))
        second = await hear(bob)
        assert (second["type"], second["recovered"]) == ("joined", False)
        assert (second["floor"], second["offset"], second["missed"]) == (120, 170, 50)
        assert [(await hear(bob, "room-message"))["offset"] for _ in range(50)] == list(range(121, 171))
        await say(bob, "level", "1")


async def test_what_comes_while_the_answer_to_a_first_join_waits_is_not_lost():
    async with GatedServer() as server, clients(server, ANN) as [ann], connect(server.url) as bob:
        await say(ann, "before", "1")
        server.gate.clear()
        await tell(bob, type="join-room", room="tea", session=BOB)
        await until(lambda: server.waiting == 1)
        await say(ann, "meanwhile", "2")
        server.gate.set()
        assert (await hear(bob, "joined"))["offset"] == 1
        await say(ann, "after", "3")
        assert await heard(bob, 2) == ["meanwhile", "after"]
