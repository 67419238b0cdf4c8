"""Who may talk to a server, on every kind of server and on both of the comparison's ports, over real sockets."""

import asyncio
import json
import socket
import ssl
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from support import HANDSHAKE, until
from victims import SERVERS
from websockets import http11
from websockets.asyncio.client import connect
from websockets.version import version as websockets_version

from wslearn import Server
from wslearn.servers.comparison import ComparisonServer
from wslearn.tls import throwaway

KINDS = SERVERS | {"comparison": ComparisonServer}
GET = "GET {path} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n"
PUBLISH = "POST /publish HTTP/1.1\r\n{host}{more}Content-Length: 2\r\nConnection: close\r\n\r\nhi"


def started(kind, **limits):
    server = KINDS[kind]
    return server(limits=replace(server.limits, **limits))


async def ask(server, text: str, port: int | None = None, host: str = "127.0.0.1", ssl=None) -> tuple[int, str]:
    """Send a request as it is, and return the status of the response and its body, if it has one."""
    reader, writer = await asyncio.open_connection(host, port or server.port, ssl=ssl)
    writer.write(text.encode("latin-1"))
    try:
        async with asyncio.timeout(30):
            status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
            return status, "" if status == 101 else (await reader.read()).decode()
    finally:
        writer.transport.abort()


def everything(server, host: str | None, more: str = "") -> dict[str, tuple[str, int, int]]:
    """Return a request of each kind with a Host header: its text, its port, and the status where it may pass."""
    line = "" if host is None else f"Host: {host}\r\n"
    handshake = HANDSHAKE.format(path="/ws", host="", more=more).replace("Host: \r\n", line)
    asked = {"websocket": (handshake, server.port, 101)}
    for path, status in (("/", 200), ("/static/client.js", 200), ("/hello", 200), ("/health", 200)):
        asked[path] = (GET.format(path=path, host=line, more=more), server.port, status)
    if hasattr(server, "http_port"):
        for path, status in (("/", 200), ("/poll?after=9", 204), ("/status", 200), ("/nowhere", 404)):
            asked[f"peers {path}"] = (GET.format(path=path, host=line, more=more), server.http_port, status)
        asked["peers /publish"] = (PUBLISH.format(host=line, more=more), server.http_port, 200)
    return asked


@pytest.mark.parametrize("kind", KINDS)
async def test_dns_rebinding_is_refused_by_everything(kind):
    async with started(kind) as server:
        host = f"evil.example:{server.port}"
        asked = everything(server, host, f"Origin: http://{host}\r\n")
        for what, (text, port, _) in asked.items():
            status, body = await ask(server, text, port)
            assert (what, status) == (what, 403)
            assert body.startswith(f"Host '{host}' is not allowed: ") and "--allow-host" in body
        assert [event.code for event in server.log] == [403] * len(asked)
        assert all('--allow-host evil.example, or Limits(hosts=("evil.example",))' in e.text for e in server.log)
        if kind == "comparison":
            assert server.peers.events.last == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST.", "a.localhost:80", "[::1]:{port}", "192.0.2.7:8765", None],
)
async def test_addresses_localhost_and_programs_without_a_host_pass(kind, host):
    async with started(kind) as server:
        for what, (text, port, passes) in everything(server, host and host.format(port=server.port)).items():
            assert (what, (await ask(server, text, port))[0]) == (what, passes)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_can_be_allowed_and_the_rule_switched_off(kind):
    async with started(kind, hosts=("Hub.Example.org",)) as server:
        for host in ("hub.example.org", "HUB.example.org.:8000"):
            for what, (text, port, passes) in everything(server, host).items():
                assert (what, (await ask(server, text, port))[0]) == (what, passes)
        assert (await ask(server, everything(server, "evil.example")["websocket"][0]))[0] == 403
    async with started(kind, hosts=None) as server:
        for what, (text, port, passes) in everything(server, "evil.example").items():
            assert (what, (await ask(server, text, port))[0]) == (what, passes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "hosts", ["Host: localhost\r\nHost: evil.example\r\n", "Host: evil@localhost\r\n", "Host: \r\n"]
)
async def test_a_malformed_host_never_passes(kind, hosts):
    async with started(kind, hosts=None) as server:
        for what, (text, port, _) in everything(server, "X").items():
            assert (what, (await ask(server, text.replace("Host: X\r\n", hosts), port))[0]) == (what, 400)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:8765", "HTTP://localhost", "https://[::1]:1", "wss://hub.example.org"]
)
async def test_the_host_in_an_absolute_target_counts_and_the_header_does_not(kind, target):
    async with started(kind, hosts=("hub.example.org",)) as server:
        for host in ("evil.example", None, "localhost"):
            for what, (text, port, passes) in everything(server, host).items():
                assert (what, (await ask(server, absolute(target, text), port))[0]) == (what, passes)
        for foreign, refused in (("http://evil.example", 403), ("http://evil@localhost", 400), ("http://", 400)):
            for what, (text, port, _) in everything(server, "localhost").items():
                assert (what, (await ask(server, absolute(foreign, text), port))[0]) == (what, refused)


async def test_a_target_in_absolute_form_is_a_path_from_there_on():
    async with started("auth") as server:
        token = server.tokens.issue("ann")
        handshake = HANDSHAKE.format(path=f"http://localhost/ws?token={token}", host="evil.example", more="")
        assert (await ask(server, handshake))[0] == 101
        await until(lambda: server.log)
        assert server.log[0].kind == "connect" and server.log[0].text.endswith(" /ws?token=[redacted]")
    async with started("comparison") as server:
        host = f"127.0.0.1:{server.http_port}"
        own, foreign = (f"Origin: http://{name}\r\n" for name in (host, "evil.example"))
        for origin, status in ((own, 200), (foreign, 403)):
            text = PUBLISH.format(host="Host: evil.example\r\n", more=origin)
            assert (await ask(server, absolute(f"http://{host}", text), server.http_port))[0] == status


def absolute(base: str, text: str) -> str:
    """Return the same request with its target in absolute form."""
    method, path, rest = text.split(" ", 2)
    return f"{method} {base}{path} {rest}"


# Where it listens makes no difference


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["0.0.0.0", "localhost", "::1", "tls"])
async def test_the_rule_is_the_same_wherever_a_server_listens(kind, where, tmp_path):
    if where == "::1":
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
    cls, trusting, tls = KINDS[kind], None, None
    if where == "tls":
        tls, authority = throwaway("127.0.0.1", tmp_path)
        trusting = ssl.create_default_context(cafile=authority)
    async with cls("127.0.0.1" if tls else where, tls=tls) as server:
        to = "::1" if where == "::1" else "127.0.0.1"
        for host in ("192.0.2.7", "[::1]", "localhost", None):
            for what, (text, port, passes) in everything(server, host).items():
                assert (what, (await ask(server, text, port, host=to, ssl=trusting))[0]) == (what, passes)
        for what, (text, port, _) in everything(server, "evil.example", "Origin: http://evil.example\r\n").items():
            assert (what, (await ask(server, text, port, host=to, ssl=trusting))[0]) == (what, 403)
        page = server.url.replace("ws", "http", 1).rstrip("/")
        for origin, status in ((page, 101), ("http://evil.example", 403)):
            text = everything(server, urlsplit(server.url).netloc, f"Origin: {origin}\r\n")["websocket"][0]
            assert (await ask(server, text, host=to, ssl=trusting))[0] == status


# A page that is opened from disk


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("origin", ["null", "file://"])
async def test_a_page_from_disk_is_refused_with_the_option_that_lets_it_in(kind, origin):
    async with started(kind) as server:
        asked = everything(server, "localhost", f"Origin: {origin}\r\n")
        asked = {what: one for what, one in asked.items() if what.startswith(("websocket", "peers"))}
        for text, port, _ in asked.values():
            assert (await ask(server, text, port))[0] == 403
        for event in server.log:
            assert f"refused: Origin '{origin}' (a page opened from disk" in event.text
            assert "expected Origin 'http://localhost'" in event.text and "--origin null, or Limits(" in event.text
    async with started(kind, origins=("null",)) as server:
        for what, (text, port, passes) in asked_again(server, asked, origin).items():
            assert (what, (await ask(server, text, port))[0]) == (what, passes)


def asked_again(server, asked, origin):
    again = everything(server, "localhost", f"Origin: {origin}\r\n")
    return {what: again[what] for what in asked}


# The key in the path, for a browser behind a proxy


def under(path: str, text: str) -> str:
    """Return a request for the same, with `path` before its own."""
    method, target, rest = text.split(" ", 2)
    return f"{method} /{path}{target} {rest}"


@pytest.mark.parametrize("kind", KINDS)
async def test_behind_a_proxy_the_key_lets_every_name_in(kind):
    async with started(kind) as server:
        host = "hub.school.example:8000"
        own = f"Origin: https://{host}\r\n"
        for what, (text, port, passes) in everything(server, host, own).items():
            assert (what, (await ask(server, under(server.proxy_path, text), port))[0]) == (what, passes)
        foreign = everything(server, host, "Origin: https://evil.example\r\n")
        assert (await ask(server, under(server.proxy_path, foreign["websocket"][0])))[0] == 403
        assert server.proxy_path not in "\n".join(map(str, server.log))


@pytest.mark.parametrize("kind", KINDS)
async def test_no_other_key_does(kind, caplog):
    caplog.set_level("INFO", logger="wslearn")
    async with started(kind) as server, started(kind) as other:
        assert len(server.proxy_path) >= 32 and server.proxy_path != other.proxy_path
        keys = (other.proxy_path, server.proxy_path[:-1], server.proxy_path + "A", server.proxy_path.upper(), "x")
        for key in keys:
            for what, (text, port, _) in everything(server, "hub.school.example").items():
                status, body = await ask(server, under(key, text), port)
                assert (key, what, status) == (key, what, 403)
                assert server.proxy_path not in body
        status, body = await ask(server, under(other.proxy_path, everything(server, "localhost")["/"][0]))
        assert status == 404
        assert other.proxy_path not in caplog.text and "wslearn-key-[redacted]" in caplog.text


# Cookies of other programs, which browsers send along


def cookies(size: int, each: int) -> str:
    """Return Cookie headers of so many bytes in all, `each` bytes a line."""
    lines = [f"Cookie: a{number}={'x' * (each - 20)}".ljust(each - 2, "x") + "\r\n" for number in range(size // each)]
    assert sum(map(len, lines)) == size
    return "".join(lines)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "each"), [(9_000, 9_000), (9_000, 100), (40_000, 40_000), (40_000, 100), (64_000, 40)]
)
async def test_long_heads_are_taken(kind, size, each):
    async with started(kind) as server:
        for what, (text, port, passes) in everything(server, "localhost", cookies(size, each)).items():
            assert (what, (await ask(server, text, port))[0]) == (what, passes)
        assert "xxx" not in "\n".join(map(str, server.log))
    assert (http11.MAX_LINE_LENGTH, http11.MAX_NUM_HEADERS) == (8192, 128)  # nobody else's limits have changed


@pytest.mark.parametrize("each", [40_000, 100])
async def test_a_handler_sees_what_came(each):
    class Showing(Server):
        async def handler(self, ws):
            await ws.send(json.dumps([ws.request.path, *ws.request.headers.raw_items()]))

    sent = cookies(40_000, each)
    given = [("Cookie", line.removeprefix("Cookie: ")) for line in sent.splitlines()]
    async with Showing() as server:
        async with connect(f"{server.url}ws?a", additional_headers=[*given, ("X-More", "é")]) as ws:
            path, *headers = json.loads(await ws.recv())
    assert path == "/ws?a"
    assert [[*header] for header in given] == [header for header in headers if header[0] == "Cookie"]
    assert {name for name, _ in headers} >= {"Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "X-More"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "each"), [(70_000, 70_000), (70_000, 100), (1_000_000, 100_000)])
async def test_longer_heads_are_refused_in_words_that_name_cookies(kind, size, each):
    async with started(kind) as server:
        asked = everything(server, "localhost", cookies(size, each))
        for what, (text, port, _) in asked.items():
            status, body = await ask(server, text, port)
            assert (what, status) == (what, 431)
            assert body.startswith(
                "Expected a request line and headers of at most 65,536 bytes, in at most 2,000 lines, got more. Cookie"
            )
        lines = [event for event in server.log if event.kind != "connect"]
        assert [event.code for event in lines] == [431] * len(asked)
        assert all("cookies" in event.text and "xxx" not in event.text for event in lines)
        status, _ = await ask(server, everything(server, "localhost")["/health"][0])
        assert status == 200


@pytest.mark.skipif(websockets_version < "17", reason="websockets 16 answers no request but GET")
async def test_a_long_head_changes_nothing_else_about_a_request():
    """Method and version stay: no page for a POST, no body for a HEAD, no WebSocket over HTTP/1.0."""
    handshake = HANDSHAKE.format(path="/ws", host="localhost", more="{more}")
    plain = "{method} / HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"
    asked = {
        plain.replace("{method}", "POST"): 405,
        plain.replace("{method}", "HEAD"): 200,
        handshake.replace("GET", "POST"): 405,
        handshake.replace("HTTP/1.1", "HTTP/1.0"): 505,
    }
    async with started("echo") as server:
        for text, status in asked.items():
            for more in ("", cookies(9_000, 9_000)):
                came, body = await ask(server, text.replace("{more}", more))
                assert (came, bool(body)) == (status, not text.startswith("HEAD")), text


@pytest.mark.parametrize("kind", KINDS)
async def test_a_head_that_only_drips_is_ended_and_costs_little(kind):
    async with started(kind, open_timeout=0.5) as server:
        for port in filter(None, (server.port, getattr(server, "http_port", None))):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=" + b"x" * 20_000)
            dripping = asyncio.create_task(drip(writer))
            async with asyncio.timeout(30):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            dripping.cancel()
            writer.transport.abort()
        await until(lambda: not server.sockets)


async def drip(writer):
    with suppress(ConnectionError):
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)


# A client that sends its request and closes its half of the connection at once


async def send_and_close_half(server, text: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode("latin-1"))
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("host", "more"), [("localhost", ""), ("evil.example", ""), ("localhost", cookies(70_000, 100))]
)
async def test_who_closes_one_half_at_once_is_answered_and_logged_once(kind, host, more):
    async with started(kind) as server:
        asked = everything(server, host, more)
        for number, (what, (text, port, passes)) in enumerate(asked.items(), 1):
            answer = await send_and_close_half(server, text, port)
            wanted = 403 if host != "localhost" else 431 if more else passes
            head, end, body = answer.partition(b"\r\n\r\n")
            assert (what, int(head.split()[1]), end) == (what, wanted, b"\r\n\r\n")
            assert body == b"" if wanted in (101, 204) else body
            await until(lambda: not server.sockets)
            assert [event.code for event in server.log][number - 1 :] == [wanted], server.log
        if kind == "comparison":
            await until(lambda: not server.peers.connections)


@pytest.mark.parametrize(
    "text",
    [
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nab",
        "GET /status HTTP/2.0\r\nHost: localhost\r\n",
        "GET /status HTTP/1.1\r\nHost: localhost\r\n",
    ],
)
async def test_half_a_request_to_the_http_side_is_forgotten_when_its_client_goes(text):
    async with started("comparison", open_timeout=None) as server:
        assert await send_and_close_half(server, text, server.http_port) == b""
        await until(lambda: not server.peers.connections)


@pytest.mark.parametrize(
    "text",
    [
        "GET /status HTTP/2.0\r\nHost: localhost\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
    ],
)
async def test_headers_and_trailers_without_an_end_are_not_kept(text, monkeypatch):
    read, receive = 0, web.RequestHandler.data_received

    def counting(self, data):
        nonlocal read
        read += len(data)
        receive(self, data)

    monkeypatch.setattr(web.RequestHandler, "data_received", counting)
    async with started("comparison") as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
        writer.write(text.encode())
        with suppress(ConnectionError):
            for number in range(100):
                writer.write(f"X-{number}: {'x' * 30_000}\r\n".encode())
                await asyncio.wait_for(writer.drain(), 30)
        await until(lambda: read > 50_000)
        writer.transport.abort()
        await until(lambda: not server.peers.connections)
    assert read <= 64 * 1024 * 9


async def test_an_empty_line_behind_a_request_keeps_nobody_here():
    async with started("comparison", open_timeout=None) as server:
        text = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n"
        assert b"200 OK" in await send_and_close_half(server, text, server.http_port)


@pytest.mark.parametrize("text", ["", "GET", "GET / HTTP/1.1\r\nHost: localhost\r\n"])
async def test_half_a_request_has_no_answer_and_one_line(text):
    async with started("echo") as server:
        assert await send_and_close_half(server, text, server.port) == b""
        await until(lambda: server.log)
        assert [event.kind for event in server.log] == ["error"]


async def test_who_waits_for_events_with_one_half_closed_waits_no_longer():
    async with started("comparison") as server:
        for path, end in (("/long-poll", b""), ("/events", b"0\r\n\r\n")):
            answer = await send_and_close_half(
                server, GET.format(path=path, host="Host: localhost\r\n", more=""), server.http_port
            )
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 20") and body == end
        text = PUBLISH.format(host="Host: localhost\r\n", more="").replace(
            "Content-Length: 2", "Transfer-Encoding: chunked"
        )
        answer = await send_and_close_half(
            server, text.replace("\r\n\r\nhi", "\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), server.http_port
        )
        assert answer.startswith(b"HTTP/1.1 200 ")
        await until(lambda: not server.peers.connections and server.peers.events.waiting == 0)


async def test_requests_that_are_sent_together_are_all_answered():
    async with started("comparison") as server:
        post = PUBLISH.format(host="Host: localhost\r\n", more="").replace("Connection: close\r\n", "")
        get = GET.format(path="/poll", host="Host: localhost\r\n", more="").replace("Connection: close\r\n", "")
        answer = await send_and_close_half(
            server, post + get + post.replace("localhost", "evil.example") + get, server.http_port
        )
        assert [line.split()[1] for line in answer.split(b"\r\n") if b"HTTP/1.1" in line] == [b"200", b"200", b"403"]
        assert server.peers.events.last == 1


async def test_each_of_several_requests_is_judged_by_its_own_head():
    host = "Host: hub.school.example\r\n"
    async with started("comparison") as server:
        status = GET.format(path="/status", host=host, more="").replace("Connection: close\r\n", "")
        keyed = under(server.proxy_path, status)
        for together, wanted in (
            (keyed + keyed + status, [200, 200, 403]),
            (status + keyed, [403]),  # a refusal ends the connection
            (keyed + status.replace("\r\n\r\n", "\r\n" + cookies(70_000, 100) + "\r\n"), [200, 431]),
        ):
            answer = await send_and_close_half(server, together, server.http_port)
            lines = [line.split(b"HTTP/1.1 ")[1] for line in answer.split(b"\r\n") if b"HTTP/1.1 " in line]
            assert [int(line[:3]) for line in lines] == wanted


async def test_after_a_body_in_chunks_the_connection_ends():
    host = "Host: localhost\r\n"
    async with started("comparison") as server:
        post = f"POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        status, body = await ask(server, post, server.http_port)
        assert (status, body) == (200, "hi")
        get = GET.format(path="/status", host=host, more="").replace("Connection: close\r\n", "")
        answer = await send_and_close_half(server, get + post, server.http_port)
        assert answer.count(b"HTTP/1.1 200 OK") == 2 and answer.endswith(b"hi")


@pytest.mark.parametrize(("path", "end"), [("/long-poll", b""), ("/events", b"0\r\n\r\n")])
async def test_a_wait_ends_when_the_client_closes_its_half_in_the_middle_of_it(path, end):
    async with started("comparison") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
        writer.write(GET.format(path=path, host="Host: localhost\r\n", more="").encode())
        await until(lambda: server.peers.events.waiting == 1)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 30)
        assert answer.startswith(b"HTTP/1.1 20") and answer.endswith(b"\r\n\r\n" + end)
        await until(lambda: not server.peers.connections and server.peers.events.waiting == 0)
        writer.close()
