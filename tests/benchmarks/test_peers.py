"""Every program that is measured does the same work, and the load client counts what it is given. No time is judged."""

import asyncio

import children
import contenders
import pytest
from support import hear, tell, until
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

NAMES = ["wslearn", "Node ws", "aiohttp", "starlette", "tornado", "websockets", "floor"]
FOUND, LEFT_OUT = contenders.peers(install=False)  # tests fetch nothing
HERE = {one.name: one for one in [contenders.wslearn(), *FOUND]}


@pytest.fixture(params=NAMES)
def contender(request) -> contenders.Contender:
    if request.param not in HERE:
        pytest.skip(next(line for line in LEFT_OUT if line.startswith(request.param)))
    return HERE[request.param]


async def texts(ws, mark: str) -> list[str]:
    """Return the texts of the messages up to and without `mark`."""
    found = []
    while (message := await hear(ws)).get("message") != mark:
        found.append(message.get("message"))
    return found


async def test_it_does_the_work_and_the_load_client_counts_it(contender):
    """All three works at once: most of the time is the start of the processes."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for work in (echo, broadcast, rooms):
            group.create_task(work(contender))


async def echo(contender):
    async with contender.serve("echo") as serving, children.load("echo", serving.port, 4096) as load:
        assert (await load.ask("connect 3"))["connections"] == 3
        done = await load.ask("measure 0.05")
        assert done["messages"] == done["deliveries"] >= 3
        if contender.name != "floor":  # it knows no protocol, so a real client would not talk to it
            async with connect(f"ws://127.0.0.1:{serving.port}/ws", compression=None) as ws:
                await ws.send("grüß dich")
                assert await ws.recv() == "grüß dich"
        serving.child.kill()


async def broadcast(contender):
    async with contender.serve("broadcast") as serving, children.load("broadcast", serving.port) as load:
        await load.ask("connect 3")
        if contender.name == "floor":
            done = await load.ask("measure 0.05")
        else:
            async with connect(f"ws://127.0.0.1:{serving.port}/ws", compression=None) as ws:
                await tell(ws, message="begin")
                heard = await hear(ws)
                assert (heard["type"], heard["message"], sorted(heard)) == (
                    "broadcast", "begin", ["message", "timestamp", "type"],
                )  # fmt: skip
                await load.ask("settle 0")
                done = await load.ask("measure 0.05")
                await tell(ws, message="end")
                assert (await texts(ws, "end")).count("x" * 128) == done["messages"]
        assert done["deliveries"] == 3 * done["messages"] >= 9
        serving.child.kill()


async def rooms(contender):
    async with contender.serve("rooms") as serving, children.load("rooms", serving.port) as load:
        await load.ask("connect 12")  # ten in room-0, two in room-1
        if contender.name == "floor":
            done = await load.ask("measure 0.05")
        else:
            url = f"ws://127.0.0.1:{serving.port}/ws"
            async with connect(url, compression=None) as inside, connect(url, compression=None) as outside:
                for ws, room in ((inside, "room-1"), (outside, "elsewhere")):
                    await tell(ws, type="join-room", room=room)
                    await tell(ws, type="room-message", message="begin")
                    heard = await hear(ws, "room-message")
                    assert (heard["room"], heard["message"]) == (room, "begin")
                await load.ask("settle 0")
                done = await load.ask("measure 0.05")
                for ws in (inside, outside):
                    await tell(ws, type="room-message", message="end")
                assert (await texts(inside, "end")).count("x" * 128) == done["messages"] / 2
                assert "x" * 128 not in await texts(outside, "end")
        assert done["deliveries"] == 6 * done["messages"] >= 36  # in a round, two messages have twelve copies
        serving.child.kill()


@pytest.mark.parametrize("work", ["echo", "broadcast"])
async def test_the_load_client_answers_pings_and_does_not_count_them(work):
    """A server that pings all the time, before a message and after it."""
    pings = []

    async def handler(ws):
        async for message in ws:
            pings.append(await ws.ping())
            await ws.send(message)
            pings.append(await ws.ping())

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        async with children.load(work, server.sockets[0].getsockname()[1], 32) as load:
            await load.ask("connect 1")
            done = await load.ask("measure 0.02")
            assert done["messages"] == done["deliveries"] >= 3
            await load.ask("settle 0")  # it has read all pings of the messages before
            assert len(pings) > 6
            await until(lambda: sum(pong.done() for pong in pings) >= 2 * done["messages"])


async def test_an_idle_load_client_answers_pings():
    async with serve(lambda ws: ws.wait_closed(), "127.0.0.1", 0, compression=None) as server:
        async with children.load("idle", server.sockets[0].getsockname()[1]) as load:
            connecting = asyncio.create_task(load.ask("connect 1"))
            await until(lambda: server.connections)
            (ws,) = server.connections
            await ws.send("1".ljust(128, "m"))  # what it waits for: its own words back
            await connecting
            await asyncio.wait_for(await ws.ping(), 10)


async def test_a_child_that_ends_says_so():
    async with children.load("echo", 1) as load:  # nobody listens there
        with pytest.raises(RuntimeError, match=r"load\.py echo 1 .* has ended"):
            await load.ask("connect 1")


async def test_a_child_ends_when_its_parent_is_gone():
    """It is told by the end of its standard input."""
    async with contenders.wslearn().serve("echo") as serving, children.load("idle", serving.port) as load:
        for child in (load, serving.child):
            child.process.stdin.close()
            await asyncio.wait_for(child.process.wait(), 10)


def test_what_cannot_be_had_is_said(monkeypatch):
    monkeypatch.setattr(contenders.shutil, "which", lambda name: None)
    monkeypatch.setattr(contenders.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(contenders, "UVLOOP", False)
    found, left_out = contenders.peers(install=False)
    assert [one.name for one in found] == ["floor"]
    assert left_out[0].startswith("Node ws is left out: there is no Node")
    assert [line.partition(" ")[0] for line in left_out[1:]] == ["aiohttp", "starlette", "tornado", "websockets"]
