import asyncio
import itertools
import random

import pytest
from support import until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from wslearn import EchoServer, Limits, Server
from wslearn.client import backoff, stay_connected


def test_waits_grow_up_to_the_cap_and_use_the_whole_range():
    for attempt, limit in enumerate([0.5, 1, 2, 4, 8, 16, 30, 30]):
        draws = [next(itertools.islice(backoff(rng=random.Random(seed)), attempt, None)) for seed in range(300)]
        assert all(0 <= wait <= limit for wait in draws)
        assert min(draws) < 0.05 * limit and max(draws) > 0.95 * limit


def test_waits_can_be_seeded():
    first, second = (list(itertools.islice(backoff(rng=random.Random(7)), 5)) for _ in range(2))
    assert first == second


async def test_it_comes_back_after_a_lost_connection_and_a_server_that_was_away():
    server = await EchoServer().start()
    talks = asyncio.Queue()

    async def talk(ws):
        await ws.recv()
        talks.put_nowait(ws)
        async for _ in ws:
            pass
        raise ConnectionError("the connection ended")  # `async for` ends quietly on 1000 and 1001

    client = asyncio.create_task(stay_connected(server.url, talk, base=0.01, cap=0.05))
    async with asyncio.timeout(10):
        (await talks.get()).transport.abort()
        await talks.get()
        await server.stop()
        server = await EchoServer(port=server.port).start()
        await talks.get()
    client.cancel()
    await server.stop()


async def test_it_ends_when_the_talk_has_ended():
    async with EchoServer() as server:
        async with asyncio.timeout(10):
            await stay_connected(server.url, lambda ws: ws.send("that is all"))


async def test_it_gives_up_where_another_attempt_would_only_be_refused_again():
    class Bouncer(Server):
        async def handler(self, ws):
            await ws.close(1008, "Invalid token")

    async def listen(ws):
        await ws.recv()

    async with Bouncer() as server, asyncio.timeout(10):
        with pytest.raises(ConnectionClosedError) as closed:
            await stay_connected(server.url, listen)
        assert closed.value.rcvd.code == 1008
        with pytest.raises(InvalidStatus) as refused:
            await stay_connected(server.url + "nowhere", listen)
        assert refused.value.response.status_code == 404


async def test_a_full_server_is_tried_again():
    async with EchoServer(limits=Limits(max_connections=1)) as server, asyncio.timeout(10):
        first = await connect(server.url)
        client = asyncio.create_task(stay_connected(server.url, lambda ws: ws.recv(), base=0.01, cap=0.05))
        await until(lambda: any(event.code == 503 for event in server.log))
        await first.close()
        await client
