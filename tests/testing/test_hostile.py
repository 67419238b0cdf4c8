"""The hostile clients, against servers that withstand them and against one that does not."""

import asyncio
import gc
import ssl

import pytest
from aiohttp import web

from wslearn import EchoServer, Limits, Server, tls
from wslearn.servers.broadcast import BroadcastServer
from wslearn.testing import Failed, Outcome
from wslearn.testing.hostile import MALFORMED_FRAMES, MALFORMED_MESSAGES
from wslearn.testing.raw import close_frame, frame


class Careful(BroadcastServer):
    limits = Limits(rate=20, stall_timeout=0.5, open_timeout=0.5)


async def test_a_careful_server_ends_each_attack_and_serves_the_others(talk, hostile_clients):
    async with talk.served(Careful) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        mallory = hostile_clients(server)
        flood = await mallory.flood('{"message":"buy my book"}', 500)
        assert (flood.end, flood.code, flood.reason) == ("closed", 1008, "Too many messages")
        assert (await mallory.oversize()).code == 1009
        slow = await mallory.slow_handshake(pause=0.05)
        assert slow.end in ("closed", "dropped") and slow.code in (408, None), slow
        await mallory.vanishing()
        await talk.has_connections(server, 2)
        await ann.says({"message": "hi"})
        await bob.hears({"message": "hi"}, skip={"message": "buy my book"})


async def test_malformed_frames_and_messages(talk, hostile_clients):
    async with talk.served(BroadcastServer) as server:
        found = await hostile_clients(server).malformed(within=0.3)
        assert found.keys() == {*MALFORMED_FRAMES, *MALFORMED_MESSAGES}
        assert {found[name].code for name in MALFORMED_FRAMES} <= {1002, 1007, None}
        assert not [name for name in MALFORMED_FRAMES if found[name].end == "open"]
        ends = {name: str(found[name]) for name in MALFORMED_MESSAGES if found[name].end != "open"}
        assert list(ends) == ["100,000 brackets"] and "closed 1009" in ends["100,000 brackets"]


async def test_a_naive_app_is_found_out(talk, hostile_clients):
    class Naive(Server):
        async def handler(self, ws):
            async for message in ws:
                await ws.send(str(int(message)))

    with pytest.raises(Failed, match=r"Your handler raised ValueError: .* \(in `handler`, line \d+"):
        async with talk.served(Naive) as server:
            outcome = await hostile_clients(server).send_raw(frame(1, b"no number"), within=2)
            assert outcome.code == 1011


async def test_a_stalled_reader_is_dropped_by_a_careful_server_only(talk, hostile_clients):
    class Pushes(Server):
        async def handler(self, ws):
            async for _ in ws:
                for other in self.connections - {ws}:
                    other.transport.write(frame(2, bytes(60_000), mask=False))

    class Patient(Pushes):
        limits = Limits(max_unsent=None, stall_timeout=None)

    for server_class, end in ((Pushes, "dropped"), (Patient, "open")):
        async with talk.served(server_class) as server:
            stalled = await hostile_clients(server).stalled_reader()
            await talk.has_connections(server, 1)
            ann = await talk.client(server, "Ann")
            for _ in range(200):
                await ann.says("go")
            left = 1 if end == "dropped" else 2
            await talk.has_connections(server, left)
            assert (await stalled.ends(within=2)).end == end


async def test_a_server_that_waits_for_ever_leaves_a_slow_handshake_open(talk, hostile_clients):
    async def never(reader, writer):
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(never, "127.0.0.1", 0)
    async with listener:
        url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        outcome = await hostile_clients(url).slow_handshake(pause=0.01, within=0.3)
        assert (outcome.end, str(outcome)) == ("open", "open") and outcome.seconds >= 0.3


async def test_headers_are_sent_and_a_refusal_is_told(talk, hostile_clients):
    async def guarded(request):
        if request.headers.get("Authorization") != "Bearer good":
            raise web.HTTPUnauthorized
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/", guarded)
    async with talk.served(app) as server:
        let_in = hostile_clients(server, headers={"Authorization": "Bearer good"})
        assert (await let_in.flood(times=100, within=0.2)).end == "open"
        with pytest.raises(ConnectionError, match=r"the handshake failed: HTTP/1\.1 401 Unauthorized"):
            await hostile_clients(server).flood()


async def test_wss(talk, hostile_clients, tmp_path):
    context, authority = tls.throwaway("127.0.0.1", tmp_path)
    trusting = ssl.create_default_context(cafile=str(authority))
    async with EchoServer(tls=context, limits=Limits(open_timeout=0.3)) as server:
        mallory = hostile_clients(server.url, ssl=trusting)
        assert (await mallory.oversize()).code == 1009
        assert (await mallory.slow_handshake(pause=0.05)).end != "open"
        await mallory.vanishing(6)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b"", None),
        (frame(1, b"hi", mask=False), None),
        (frame(1, bytes(200), mask=False) + frame(8, b"\x03\xe8bye", mask=False), (1000, "bye")),
        (frame(2, bytes(70_000), mask=False) + frame(8, b"", mask=False), (1005, "")),
        (frame(8, b"\x03", mask=False)[:2], (1005, "")),
    ],
)
def test_the_close_frame_is_found(sent, found):
    assert close_frame(sent) == found


def test_an_outcome_reads_well():
    assert str(Outcome("closed", 1008, "Too many messages")) == "closed 1008 Too many messages"
    assert str(Outcome("dropped")) == "dropped"


async def test_each_attack_sends_exactly_what_it_says(talk, hostile_clients):
    heard = []

    async def counts(ws):
        async for message in ws:
            heard.append(len(message))
            await ws.close(4000 + len(heard)) if len(heard) in (7, 130, 131) else None

    async with talk.served(counts) as server:
        mallory = hostile_clients(server)
        assert (await mallory.flood("hi", 7)).code == 4007
        assert (await mallory.flood("hi", 123)).code == 4130
        assert (await mallory.oversize(60_001)).code == 4131
    assert heard == [2] * 130 + [60_001]


def test_they_end_with_asyncio_run(talk, hostile_clients):
    """Nobody else has connected here: a connection that stays open would be a warning, and so an error."""

    async def main():
        async with EchoServer() as server:
            await hostile_clients(server.url).stalled_reader()
            await talk.until(lambda: len(server.connections) == 1)

    asyncio.run(main())
    gc.collect()


async def test_a_polite_end_is_told_at_once(talk, hostile_clients):
    """Who closes waits for the other side's close frame, which Mallory never sends."""

    async def closes(ws):
        await ws.send("x" * 70_000)
        await ws.close(4000, "Bye")

    async with asyncio.timeout(20), talk.served(closes) as server:
        outcome = await hostile_clients(server).send_raw(frame(1, b"hi"), within=1000)
        assert (outcome.end, outcome.code, outcome.reason) == ("closed", 4000, "Bye")
