"""The HTTP side of the comparison under attack: what is no HTTP, what never ends, and clients that vanish."""

import asyncio
import gc
import weakref

import pytest
from support import until
from victims import assert_one_line_each

from wslearn import Limits
from wslearn.servers.comparison import ComparisonServer

POST = b"POST /%b HTTP/1.1\r\nHost: localhost\r\n"
CLIENTS = 500
AT_ONCE = 50


async def open_raw(server, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
    writer.write(data)
    return reader, writer


async def answer(server, data: bytes) -> bytes:
    """Return all that comes for `data` until the end."""
    reader, writer = await open_raw(server, data)
    received = b""
    try:
        async with asyncio.timeout(30):
            while part := await reader.read(65536):
                received += part
    except ConnectionError:
        pass  # a reset is an end too
    finally:
        writer.close()
    return received


async def be_served(server) -> None:
    """Be the next client, and get what a client comes for."""
    got = await answer(
        server, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 6\r\n\r\nserved"
    )
    assert got.startswith(b"HTTP/1.1 200 ") and got.endswith(b"\r\n\r\nserved"), got


MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "no method": b"\r\n\r\n / HTTP/1.1\r\n\r\n",
    "an escape sequence": b"GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a header without a colon": b"GET /poll HTTP/1.1\r\nHost a\r\n\r\n",
    "two lengths": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a negative length": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": POST % b"echo" + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is none": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a long request line": b"GET /poll?after=" + b"1" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long header": b"GET /poll HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET /poll HTTP/1.1\r\nHost: localhost\r\n" + b"X: x\r\n" * 20_000 + b"\r\n",
    "a body without an end": b"POST /publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"8000\r\n%b\r\n" % (b"x" * 0x8000) * 20,
    "two origins": POST % b"publish" + b"Origin: http://a\r\nOrigin: http://b\r\nContent-Length: 0\r\n\r\n",
    "a number in other digits": "GET /poll?after=²".encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_malformed_is_refused_in_one_line(data, records):
    async with ComparisonServer() as server:
        got = await answer(server, data)
        assert got[:10] in (b"HTTP/1.1 4", b"HTTP/1.0 4"), got[:200]
        await be_served(server)
        assert server.peers.events.last == 0
    assert_one_line_each(records)


async def test_a_head_that_trickles_in_is_ended(records):
    async with ComparisonServer(limits=Limits(open_timeout=0.3)) as server:
        reader, writer = await open_raw(server, b"GET /poll HTTP/1.1\r\n")

        async def trickle():
            while True:
                writer.write(b"X: x\r\n")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        async with asyncio.timeout(30):
            try:
                while await reader.read(65536):
                    pass
            except ConnectionError:
                pass
        trickling.cancel()
        writer.close()
        await until(lambda: server.peers.connections == 0)
        await be_served(server)
    assert_one_line_each(records)


async def test_silent_connections_are_ended(records):
    async with ComparisonServer(limits=Limits(open_timeout=0.3)) as server:
        quiet = [await open_raw(server, data) for data in (b"", b"G", b"POST /echo HTTP/1.1\r\nHost: localhost\r\n")]
        await until(lambda: server.peers.connections == len(quiet))
        await until(lambda: server.peers.connections == 0, 30)
        for _, writer in quiet:
            writer.close()
        await be_served(server)
    assert_one_line_each(records)


@pytest.mark.parametrize("path", ["/long-poll", "/events"])
async def test_nothing_is_left_of_clients_that_vanish_while_they_wait(path, room_for, records):
    clients = room_for(CLIENTS)
    async with ComparisonServer() as server:
        await be_served(server)
        await until(lambda: server.peers.connections == 0)
        tasks_before = asyncio.all_tasks()
        writers = []
        for start in range(0, clients, AT_ONCE):
            ask = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            many = await asyncio.gather(*(open_raw(server, ask) for _ in range(min(AT_ONCE, clients - start))))
            writers += [writer for _, writer in many]
        await until(lambda: server.peers.events.waiting == clients)
        there = weakref.WeakSet(asyncio.all_tasks() - tasks_before)
        for writer in writers:
            writer.transport.abort()
        await until(lambda: server.peers.events.waiting == server.peers.connections == 0)
        await until(lambda: asyncio.all_tasks() == tasks_before)
        server.peers.events.publish("to nobody")
        await be_served(server)
        await until(lambda: gc.collect() >= 0 and not there and len(server.peers._admitted) <= 1)
    assert_one_line_each(records)
    print(f"| comparison | {clients} clients of {path} vanish while they wait | nothing left |")
