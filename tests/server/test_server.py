import asyncio
import json
import logging
import re
import socket
from contextlib import suppress

import pytest
from support import Stopwatch, closed_with, frame, no_task_left, raw_websocket, request, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from wslearn import EchoServer, Limits, Server


class Reverse(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message[::-1])


class Talker(Server):
    """Sends without end to a client that asks for it."""

    async def handler(self, ws):
        await ws.recv()
        while True:
            await ws.send("x" * 50_000)


def kinds(server):
    return [event.kind for event in server.log]


async def test_a_subclass_writes_nothing_but_a_handler():
    async with Reverse() as server, connect(server.url) as ws:
        await ws.send("abc")
        assert await ws.recv() == "cba"
        assert server.name == "reverse"


async def test_a_server_without_a_handler_says_what_is_missing():
    async with Server() as server:
        async with connect(server.url) as ws:
            with pytest.raises(ConnectionClosedError) as closed:
                await ws.recv()
        assert closed.value.rcvd.code == 1011
        assert "Server needs a method: async def handler(self, ws)" in str(server.log[1])


async def test_the_system_picks_a_port_and_it_is_free_after_stop():
    server = await EchoServer().start()
    port = server.port
    assert server.url == f"ws://127.0.0.1:{port}/" and server.page_url == f"http://127.0.0.1:{port}/"
    await server.stop()
    async with EchoServer(port=port) as again:
        assert again.port == port
    with pytest.raises(RuntimeError, match="EchoServer is not running"):
        _ = server.url


async def test_start_and_stop_twice_are_fine_and_at_once_too():
    server = EchoServer()
    await server.stop()
    assert await server.start() is server and await server.start() is server
    await asyncio.gather(server.stop(), server.stop())
    await server.stop()
    async with server, connect(server.url) as ws:
        assert await ws.recv()


async def test_a_port_in_use_is_named():
    async with EchoServer() as server:
        with pytest.raises(OSError, match=rf"port {server.port} on 127.0.0.1 is in use: stop the program"):
            await EchoServer(port=server.port).start()


@pytest.mark.parametrize(("host", "said"), [("no-such-host.invalid", "no such host"), ("203.0.113.7", "cannot listen")])
async def test_an_address_that_cannot_be_had_is_named(host, said):
    with pytest.raises(OSError, match=said) as error:
        await EchoServer(host).start()
    assert host in str(error.value)


async def test_localhost_and_everywhere_have_an_address_that_works(caplog):
    async with EchoServer("localhost") as server, connect(server.url) as ws:
        await ws.recv()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    async with EchoServer("0.0.0.0") as server, connect(server.url) as ws:
        await ws.recv()
        assert server.url.startswith("ws://127.0.0.1:")
    assert "can be reached from other machines" in caplog.text


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    async with EchoServer("::1") as server, connect(server.url) as ws:
        assert server.url == f"ws://[::1]:{server.port}/"
        await ws.recv()


async def test_stop_says_goodbye_with_1001():
    server = await EchoServer().start()
    clients = [await connect(server.url) for _ in range(3)]
    await server.stop()
    for ws in clients:
        await ws.wait_closed()
        assert ws.close_code == 1001
    assert server.connections == set() and server.sockets == set()


async def test_stop_is_bounded_under_a_client_that_does_not_read():
    server = await Talker(limits=Limits(stall_timeout=None, max_unsent=None)).start()
    sock = await raw_websocket(server, receive_buffer=4096)
    sock.sendall(frame(1, b"go"))
    await until(lambda: any(ws.transport.get_write_buffer_size() for ws in server.sockets))
    async with Stopwatch() as watch:
        await server.stop()
    assert watch.seconds < 2
    assert not server.sockets and not server.connections
    sock.close()


async def test_stop_is_bounded_under_half_a_handshake_and_an_endless_handler():
    server = await Endless().start()
    async with connect(server.url):
        _, half = await asyncio.open_connection("127.0.0.1", server.port)
        half.write(b"GET / HTT")
        await until(lambda: len(server.sockets) == 2)
        async with Stopwatch() as watch:
            await server.stop()
        assert watch.seconds < 2
        half.close()


async def test_nothing_is_left_on_the_event_loop():
    with no_task_left():
        async with EchoServer() as server:
            for _ in range(5):
                async with connect(server.url) as ws:
                    await ws.recv()


class Endless(Server):
    """Serves for an hour, and takes its time to clean up."""

    cleaned = 0

    def background(self):
        return (self.handler(None),)

    async def handler(self, ws):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            self.cleaned += 1


async def leave_open(server, kind):
    """Connect as a client that never reads, in one of the states in which `stop()` may find it."""
    if kind == "websocket":
        return await raw_websocket(server)
    sock = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", server.port), 10)
    sock.sendall(
        {"spare": b"", "half a request": b"GET / HT", "page": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"}[kind]
    )
    await until(lambda: server.sockets or server.log)
    return sock


@pytest.mark.parametrize("kind", ["websocket", "spare", "half a request", "page"])
async def test_stop_waits_for_what_it_cancels(kind):
    with no_task_left():
        server = await Endless().start()
        with await leave_open(server, kind):
            await server.stop()
    assert server.cleaned == 1 + (kind == "websocket") and not server.sockets


async def test_stop_twice_at_once_ends_once_and_both_wait():
    with no_task_left():
        server = await Endless().start()
        with await raw_websocket(server):
            await asyncio.gather(server.stop(), server.stop())
    assert server.cleaned == 2


@pytest.mark.parametrize("times", [1, 3])
async def test_stop_that_is_cancelled_is_quicker_and_leaves_nothing_either(times):
    with no_task_left():
        server = await Endless().start()
        with await raw_websocket(server):
            stopping = asyncio.create_task(server.stop())
            await asyncio.sleep(0)
            async with Stopwatch() as watch:
                for _ in range(times):
                    stopping.cancel()
                    await asyncio.sleep(0)
                with pytest.raises(asyncio.CancelledError):
                    await stopping
            assert watch.seconds < 0.9  # the client's second to answer is not waited for
    assert server.cleaned == 2 and not server.sockets


async def test_a_handler_may_stop_its_server():
    class Doomed(Server):
        async def handler(self, ws):
            if await ws.recv() == "stop":
                await self.stop()
                self.went_on = True

    before = asyncio.all_tasks()
    server = await Doomed().start()
    async with connect(server.url) as other, connect(server.url) as ws:
        async with Stopwatch() as watch:
            await ws.send("stop")
            assert (await closed_with(ws), await closed_with(other)) == ((1001, ""), (1001, ""))
            await server.stop()  # waits for the other one
        assert watch.seconds < 0.9
    await until(lambda: asyncio.all_tasks() == before)  # the handler itself ends a little later
    assert server.went_on and not server.sockets


async def test_a_handler_that_does_not_end_is_left_after_a_time_and_the_log_says_so(caplog):
    class Deaf(Server):
        async def handler(self, ws):
            while not over.is_set():
                with suppress(asyncio.CancelledError):
                    await over.wait()

    over = asyncio.Event()
    server = await Deaf().start()
    with await raw_websocket(server):
        async with Stopwatch() as watch:
            await server.stop()
        assert watch.seconds < 2.5
    assert "deaf: 1 of its tasks have not ended after 0.5 s" in caplog.text
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url
    over.set()
    await until(lambda: not server.handlers)


async def test_a_client_that_stops_reading_is_dropped_and_others_go_on():
    async with Talker(limits=Limits(stall_timeout=0.5)) as server, connect(server.url) as other:
        sock = await raw_websocket(server, receive_buffer=4096)
        sock.sendall(frame(1, b"go"))
        await until(lambda: any("reads too slowly" in event.text for event in server.log))
        await until(lambda: len(server.connections) == 1)
        await other.send("go")
        assert len(await other.recv()) == 50_000
        other.transport.abort()  # nobody would get through this stream to its end
        sock.close()


async def test_more_unsent_bytes_than_the_limit_abort_the_connection():
    class Flood(Server):
        async def handler(self, ws):
            await ws.send("x" * 30_000_000)

    async with Flood() as server:
        sock = await raw_websocket(server, receive_buffer=4096)
        await until(lambda: any("bytes unsent, the limit is 1,048,576" in event.text for event in server.log))
        await until(lambda: not server.connections)
        sock.close()


async def test_the_log_tells_connect_message_and_close_and_is_bounded():
    async with EchoServer() as server:
        async with connect(server.url + "?token=s3cr3t") as ws:
            await ws.send('{"token":"s3cr3t"}')
            await ws.send(b"\x00" * 500)
            assert [len(await ws.recv()) for _ in range(3)][-1] == 500
            await ws.close(4001, "had enough")
        await until(lambda: "close" in kinds(server))
        assert kinds(server) == ["connect", "message", "message", "close"]
        assert "s3cr3t" not in "\n".join(map(str, server.log))
        close = server.log[-1]
        assert (close.client, close.code, close.reason) == ("guest-1", 4001, "had enough")
        async with connect(server.url) as ws:
            await ws.recv()
            for _ in range(1100):
                await ws.send("x")
                await ws.recv()
        assert len(server.log) == 1000


async def test_one_log_line_through_logging_for_each_event(caplog):
    caplog.set_level(logging.DEBUG, logger="wslearn")
    async with EchoServer() as server:
        async with connect(server.url) as ws:
            await ws.send("line one\nline two")
            await ws.recv()
        await until(lambda: "close" in kinds(server))
    ours = [record.getMessage() for record in caplog.records if record.name == "wslearn"]
    assert [line.split()[2] for line in ours[1:-1]] == ["connect", "message", "close"]
    assert not any("\n" in line for line in ours)


async def test_a_handler_that_fails_costs_its_client_1011_and_one_line(caplog):
    class Fragile(Server):
        async def handler(self, ws):
            async for message in ws:
                await ws.send(str(1 / int(message)))

    async with Fragile() as server, connect(server.url) as ann, connect(server.url) as bob:
        await ann.send("0")
        with pytest.raises(ConnectionClosedError):
            await ann.recv()
        assert ann.close_code == 1011
        await bob.send("1")
        assert await bob.recv() == "1.0"
        errors = [event for event in server.log if event.kind == "error"]
        assert len(errors) == 1 and "ZeroDivisionError: division by zero (in handler, line" in errors[0].text
    assert "Traceback" not in caplog.text


async def test_a_handler_that_is_no_coroutine_is_told_in_the_log():
    class NotAsync(Server):
        def handler(self, ws):
            return None

    async with NotAsync() as server, connect(server.url):
        await until(lambda: "error" in kinds(server))
        assert re.search("NoneType.* can't be (used in 'await'|awaited)", str(server.log[1]))  # as Python says it


async def test_an_error_deep_in_a_library_is_placed_in_the_handlers_own_code():
    class Trusting(Server):
        async def handler(self, ws):
            json.loads(await ws.recv())

    async with Trusting() as server, connect(server.url) as ws:
        await ws.send("no JSON")
        await until(lambda: "error" in kinds(server))
        [error] = [event.text for event in server.log if event.kind == "error"]
        line = Trusting.handler.__code__.co_firstlineno + 1
        assert error == f"JSONDecodeError: Expecting value: line 1 column 1 (char 0) (in handler, line {line})"


async def test_a_handler_that_trips_over_another_client_is_not_silent():
    class Pair(Server):
        async def handler(self, ws):
            await ws.recv()
            for other in self.connections - {ws}:
                await other.close()
                await other.send("too late")

    async with Pair() as server, connect(server.url) as ann, connect(server.url):
        await ann.send("go")
        await until(lambda: "error" in kinds(server))
        assert any("ConnectionClosed" in event.text for event in server.log)


BAD_FRAMES = {
    "unmasked": (frame(1, b"hi", mask=False), 1002),
    "reserved bit": (frame(1, b"hi", rsv=4), 1002),
    "unknown opcode": (frame(3, b"hi"), 1002),
    "continuation of nothing": (frame(0, b"hi"), 1002),
    "a second beginning": (frame(1, b"a", fin=False) + frame(1, b"b"), 1002),
    "a ping in pieces": (frame(9, b"", fin=False), 1002),
    "a ping too long": (frame(9, b"x" * 126), 1002),
    "close code 1005": (frame(8, (1005).to_bytes(2)), 1002),
    "close code 999": (frame(8, (999).to_bytes(2)), 1002),
    "close payload of one byte": (frame(8, b"\x03"), 1002),
    "text that is not UTF-8": (frame(1, b"\xff\xfe"), 1007),
    "64 KiB and a byte": (frame(1, b"x" * 65537), 1009),
    "64 KiB and a byte, in pieces": (frame(1, b"x" * 40000, fin=False) + frame(0, b"x" * 25537), 1009),
    "a length of 2 to the 62": (b"\x81\xff" + (2**62).to_bytes(8), 1009),
}


@pytest.mark.parametrize(("data", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES)
async def test_a_frame_that_breaks_the_protocol_costs_its_sender_the_connection(data, code, caplog):
    caplog.set_level(logging.DEBUG, logger="wslearn")
    async with EchoServer(plain=True) as server, connect(server.url) as other:
        sock = await raw_websocket(server)
        sock.sendall(data)
        answer = await asyncio.to_thread(sock.recv, 1000)
        assert answer[0] == 0x88 and int.from_bytes(answer[2:4]) == code
        sock.close()
        await until(lambda: any(event.kind == "close" and event.code == code for event in server.log))
        await other.send("still here")
        assert await other.recv() == "still here"
    assert "Traceback" not in caplog.text and not any("\n" in record.getMessage() for record in caplog.records)


BAD_REQUESTS = {
    "nothing at all": "",
    "half a request line": "GET / HT",
    "half a handshake": "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso",
    "no HTTP": "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    "a header of 100 KiB": "GET / HTTP/1.1\r\nX: " + "x" * 102_400 + "\r\n\r\n",
    "twenty thousand headers": "GET / HTTP/1.1\r\n" + "X: y\r\n" * 20_000 + "\r\n",
    "a body": "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    "no key": "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("text", BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_request_that_is_none_costs_one_line_of_log(text, caplog):
    caplog.set_level(logging.DEBUG, logger="wslearn")
    async with EchoServer() as server:
        try:
            answer = await request(server, text, eof=True)
        except ConnectionResetError:  # closed with our bytes unread: the system may reset
            answer = b""
        assert answer[:9] in (b"", b"HTTP/1.1 ")
        await until(lambda: kinds(server))
        async with connect(server.url) as ws:
            assert await ws.recv()
        assert [kind for kind in kinds(server) if kind in ("error", "http")] == kinds(server)[:1]
    assert "Traceback" not in caplog.text and not any("\n" in record.getMessage() for record in caplog.records)


async def test_a_client_that_vanishes_is_forgotten():
    async with EchoServer() as server:
        ws = await connect(server.url)
        await until(lambda: len(server.connections) == 1)
        ws.transport.abort()
        await until(lambda: not server.connections and "close" in kinds(server))
        assert server.log[-1].code == 1006
        with pytest.raises(ConnectionClosed):
            await ws.send("x")


async def test_a_handshake_that_never_comes_is_ended():
    async with EchoServer(limits=Limits(open_timeout=0.2)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        await until(lambda: not server.sockets)


async def test_compression_is_off_unless_asked_for():
    async with EchoServer() as server, connect(server.url) as ws:
        assert "Sec-WebSocket-Extensions" not in ws.response.headers
    async with EchoServer(limits=Limits(compression="deflate")) as server, connect(server.url) as ws:
        assert "permessage-deflate" in ws.response.headers["Sec-WebSocket-Extensions"]


async def test_a_task_group_that_ends_with_the_connection_is_no_error_of_the_handler():
    class Grouped(Server):
        async def handler(self, ws):
            async with asyncio.TaskGroup() as group:
                group.create_task(ws.recv())
                group.create_task(asyncio.sleep(3600))

    async with Grouped() as server:
        async with connect(server.url) as ws:
            ws.transport.abort()
        await until(lambda: not server.handlers)
        assert [event.kind for event in server.log] == ["connect", "close"]
