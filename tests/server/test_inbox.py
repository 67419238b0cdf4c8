"""The fast way in: whatever arrives, and however it is cut, a handler receives what the library would have given it."""

import asyncio
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import closed_with, frame, until
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConcurrencyError, ConnectionClosed, ConnectionClosedOK
from websockets.frames import Frame, Opcode

from wslearn import EchoServer, Limits, Server
from wslearn.server import inbox
from wslearn.server.inbox import NOTHING, Inbox
from wslearn.server.shortcut import Boundaries, take_messages

LIMIT = 300
HELLO = frame(1, b"hello")


class Reader:
    """A handler that reads all it can, and what it got: messages, and the close frame that ended them."""

    def __init__(self, decode: bool | None = None) -> None:
        self.got: list = []
        self.ws: asyncio.Future = asyncio.get_running_loop().create_future()
        self.done = asyncio.Event()
        self.decode = decode

    async def __call__(self, ws) -> None:
        self.ws.set_result(ws)
        try:
            while True:
                self.got.append(await ws.recv(self.decode))
        except ConnectionClosed as end:
            close = end.sent or end.rcvd
            self.got.append((type(end), close and (close.code, close.reason), ws.close_code))
        self.done.set()


class Ours(Server):
    keepalive = None

    def __init__(self, reader: Reader, compression: str | None) -> None:
        super().__init__(limits=Limits(max_size=LIMIT, rate=None, compression=compression))
        self.reader = reader

    async def handler(self, ws):
        await self.reader(ws)


async def converse(reads: list[bytes], turns: list[bool], ours: bool, decode=None, compression=None) -> tuple:
    """Feed a connection these reads, with a turn of the event loop after some; return what was read and written."""
    reader = Reader(decode)
    if ours:
        server = Ours(reader, compression)
    else:
        options = {"max_size": LIMIT, "compression": compression, "ping_interval": None, "close_timeout": 1}
        server = serve(reader, "127.0.0.1", 0, **options)
    async with server as running:
        url = server.url if ours else f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}/"
        async with connect(url, compression=compression) as client:
            ws = await reader.ws
            ws.transport.pause_reading()  # it hears only what it is fed here
            client.transport.pause_reading()
            written: list[bytes] = []
            ws.transport.write = written.append
            for read, turn in zip(reads, turns, strict=True):
                ws.data_received(read)
                if turn:
                    await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
            ws.transport.abort()
            client.transport.abort()
            async with asyncio.timeout(30):
                await reader.done.wait()
    return reader.got, b"".join(written)


TEXTS = st.text(max_size=9).map(str.encode)
FRAMES = st.one_of(
    st.builds(
        frame,
        st.sampled_from([0, 1, 2, 8, 9, 10, 3]),
        st.binary(max_size=140)
        | st.binary(min_size=LIMIT - 3, max_size=LIMIT + 3)
        | st.text(max_size=9).map(str.encode),
        fin=st.booleans(),
        rsv=st.sampled_from([0, 0, 0, 0, 4]),
        mask=st.sampled_from([True, True, True, False]),
    ),
    st.builds(frame, st.just(1), st.text(max_size=100).map(str.encode)),
    st.builds(frame, st.just(2), st.binary(max_size=200)),
    st.builds(frame, st.just(0), TEXTS, fin=st.booleans()),
    st.binary(max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAMES, max_size=8), st.data(), st.sampled_from([None, None, True, False]))
def test_whatever_is_sent_and_however_it_is_cut_the_handler_gets_what_the_library_gives(frames, data, decode):
    stream = b"".join(frames)
    cuts = data.draw(
        st.one_of(st.just("frames"), st.just("one read"), st.lists(st.integers(0, len(stream)), max_size=6))
    )
    if cuts == "frames":
        reads = [one for one in frames if one]
    else:
        edges = [0, *sorted(cuts if isinstance(cuts, list) else []), len(stream)]
        reads = [stream[a:b] for a, b in pairwise(edges) if a < b]
    turns = data.draw(st.lists(st.booleans(), min_size=len(reads), max_size=len(reads)))

    async def both():
        return [await converse(reads, turns, ours, decode) for ours in (True, False)]

    ours, theirs = asyncio.run(both())
    assert ours == theirs


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(0, 400), max_size=6))
def test_boundaries_are_found_however_the_bytes_are_cut(frames, cuts):
    stream = b"".join(frames)
    cut, whole = Boundaries(), Boundaries()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for a, b in pairwise(edges):
        cut.feed(stream[a:b])
    whole.feed(stream)
    assert cut.between is whole.between


@pytest.mark.parametrize(
    ("reads", "between"),
    {
        "nothing": ([b""], [True]),
        "a message": ([HELLO], [True]),
        "a message in pieces": ([HELLO[:1], HELLO[1:5], HELLO[5:]], [False, False, True]),
        "a long one": ([frame(2, b"x" * 70_000)[:60_000], frame(2, b"x" * 70_000)[60_000:]], [False, True]),
        "fragments": ([frame(1, b"a", fin=False), frame(0, b"b", fin=False), frame(0, b"c")], [False, False, True]),
        "a ping between them": ([frame(1, b"a", fin=False) + frame(9), frame(10) + frame(0)], [False, True]),
        "a ping": ([frame(9, b"x")], [True]),
        "a length of eight bytes, cut": ([frame(2, b"x" * 70_000)[:5], frame(2, b"x" * 70_000)[5:]], [False, True]),
    }.values(),
)
def test_where_messages_begin(reads, between):
    counted, found = Boundaries(), []
    for read in reads:
        counted.feed(read)
        found.append(counted.between)
    assert found == between


@pytest.mark.parametrize(
    ("data", "messages", "rest"),
    {
        "two in one read": (HELLO + frame(2, b"x" * 126), ["hello", b"x" * 126], b""),
        "an empty one, and the longest": (frame(1) + frame(1, b"x" * LIMIT), ["", "x" * LIMIT], b""),
        "one byte too long": (HELLO + frame(1, b"x" * 301), ["hello"], frame(1, b"x" * 301)),
        "a message and a half": (HELLO + HELLO[:5], ["hello"], HELLO[:5]),
        "a head alone": (frame(2, HELLO)[:6], [], frame(2, HELLO)[:6]),
        "the first of fragments": (frame(1, b"a", fin=False) + HELLO, [], frame(1, b"a", fin=False) + HELLO),
        "a ping": (HELLO + frame(9) + HELLO, ["hello"], frame(9) + HELLO),
        "not masked": (frame(1, b"hello!", mask=False), [], frame(1, b"hello!", mask=False)),
        "a reserved bit": (frame(1, b"hello", rsv=4), [], frame(1, b"hello", rsv=4)),
        "a length in two bytes too many": (b"\x81\xfe\0\x05\0\0\0\0hello", [], b"\x81\xfe\0\x05\0\0\0\0hello"),
        "a length in eight bytes": (b"\x81\xff" + bytes(7) + b"\x05\0\0\0\0hello", [], None),
        "text that is none": (HELLO + frame(1, b"\xff\xfe"), ["hello"], frame(1, b"\xff\xfe")),
        "text cut in a character": (frame(1, "é".encode()[:1]), [], frame(1, "é".encode()[:1])),
    }.values(),
)
def test_what_goes_the_fast_way(data, messages, rest):
    found: list = []
    start = take_messages(data, LIMIT, found.append)
    assert found == messages and data[start:] == (data if rest is None else rest)


async def test_a_compressed_message_does_not_go_the_fast_way(monkeypatch):
    monkeypatch.setattr("wslearn.server.receiving.take_messages", lambda *_: pytest.fail("the fast way"))
    compressed = b"again and again " * 10
    async with EchoServer(plain=True, limits=Limits(compression="deflate")) as server, connect(server.url) as ws:
        await ws.send(compressed)
        assert await ws.recv() == compressed


async def test_text_that_is_not_utf8_closes_with_1007():
    async with EchoServer(plain=True) as server, connect(server.url) as ws:
        ws.transport.write(frame(1, b"\xff\xfe"))
        assert await closed_with(ws) == (1007, "invalid start byte at position 0")


async def test_more_fragments_than_memory_should_hold_close_with_1009(monkeypatch):
    monkeypatch.setattr(inbox, "MOST_FRAGMENTS", 40)
    async with EchoServer() as server, connect(server.url) as ws:
        ws.transport.write(frame(1, b"a", fin=False) + frame(0, b"", fin=False) * 38 + frame(0))
        await ws.recv()
        ws.transport.write(frame(1, b"a", fin=False) + frame(0, b"", fin=False) * 39)
        assert await closed_with(ws) == (1009, "too many fragments")


# The queue


@pytest.fixture
def calls():
    return []


@pytest.fixture
async def queue(calls):
    transport: Any = SimpleNamespace(
        pause_reading=lambda: calls.append("pause"), resume_reading=lambda: calls.append("resume")
    )
    return Inbox(transport)


async def test_messages_come_in_their_order_and_the_rest_after_the_end(queue):
    assert queue.pop() is NOTHING
    for message in ("a", "", b"c", b""):
        queue.put(message)
    queue.close()
    assert [queue.pop() for _ in range(4)] == ["a", "", b"c", b""]
    with pytest.raises(EOFError):
        queue.pop()


async def test_a_client_that_sends_faster_than_it_is_read_is_paused_and_resumed(queue, calls):
    for number in range(inbox.HIGH):
        queue.put(f"{number}")
    assert calls == []
    queue.put("one more")
    queue.put("and one")
    assert calls == ["pause"]
    while len(calls) < 2:
        queue.pop()
    assert calls == ["pause", "resume"] and [queue.pop() for _ in range(inbox.LOW)][-1] == "and one"


async def test_who_waits_is_woken_by_a_message_and_by_the_end(queue):
    for act in (lambda: queue.put("a"), queue.close):
        waiting = queue.arrival()
        act()
        await asyncio.wait_for(waiting, 2)


async def test_a_cancelled_wait_loses_nothing(queue):
    waiting = queue.arrival()
    waiting.cancel()
    queue.put("a")
    assert queue.pop() == "a" and queue.pop() is NOTHING


async def test_a_cancelled_wait_in_the_middle_of_fragments_loses_none(queue):
    queue.put(Frame(Opcode.TEXT, b"a", fin=False))
    assert queue.pop() is NOTHING
    queue.put(Frame(Opcode.CONT, "é".encode()[:1], fin=False))
    queue.put(Frame(Opcode.CONT, "é".encode()[1:]))
    assert queue.pop() == "aé"
    queue.put(Frame(Opcode.BINARY, b"a", fin=False))
    assert queue.pop() is NOTHING
    queue.put(Frame(Opcode.CONT, b"b", fin=False))
    streamed = queue.get_iter()
    assert [await anext(streamed), await anext(streamed)] == [b"a", b"b"]
    queue.put(Frame(Opcode.CONT, b"c"))
    assert [part async for part in streamed] == [b"c"]
    queue.put("next")
    assert queue.pop() == "next"


@pytest.mark.parametrize(
    ("message", "decode", "expected"),
    [
        ("é", None, "é"),
        ("é", True, "é"),
        ("é", False, "é".encode()),
        (b"x", None, b"x"),
        (b"x", True, "x"),
        (b"x", False, b"x"),
    ],
)
async def test_a_message_is_decoded_as_asked(queue, message, decode, expected):
    opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    queue.put(message)
    queue.put(Frame(opcode, message.encode() if isinstance(message, str) else message))
    assert [queue.pop(decode), queue.pop(decode)] == [expected] * 2


# What a handler sees


async def with_handler(handler: Callable, client: Callable) -> None:
    class Own(Server):
        async def handler(self, ws):
            await handler(ws)

    async with Own() as server, connect(server.url) as ws:
        async with asyncio.timeout(30):
            await client(ws)
        await until(lambda: not server.connections)
        assert [event.text for event in server.log if event.kind == "error"] == []


async def test_two_tasks_that_read_get_the_librarys_error():
    async def handler(ws):
        first = asyncio.create_task(ws.recv())
        await asyncio.sleep(0)
        with pytest.raises(ConcurrencyError):
            await ws.recv()
        with pytest.raises(ConcurrencyError):
            await anext(ws.recv_streaming())
        await ws.send(await first)

    async def client(ws):
        await asyncio.sleep(0.01)
        await ws.send("hi")
        assert await ws.recv() == "hi"

    await with_handler(handler, client)


async def test_a_timeout_around_recv_loses_no_message():
    async def handler(ws):
        first = asyncio.create_task(ws.recv())
        await asyncio.sleep(0)
        ws.recv_messages.put("had just arrived")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        got = [] if await ws.recv() == "had just arrived" else None
        while len(got) < 200:
            try:
                got.append(await asyncio.wait_for(ws.recv(), 0.0005))
            except TimeoutError:
                continue
        await ws.send(",".join(got))

    async def client(ws):
        for number in range(200):
            await ws.send(f"{number}")
            if number % 10 == 0:
                await asyncio.sleep(0.002)
        assert await ws.recv() == ",".join(map(str, range(200)))

    await with_handler(handler, client)


@pytest.mark.parametrize("code", [1000, 1001])
async def test_iteration_ends_silently_after_a_normal_end(code):
    ended = asyncio.Event()

    async def handler(ws):
        async for _ in ws:
            pass
        assert ws.close_code == code
        with pytest.raises(ConnectionClosedOK):
            await ws.recv()
        ended.set()

    async def client(ws):
        await ws.send("one")
        await ws.close(code)
        await ended.wait()

    await with_handler(handler, client)


async def test_recv_streaming_yields_fragments_and_take_messages():
    async def handler(ws):
        for _ in range(2):
            await ws.send(str([part async for part in ws.recv_streaming()]))
        await ws.send(await ws.recv())

    async def client(ws):
        await ws.send(["a", "b", "c"])
        await ws.send("whole")
        await ws.send("next")
        assert [await ws.recv() for _ in range(3)] == ["['a', 'b', 'c', '']", "['whole']", "next"]

    await with_handler(handler, client)


async def test_a_handler_that_does_not_read_costs_a_bounded_amount_of_memory():
    release = asyncio.Event()

    async def handler(ws):
        await release.wait()

    async def client(ws):
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    while True:
                        await ws.send(b"x" * 10_000)
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
            release.set()
        assert grown < 4_000_000  # both ends are here; the client's own buffer counts, too
        ws.transport.abort()

    await with_handler(handler, client)
