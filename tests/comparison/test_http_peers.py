"""The HTTP peers of the comparison, over real sockets: what they answer, what they refuse, what is left of clients."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
import psutil
import pytest
from support import no_task_left, request, until
from websockets.asyncio.client import connect

from wslearn import Limits
from wslearn.comparison import events, http_peers
from wslearn.servers.comparison import ComparisonServer

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def server():
    async with ComparisonServer() as server:
        yield server


@pytest.fixture
async def client(server):
    async with aiohttp.ClientSession(server.page_url, timeout=aiohttp.ClientTimeout(10)) as session:
        yield session


@asynccontextmanager
async def reading(client, **headers):
    """Read the events: yields a coroutine function that returns the next one with its `id:` line."""
    async with client.get("/events", headers=headers, timeout=aiohttp.ClientTimeout(None)) as response:
        assert response.content_type == "text/event-stream"

        async def following() -> tuple[str, dict]:
            async with asyncio.timeout(10):
                lines = [await response.content.readline() for _ in range(3)]
            assert lines[0].startswith(b"id: ") and lines[1].startswith(b"data: ") and lines[2] == b"\n"
            return lines[0][4:-1].decode(), json.loads(lines[1][6:])

        yield following


async def raw(server, text: str, **options) -> str:
    """Send a request as it is, and return all that comes."""
    side = SimpleNamespace(port=server.http_port, url=server.page_url)
    return (await request(side, text, **options)).decode()


async def test_without_a_limit_a_connection_is_kept_too():
    text = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with ComparisonServer(limits=Limits(open_timeout=None)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
        async with asyncio.timeout(10):
            for _ in range(3):
                writer.write(text.encode())
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 OK")
        writer.close()


# What each answers


async def test_the_page_names_them_all(client):
    async with client.get("/") as response:
        page = await response.text()
    assert response.content_type == "text/html"
    for path in ("/echo", "/poll", "/long-poll", "/events", "/publish", "/status", "/ws?events"):
        assert path in page


@pytest.mark.parametrize("body", [b"", b"hello", bytes(range(256)) * 256], ids=len)
async def test_echo_returns_the_body(client, body):
    async with client.post("/echo", data=body) as response:
        assert await response.read() == body


async def test_a_compressed_body_comes_back_as_it_came(client):
    async with client.post("/echo", data=b"not really", headers={"Content-Encoding": "gzip"}) as response:
        assert await response.read() == b"not really"


async def test_polling_gives_what_is_new_or_204(client):
    async with client.get("/poll") as response:
        assert (response.status, await response.read()) == (204, b"")
    for word in ("one", "two", "three"):
        async with client.post("/publish", data=word) as response:
            published = await response.json()
    assert published["id"] == 3 and "payload" not in published
    async with client.get("/poll?after=1") as response:
        news = await response.json()
    assert [(event["id"], event["payload"]) for event in news] == [(2, "two"), (3, "three")]
    assert news[-1]["time"] == published["time"]
    async with client.get("/poll?after=3") as response:
        assert response.status == 204


async def test_a_long_poll_is_held_until_there_is_an_event(server, client):
    held = asyncio.create_task(client.get("/long-poll?after=0"))
    await until(lambda: server.peers.events.waiting == 1)
    async with client.post("/publish", data="now") as response:
        assert response.status == 200
    async with await held as response:
        assert [event["payload"] for event in await response.json()] == ["now"]
    async with client.get("/long-poll?after=0") as response:  # there is one already
        assert [event["id"] for event in await response.json()] == [1]


async def test_a_long_poll_ends_with_204(client, monkeypatch):
    monkeypatch.setattr(http_peers, "HOLD", 0.05)
    async with client.get("/long-poll?after=0") as response:
        assert response.status == 204


async def test_server_sent_events_arrive_and_go_on_where_they_broke_off(server, client):
    async with reading(client) as following:
        await client.post("/publish", data="one\ntwo")
        number, event = await following()
        assert (number, event["id"], event["payload"]) == ("1", 1, "one\ntwo")
    await client.post("/publish", data="missed")
    async with reading(client, **{"Last-Event-ID": "1"}) as following:
        assert (await following())[1]["payload"] == "missed"
        await client.post("/publish", data="live")
        assert (await following())[1]["payload"] == "live"


async def test_one_event_reaches_all_who_wait_and_no_other(server, client):
    async with reading(client) as following, connect(f"{server.url}ws?events") as ws, connect(server.url) as echo:
        held = asyncio.create_task(client.get("/long-poll"))
        await until(lambda: server.peers.events.waiting + len(server.listeners) == 3)
        await client.post("/publish", data="to all")
        _, over_sse = await following()
        async with asyncio.timeout(10), await held as response:
            assert await response.json() == [over_sse] == [json.loads(await ws.recv())]
            await echo.send("mine")
            assert await echo.recv() == "mine"


async def test_a_number_from_an_earlier_run_means_from_now_on(server, client):
    await client.post("/publish", data="old")
    held = asyncio.create_task(client.get("/long-poll?after=99"))
    async with reading(client, **{"Last-Event-ID": "99"}) as following:
        await until(lambda: server.peers.events.waiting == 2)
        await client.post("/publish", data="new")
        assert (await following())[1]["payload"] == "new"
        async with await held as response:
            assert [event["payload"] for event in await response.json()] == ["new"]


async def test_status_tells_the_clock_the_last_number_and_who_waits(server, client):
    async def status() -> dict:
        async with client.get("/status") as response:
            return await response.json()

    before = await status()
    assert (before["last"], before["waiting"]) == (0, 0)
    await client.post("/publish", data="x")
    async with reading(client), connect(f"{server.url}?events"):
        await until(lambda: server.peers.events.waiting + len(server.listeners) == 2)
        after = await status()
    assert (after["last"], after["waiting"]) == (1, 2)
    assert before["time"] < after["time"] < before["time"] + 60


async def test_no_header_is_there_that_nobody_needs(server):
    answer = await raw(
        server, "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
    )
    head, _, body = answer.partition("\r\n\r\n")
    assert body == "hi"
    assert sorted(line.partition(":")[0] for line in head.splitlines()[1:]) == ["Connection", "Content-Length", "Date"]


# What is refused


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "%C2%B2", "9" * 5000, "0x10", "%00", ""])
@pytest.mark.parametrize("path", ["poll", "long-poll"])
async def test_a_number_that_is_none(client, path, value):
    async with client.get(f"/{path}?after={value}") as response:
        assert response.status == 400
        assert "after: expected the number of an event" in await response.text()


async def test_a_last_event_id_that_is_none(client):
    async with client.get("/events", headers={"Last-Event-ID": "first"}) as response:
        assert response.status == 400
        assert "Last-Event-ID: expected the number of an event, 0 or more, got 'first'" in await response.text()


@pytest.mark.parametrize("path", ["echo", "publish"])
async def test_a_body_that_is_too_large(client, path):
    async with client.post(f"/{path}", data=b"x" * 65_537) as response:
        assert response.status == 413
        assert "at most 65,536 bytes" in await response.text()


async def test_a_body_that_does_not_come(monkeypatch):
    async with ComparisonServer(limits=Limits(open_timeout=0.1)) as server:
        answer = await raw(server, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
    assert answer.startswith("HTTP/1.1 408 ") and "Expected the body in 0.1 seconds" in answer


async def test_a_payload_that_is_no_text(server, client):
    async with client.post("/publish", data=b"\xff") as response:
        assert response.status == 400
        assert "UTF-8" in await response.text()
    assert server.peers.events.last == 0


async def test_paths_and_methods_that_are_not_there(client):
    async with client.get("/nowhere") as response:
        assert response.status == 404
        assert "/long-poll?after=N" in await response.text()
    async with client.get("/publish") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert await response.text() == "Expected POST, got GET.\n"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_foreign_page_can_neither_publish_nor_read(server, client, origin):
    for method, path in (("POST", "/publish"), ("GET", "/poll"), ("GET", "/events")):
        async with client.request(method, path, headers={"Origin": origin}) as response:
            assert response.status == 403
    assert server.peers.events.last == 0


async def test_its_own_page_and_those_that_were_allowed_may_publish():
    async with ComparisonServer(limits=Limits(origins=("https://a.example",))) as server:
        async with aiohttp.ClientSession(server.page_url) as client:
            for origin in (server.page_url.rstrip("/"), "https://a.example"):
                async with client.post("/publish", data="x", headers={"Origin": origin}) as response:
                    assert response.status == 200


async def test_one_connection_too_many():
    async with ComparisonServer(limits=Limits(max_connections=2)) as server:
        async with aiohttp.ClientSession(server.page_url) as client:
            held = [asyncio.create_task(client.get("/long-poll")) for _ in range(2)]
            await until(lambda: server.peers.events.waiting == 2)
            async with client.get("/poll") as response:
                assert response.status == 503
                assert "2 connections" in await response.text()
            held[0].cancel()
            await until(lambda: server.peers.connections < 2)
            async with client.get("/poll") as response:
                assert response.status == 204
            await client.post("/publish", data="x")
            (await held[1]).release()


# What is left of clients


async def test_a_client_that_reads_nothing_holds_up_nobody_and_is_ended():
    async with ComparisonServer(limits=Limits(stall_timeout=0.3)) as server:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", server.http_port))
            slow.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: server.peers.events.waiting == 1)
            async with aiohttp.ClientSession(server.page_url) as client, reading(client) as following:
                await until(lambda: server.peers.events.waiting == 2)
                for number in range(1, 101):
                    await client.post("/publish", data="x" * 60_000)
                    assert (await following())[1]["id"] == number
                await until(lambda: server.peers.connections == 2)  # the reader's and the publisher's
        [error] = [event for event in server.log if event.kind == "error"]
        assert error.text == "aborted: it reads too slowly: nothing sent for 0.3 s"


@pytest.mark.parametrize("how", ["poll", "long-poll", "events"])
async def test_events_that_are_no_longer_kept_are_a_line_in_the_log(server, client, monkeypatch, how):
    monkeypatch.setattr(events, "KEPT", 2)
    for number in range(1, 6):
        await client.post("/publish", data=f"{number}")

    async def first_after(number: int) -> int:
        if how == "events":
            async with reading(client, **{"Last-Event-ID": f"{number}"}) as following:
                return (await following())[1]["id"]
        async with client.get(f"/{how}?after={number}") as response:
            return (await response.json())[0]["id"]

    assert [await first_after(number) for number in (0, 1, 2, 3)] == [4, 4, 4, 4]
    errors = [event.text for event in server.log if event.kind == "error"]
    assert errors == [f"lost: events {first} to 3, which are no longer kept" for first in (2, 3)]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_stop_waits_for_what_it_cancels_also_where_a_client_reads_nothing(cancelled):
    with no_task_left(), socket.socket() as slow, socket.socket() as half, socket.socket() as idle:
        server = await ComparisonServer(limits=Limits(stall_timeout=None)).start()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for sock, text in (
            (slow, b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            (half, b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nhalf"),
            (idle, b""),
        ):
            sock.connect(("127.0.0.1", server.http_port))
            sock.sendall(text)
        await until(lambda: server.peers.events.waiting == 1 and server.peers.connections == 3)
        for _ in range(100):
            server.peers.events.publish("x" * 60_000)
            await asyncio.sleep(0)
        await until(lambda: server.peers.events.waiting == 0)  # it waits for the one who does not read
        stops = [asyncio.create_task(server.stop()) for _ in range(2)]
        await asyncio.sleep(0.01)
        if cancelled:
            for stop in stops:
                stop.cancel()
        async with asyncio.timeout(5):
            results = await asyncio.gather(*stops, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError if cancelled else type(None)] * 2
        open_here = psutil.Process().net_connections  # the system has closed them, though a client did not read
        await until(lambda: not any(end.laddr.port == server.http_port for end in open_here("tcp4")))


async def test_stop_answers_those_who_wait_and_frees_both_ports():
    server = await ComparisonServer().start()
    async with aiohttp.ClientSession(server.page_url) as client:
        held = asyncio.create_task(client.get("/long-poll"))
        stream = await client.get("/events")
        await until(lambda: server.peers.events.waiting == 2)
        async with asyncio.timeout(5):
            await server.stop()
            assert (await held).status == 204
            assert await stream.read() == b""
    await server.stop()
    for port in (server.port, server.http_port):
        with socket.create_server(("127.0.0.1", port)):
            pass
