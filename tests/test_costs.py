import asyncio
import json
from statistics import linear_regression

import pytest
from support import until

from wslearn import EchoServer, Limits, Server
from wslearn.costs import Crowd, fan_out_growth, memory_growth
from wslearn.servers.broadcast import BroadcastServer


async def test_a_crowd_grows_waits_for_all_and_leaves():
    async with BroadcastServer(limits=Limits(rate=None)) as server:
        with Crowd(server.url) as crowd:
            await asyncio.to_thread(crowd.grow, 5)
            assert len(server.connections) == 5
            seconds = await asyncio.to_thread(crowd.fan_out_seconds, json.dumps({"message": "hi"}), 3)
            assert 0 < seconds < 5
            heard = [event.text for event in server.log if event.kind == "message"]
            assert heard == ["""'{"message": "hi"}'"""] * 5  # two of them to warm up


async def test_a_crowd_speaks_on_arrival_and_offers_compression():
    async with EchoServer(plain=True, limits=Limits(compression="deflate")) as server:
        for deflate in (True, False):
            with Crowd(server.url, deflate=deflate) as crowd:
                await asyncio.to_thread(crowd.grow, 2, "x" * 300)
                assert {bool(ws.protocol.extensions) for ws in server.connections} == {deflate}
            await until(lambda: not server.connections)
        assert len([event for event in server.log if event.kind == "message"]) == 4


async def test_a_refusal_is_said_and_leaves_no_socket_open():
    async with EchoServer(plain=True, limits=Limits(max_connections=2)) as server:
        with pytest.raises(ConnectionError, match=r"no WebSocket, but HTTP/1\.1 503"), Crowd(server.url) as crowd:
            await asyncio.to_thread(crowd.grow, 3)


async def test_an_end_in_the_middle_is_said():
    class Leaving(Server):
        async def handler(self, ws):
            await ws.recv()  # and that is all

    async with Leaving() as server:
        with Crowd(server.url) as crowd:
            await asyncio.to_thread(crowd.grow, 2)
            with pytest.raises(ConnectionError, match="has ended a connection"):
                await asyncio.to_thread(crowd.fan_out_seconds, "hi", 3)


@pytest.mark.clock
async def test_the_growth_of_time_and_of_memory():
    times = await fan_out_growth((20, 200), rounds=10)  # the shortest of ten, so that one pause changes nothing
    assert len(times) == 2 and times[0] < times[1]
    counts = (50, 100, 150)
    sizes = {name: await memory_growth(name, counts) for name in ("none", "deflate")}
    per_client = {name: linear_regression(counts, size).slope for name, size in sizes.items()}
    assert 8_000 < per_client["none"] < 25_000
    assert per_client["deflate"] > 2 * per_client["none"]
