"""Subscriptions and servers that refuse, are silent, or are hostile."""

import asyncio
import json
from itertools import pairwise
from time import monotonic

import pytest
from subscriptions import Fake, joined, message, read, subscribe
from support import no_task_left, until

from wslearn.client import Gap, Refused, Rejected
from wslearn.hubs import MemoryHub
from wslearn.server import Server
from wslearn.server.handshake import respond
from wslearn.servers.echo import EchoServer
from wslearn.servers.feed import FeedServer
from wslearn.servers.rooms import RoomsServer


class Busy(FeedServer):
    """Refuses so many handshakes, then closes so many connections."""

    def __init__(self, *, status=0, refusals=0, code=0, closes=0, hub=None, **headers):
        super().__init__(hub=hub)
        self.left, self.closes, self.code = (
            [respond(status, "no", **headers)] * refusals if status else [],
            closes,
            code,
        )
        self.asked_at = []

    def _process_request(self, ws, request):
        self.asked_at.append(monotonic())
        return self.left.pop() if self.left else super()._process_request(ws, request)

    async def handler(self, ws):
        if self.closes:
            self.closes -= 1
            await ws.close(self.code, "so it is")
            return
        await super().handler(ws)


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013])
async def test_a_code_that_is_not_final_is_waited_for(code):
    async with Busy(code=code, closes=3) as server, asyncio.timeout(60):
        async with subscribe(server.url) as ann:
            assert await ann.send("hi") == 1
            assert len(server.asked_at) == 4


async def test_retry_after_is_waited_for():
    async with Busy(status=503, refusals=1, Retry_After="1") as server, asyncio.timeout(60):
        async with subscribe(server.url) as ann:
            assert await ann.send("hi") == 1
            assert server.asked_at[1] - server.asked_at[0] >= 1


async def test_another_server_is_asked_meanwhile():
    hub = MemoryHub()
    async with Busy(status=503, refusals=9, Retry_After="60", hub=hub) as first, FeedServer(hub=hub) as second:
        async with asyncio.timeout(60), subscribe([first.url, second.url]) as ann:
            assert await ann.send("hi") == 1 and ann.url == second.url


@pytest.mark.parametrize(("code", "status"), [(1008, 0), (1000, 0), (3000, 0), (0, 404), (0, 401)])
async def test_a_refusal_for_good_is_raised_by_everything(code, status):
    server = Busy(status=status, refusals=9, code=code, closes=0)
    server.left, refusals = [], server.left
    async with server, asyncio.timeout(60):
        with no_task_left():
            async with subscribe(server.url) as ann:
                reading = asyncio.ensure_future(anext(ann))
                server.left, server.closes = refusals, 9 if code else 0
                next(iter(server.connections)).transport.abort()
                expected = f"{code} \\(.*so it is" if code else f"HTTP {status}"
                with pytest.raises(Refused, match=expected) as refused:
                    await ann.send("hi")
                assert refused.value.code == code or status
                with pytest.raises(Refused, match=expected):
                    await reading
                with pytest.raises(Refused, match=expected):
                    await anext(ann)
                assert ann.state == "refused"
                tries = len(server.asked_at)
        with no_task_left(), pytest.raises(Refused, match=expected):
            async with subscribe(server.url):
                pass
        assert len(server.asked_at) == tries + 1


async def test_one_address_that_refuses_for_good_leaves_the_others():
    hub = MemoryHub()
    async with Busy(status=403, refusals=9, hub=hub) as first, FeedServer(hub=hub) as second, asyncio.timeout(60):
        async with subscribe([first.url, second.url]) as ann:
            assert await ann.send("hi") == 1
            for _ in range(3):
                next(iter(second.connections)).transport.abort()
                await ann.reached("waiting")
                await ann.reached("live")
        assert len(first.asked_at) == 1


async def test_a_server_of_another_kind_is_said_clearly():
    async with EchoServer() as echo, RoomsServer() as rooms:
        for url, why in ((echo.url, "can't use"), (rooms.url, "no answer to join-room within 0.3 s")):
            seen = []
            ann = subscribe(url, silence=0.3, on_state=lambda tea, seen=seen: seen.append(tea.why))
            entering = asyncio.ensure_future(ann.__aenter__())
            await until(lambda why=why, seen=seen: any(why in text for text in seen))
            assert not entering.done()
            entering.cancel()
            await asyncio.wait([entering])


async def test_a_server_that_does_not_understand_a_join_is_final():
    async with Fake(joined=[{"type": "error", "code": "bad-message", "message": "expected {}"}]) as server:
        with pytest.raises(Refused, match=r"does not understand join-room: expected {}"):
            async with asyncio.timeout(30), subscribe(server.url):
                pass


async def test_a_server_that_never_acknowledges():
    async with Fake(joined=[joined()]) as server, asyncio.timeout(60):
        async with subscribe(server.url, silence=0.3) as ann:
            sending = asyncio.ensure_future(ann.send("hi"))
            await ann.reached("waiting")
            assert "no answer to a message within 0.3 s" in ann.why
            await until(lambda: server.visits >= 3)
            assert not sending.done()
            sent = [request for request in server.requests if request["type"] == "room-message"]
            assert len({request["id"] for request in sent}) == 1 and len(sent) >= 2
            sending.cancel()
        await asyncio.wait([sending])


async def test_a_message_that_came_too_soon_is_sent_again_and_the_next_ones_are_slower():
    times = []

    def often(request):
        times.append(monotonic())
        if len(times) <= 3:
            return {"type": "error", "code": "rate-limited", "message": "slow down", "id": request["id"]}
        return {"type": "ack", "id": request["id"], "offset": len(times)}

    async with Fake(joined=[joined()], message=[often]) as server, asyncio.timeout(60):
        async with subscribe(server.url) as ann:
            assert [await ann.send("one"), await ann.send("two")] == [4, 5]
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert [wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2, 0.16), strict=True)] == [True] * 4, waits
        assert server.visits == 1 and ann.outbox.pace < 0.16


async def test_an_error_that_is_final_for_a_message_rejects_it():
    def refuses(request):
        return {"type": "error", "code": "bad-word", "message": "not here", "id": request["id"]}

    async with Fake(joined=[joined()], message=[refuses]) as server, asyncio.timeout(60):
        async with subscribe(server.url) as ann:
            with pytest.raises(Rejected, match="bad-word: not here"):
                await ann.send("hi")
            assert ann.state == "live" and server.visits == 1


async def test_acknowledgements_of_other_messages_are_none():
    def other(request):
        return {"type": "ack", "id": request["id"] + "0", "offset": 5}

    def mine(request):
        return {"type": "ack", "id": request["id"], "offset": 7}

    async with Fake(joined=[joined()], message=[other, {"type": "ack", "id": "", "offset": 6}, mine]) as server:
        async with subscribe(server.url) as ann, asyncio.timeout(60):
            assert await ann.send("hi") == 7


async def test_what_is_not_known_is_passed_over_and_what_came_before_is_dropped():
    stream = [
        message(99),  # before it has joined
        {"type": "presence", "room": "tea", "members": ["a"]},
        {"type": "weather", "offset": "rain"},
        joined(offset=3),
        message(4),
        message(4, message="again"),
        message(2, message="backwards"),
        {"type": "error", "code": "hub-lost", "message": "wait"},
        message(6),
        message(5, message="too late"),
        message(7, colour="red"),
    ]
    async with Fake(joined=stream) as server, subscribe(server.url) as ann:
        assert await read(ann, 3) == ["m4", "m6", "m7"]
        await asyncio.sleep(0)
        assert len(ann.unread) == 0 and server.visits == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "garbage",
        "[]",
        "{}",
        pytest.param("[" * 5000, id="nested"),
        '{"type": 7}',
        b"\x00\xff",
        message(5, room="coffee"),
        joined(room="coffee"),
        message(2**53),
        message(-1),
        message(2**70),
        message(1.5),
        message("5"),
        message(5, message=7),
        message(5, sender=None),
        joined(offset=2**60),
        joined(floor=-1),
        joined(epoch=7),
        joined(recovered="yes"),
        {"type": "ack", "id": 7, "offset": 1},
        {"type": "ack", "id": "7", "offset": -1},
        '{"type":"room-message","room":"tea","message":"half \\ud83d","sender":"a","timestamp":"","offset":5}',
    ],
    ids=str,
)
async def test_what_a_hostile_server_sends_ends_its_connection_and_nothing_else(hostile, caplog):
    async with Fake(joined=[joined(), message(1), hostile, message(9)]) as server, asyncio.timeout(60):
        async with subscribe(server.url) as ann:
            assert await read(ann, 1) == ["m1"]
            await ann.reached("waiting")
            assert "it sent a message that this client can't use: expected" in ann.why
            assert len(ann.why) < 1000
            await until(lambda: len(server.requests) >= 3)
            assert len(ann.unread) == 0
            assert [request["offset"] for request in server.requests[1:3]] == [1, 1]
            server.answers["join-room"] = [joined(offset=2), message(2)]
            assert await read(ann, 1) == ["m2"]
    assert any("can't use" in record.message for record in caplog.records)


async def test_a_server_that_claims_to_have_recovered_what_it_has_not_is_not_believed():
    async with Fake(joined=[joined(floor=40, offset=50)]) as server, asyncio.timeout(60):
        async with subscribe(server.url, epoch="e", offset=7) as ann:
            assert list(ann.gaps) == [Gap("e", 7, "e", 40)]


async def test_a_server_that_is_behind_is_told_and_moves_nobody_back():
    stream = [joined(offset=5, recovered=False), message(6), message(7), message(8)]
    async with Fake(joined=stream) as server, asyncio.timeout(60):
        async with subscribe(server.url, epoch="e", offset=7) as ann:
            assert str(ann.gaps[0]) == "the server can't prove that nothing is missing after 7"
            assert await read(ann, 1) == ["m8"] and ann.offset == 8


class Endless(Server):
    """Sends messages as fast as it can, and acknowledges nothing."""

    sent = 0

    async def handler(self, ws):
        await ws.recv()
        await ws.send(json.dumps(joined()))
        while True:
            self.sent += 1
            await ws.send(json.dumps(message(self.sent, message="x" * 1000)))


async def test_a_flood_waits_at_the_server():
    async with Endless() as server, subscribe(server.url, unread=20) as ann, asyncio.timeout(60):
        await until(lambda: ann.unread.full)
        sent = -1
        while sent != server.sent:  # until the buffers in between are full
            sent = server.sent
            await asyncio.sleep(0.2)
        assert len(ann.unread) == 20 and ann.state == "live"
        assert await read(ann, 100) == ["x" * 1000] * 100
        assert ann.offset == 100 and not ann.gaps
