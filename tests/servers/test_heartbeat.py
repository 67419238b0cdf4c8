import asyncio
import time

import pytest
from support import Stopwatch, frame, hear, raw_websocket, tell, until
from websockets.asyncio.client import connect

from wslearn import Limits
from wslearn.fast import fan_out
from wslearn.messages import Say
from wslearn.servers.heartbeat import HeartbeatServer


async def test_a_browser_can_ping_with_a_message():
    async with HeartbeatServer() as server, connect(server.url) as ws:
        await tell(ws, type="ping")
        assert await hear(ws) == {"type": "pong"}


@pytest.mark.parametrize(
    ("library", "interval"),
    [(False, 0.3), pytest.param(True, 2.0, id="the library's, which takes a pause of the machine for a silent client")],
)
async def test_who_answers_stays_and_who_is_silently_gone_is_found(library, interval):
    async with HeartbeatServer(interval=interval, library=library) as server, connect(server.url) as alive:
        begun = time.monotonic()
        async with Stopwatch() as watch:
            gone = await raw_websocket(server)  # answers no ping, and its TCP connection stays
            await until(lambda: len(server.connections) == 1)
        assert time.monotonic() - begun > 0.8 * interval and watch.seconds < 4 * interval + 1
        await tell(alive, type="ping")
        assert await hear(alive) == {"type": "pong"}
        [end] = [event for event in server.log if event.kind == "close"]
        assert (end.client, end.code) == ("guest-2", 1011 if library else 1006)
        gone.close()


async def test_the_pings_are_the_protocols_own_and_measure_the_round_trip():
    async with HeartbeatServer(interval=0.1) as server:
        sock = await raw_websocket(server)
        ping = await asyncio.to_thread(sock.recv, 100)
        assert ping[0] == 0x89 and len(ping) == 6  # FIN, opcode 9; four bytes of payload
        sock.sendall(frame(10, ping[2:]))
        assert (await asyncio.to_thread(sock.recv, 100))[0] == 0x89
        [ws] = server.connections
        assert 0 < ws.latency < 1
        sock.close()


async def test_one_task_for_all_clients():
    async with HeartbeatServer(interval=0.1) as server:
        clients = [await connect(server.url, ping_interval=None) for _ in range(3)]
        few = len(asyncio.all_tasks())
        clients += [await connect(server.url, ping_interval=None) for _ in range(20)]
        # One handler each, and nothing else.
        assert len(asyncio.all_tasks()) == few + 20
        await asyncio.gather(*(ws.close() for ws in clients))


async def test_a_client_whose_reading_has_stopped_is_found_by_its_unsent_bytes_and_delays_no_ping():
    async with HeartbeatServer(interval=0.2, limits=Limits(stall_timeout=0.5)) as server:
        stuck = await raw_websocket(server, receive_buffer=4096)
        [ws] = server.connections
        while not ws.transport.get_write_buffer_size():
            fan_out([ws], Say("x" * 100_000))
        async with connect(server.url) as alive:
            await until(lambda: len(server.connections) == 1)
            assert any("reads too slowly" in event.text or "no pong" in event.text for event in server.log)
            await until(lambda: next(iter(server.connections)).latency > 0)
            await alive.close()
        stuck.close()


@pytest.mark.parametrize("interval", [0, -1, float("inf"), float("nan")])
def test_an_interval_that_is_none_is_named(interval):
    with pytest.raises(ValueError, match=f"interval: expected seconds above 0, got {interval}"):
        HeartbeatServer(interval=interval)
