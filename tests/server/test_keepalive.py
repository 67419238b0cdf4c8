import asyncio
import itertools
import time

import pytest
from support import frame, no_task_left, raw_websocket, until
from websockets.asyncio.client import connect

from wslearn import EchoServer, Limits, Server
from wslearn.server import keepalive
from wslearn.server.keepalive import Keepalive, Pinged


class Idle(Server):
    keepalive = 0.2

    async def handler(self, ws):
        await ws.wait_closed()


def ends(server):
    return [(event.client, event.code, event.reason) for event in server.log if event.kind == "close"]


async def test_a_client_that_answers_stays_and_its_latency_is_measured():
    async with Idle() as server, connect(server.url, ping_interval=None) as ann:
        [ws] = server.connections
        measured = set()

        def new():
            measured.add(ws.latency)
            return len(measured) >= 4  # 0 and three pings

        await until(new)
        assert ann.state.name == "OPEN" and 0 < ws.latency < 10 and ends(server) == []


async def test_a_client_without_a_pong_is_closed_with_1011_and_then_dropped():
    async with Idle() as server, connect(server.url) as ann:
        zoe = await raw_websocket(server)
        await until(lambda: ends(server))
        assert ends(server) == [("guest-2", 1011, "keepalive ping timeout")]
        assert await asyncio.to_thread(zoe.recv, 2) == b"\x89\x04"  # FIN, opcode 9 (RFC 6455, section 5.5.2)
        left = await asyncio.to_thread(zoe.recv, 100)
        assert left[4:8] == b"\x88\x18\x03\xf3" and left[8:] == b"keepalive ping timeout"
        assert len(server.connections) == 1 and ann.state.name == "OPEN"
        zoe.close()


async def test_a_pong_that_nobody_asked_for_shows_life_but_measures_nothing():
    async with Idle() as server:
        zoe = await raw_websocket(server)
        [ws] = server.connections
        for _ in range(3):
            assert (await asyncio.to_thread(zoe.recv, 6))[:1] == b"\x89"
            zoe.sendall(frame(10, b"else"))
        assert ends(server) == [] and ws.latency == 0
        zoe.close()


@pytest.mark.parametrize("connecting", [True, False])
async def test_a_client_that_stops_reading_is_dropped_and_holds_up_no_other(connecting):
    async with Idle(limits=Limits(max_unsent=None, stall_timeout=None)) as server:
        sam = await raw_websocket(server, receive_buffer=4096)
        [stuck] = server.connections
        if not connecting:
            await until(lambda: stuck.unanswered)
        for _ in range(200):
            stuck.transport.write(b"\x82\x7e\xff\xff" + bytes(65535))
        assert stuck.transport.get_write_buffer_size() > 1_000_000
        async with connect(server.url, ping_interval=None):
            [other] = server.connections - {stuck}
            await until(lambda: other.latency > 0)
            await until(lambda: stuck not in server.connections)
            assert [event.client for event in server.log if event.kind == "error"] == ["guest-1"]
            assert "bytes unsent" in next(event.text for event in server.log if event.kind == "error")
            assert other in server.connections
        sam.close()


async def test_a_blocked_loop_is_no_silent_client_even_if_the_client_is_in_the_same_loop(monkeypatch):
    sent: list[Pinged] = []

    def send_and_block(ws, now):
        send(ws, now)
        sent.append(ws)
        asyncio.get_running_loop().call_soon(time.sleep, 5 * Idle.keepalive)  # as a cell does that computes

    send = Pinged.send_keepalive
    monkeypatch.setattr(Pinged, "send_keepalive", send_and_block)
    async with Idle() as server, connect(server.url, ping_interval=None):
        await until(lambda: len(sent) >= 3 or ends(server))
        assert ends(server) == []


async def test_there_is_one_task_for_all_clients_and_none_after_the_end():
    with no_task_left():
        async with Idle() as server:
            before = len(asyncio.all_tasks())
            clients = [await raw_websocket(server) for _ in range(10)]
            assert len(asyncio.all_tasks()) == before + 10  # the handlers
            for sock in clients:
                sock.close()


class Fake:
    """A connection that notes its pings."""

    def __init__(self, group):
        self.group = group


def noted(pings, turn):
    async def ping(group):
        group = list(group)
        pings.append([ws.group for ws in group])
        if len(pings) == turn:
            raise asyncio.CancelledError

    return ping


async def test_the_pings_are_spread_and_each_group_has_its_turn_once_an_interval(monkeypatch):
    pings = Keepalive(0.1)
    assert pings.groups == keepalive.FEWEST and Keepalive(20).groups == 80
    turns = []
    monkeypatch.setattr(pings, "ping", noted(turns, 2 * pings.groups))
    with pytest.raises(asyncio.CancelledError):
        await pings.run([Fake(number % pings.groups) for number in range(10 * pings.groups)])
    order = [*range(1, pings.groups), 0]
    assert turns == [[group] * 10 for group in order * 2]


async def test_a_large_group_lets_other_work_have_a_turn(monkeypatch):
    pings, done, turns = Keepalive(20), itertools.count(), []
    monkeypatch.setattr(pings, "_ping_or_end", lambda _: next(done))
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: turns.append(next(done)))
    await pings.ping([Fake(0)] * 10 * keepalive.BATCH)
    assert turns == [keepalive.BATCH]


async def test_an_error_for_one_client_does_not_affect_the_others():
    async with Idle() as server, connect(server.url), connect(server.url):
        bad, good = sorted(server.connections, key=lambda ws: ws.name)
        bad.send_keepalive = None  # a slot that is no method: TypeError
        await until(lambda: good.latency > 0 and bad not in server.connections)
        assert "a ping could not be written: TypeError" in next(e.text for e in server.log if e.kind == "error")


async def test_none_switches_it_off_and_the_default_is_20_seconds():
    class Quiet(EchoServer):
        keepalive = None

    async with Quiet() as server:
        assert server.pings.interval is None and await server.pings.run([Fake(0)]) is None
    async with EchoServer() as server:
        assert server.pings.interval == 20


@pytest.mark.parametrize("interval", [0, -1, float("inf"), float("nan")])
def test_an_invalid_interval_is_named(interval):
    with pytest.raises(ValueError, match=f"keepalive: expected seconds above 0, or None, got {interval}"):
        Keepalive(interval)
