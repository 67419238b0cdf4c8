import asyncio
import json

import pytest
from support import HANDSHAKE, request, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.version import version as websockets_version

from wslearn import Limits
from wslearn.server.handshake import STATIC
from wslearn.servers.echo import EchoServer


async def get(server, path, method="GET", more=""):
    answer = await request(server, f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{more}\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body.decode()


async def test_one_port_serves_page_files_health_and_websocket():
    async with EchoServer() as server:
        status, headers, page = await get(server, "/")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert 'data-name="echo"' in page and "{{" not in page
        assert (await get(server, "/hello"))[::2] == (200, "Hello World!")
        assert (await get(server, "/health"))[::2] == (200, '{"status":"ok","connections":0}')
        for path in ["/", "/ws", "/ws?room=a"]:
            async with connect(server.url.removesuffix("/") + path) as ws:
                assert (await ws.recv()).startswith("Welcome!")
                assert json.loads((await get(server, "/health"))[2])["connections"] == 1


async def test_health_says_when_the_server_is_full():
    """For the page: a browser hides the 503 of a handshake from it."""
    async with EchoServer(limits=Limits(max_connections=1)) as server:
        async with connect(server.url) as ws:
            await ws.recv()
            assert (await get(server, "/health"))[::2] == (200, '{"status":"full","connections":1}')
            with pytest.raises(InvalidStatus, match="503"):
                await connect(server.url)
    async with EchoServer(limits=Limits(max_connections=None)) as server, connect(server.url):
        assert json.loads((await get(server, "/health"))[2])["status"] == "ok"


async def test_every_static_file_is_served_with_its_type_and_the_policy():
    types = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
    async with EchoServer() as server:
        files = [file for file in STATIC.iterdir() if file.is_file()]
        assert {"index.html", "client.js", "style.css"} <= {file.name for file in files}
        for file in files:
            status, headers, body = await get(server, f"/static/{file.name}")
            assert (status, body) == (200, file.read_text(encoding="utf-8"))
            assert headers["content-type"] == f"{types[file.suffix]}; charset=utf-8"
            assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("header", "instead", "code", "why"),
    [
        ("Sec-WebSocket-Key", "X-Key", 400, "missing Sec-WebSocket-Key header"),
        ("Version: 13", "Version: 8", 400, "invalid Sec-WebSocket-Version header: 8"),
        ("Connection: Upgrade", "Connection: close", 426, "invalid Connection header: close"),
    ],
)
async def test_the_log_tells_why_the_library_refused_a_handshake(header, instead, code, why):
    async with EchoServer() as server:
        text = HANDSHAKE.format(path="/ws", host="localhost", more="")
        assert header in text
        assert f" {code} ".encode() in (await request(server, text.replace(header, instead)))[:20]
        await until(lambda: server.log)
        assert [(event.kind, event.text, event.code) for event in server.log] == [
            ("error", f"no handshake: {why}", code)
        ]


@pytest.mark.parametrize("path", ["/nope", "/static/", "/static/../server.py", "/static/%2e%2e/server.py", "//x", "*"])
async def test_what_is_not_there_is_not_found(path):
    async with EchoServer() as server:
        assert (await get(server, path))[0] == 404


@pytest.mark.skipif(websockets_version < "17", reason="websockets 16 answers no request but GET")
async def test_methods():
    async with EchoServer() as server:
        status, headers, body = await get(server, "/hello", "HEAD")
        assert (status, headers["content-length"], body) == (200, "12", "")
        status, headers, _ = await get(server, "/hello", "DELETE")
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert (await get(server, "/favicon.ico"))[0] == 204


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("HTTP://127.0.0.1:{port}", True),
        ("https://127.0.0.1:{port}", True),  # a proxy in front may speak TLS
        ("http://127.0.0.1:1", False),
        ("http://127.0.0.1", False),
        ("http://localhost:{port}", False),
        ("http://127.0.0.1:{port}.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_the_servers_own_page_may_connect(origin, allowed):
    async with EchoServer() as server:
        given = origin and origin.format(port=server.port)
        try:
            async with connect(server.url, origin=given):
                assert allowed
        except InvalidStatus as error:
            assert (error.response.status_code, allowed) == (403, False)
            assert b"may not connect" in error.response.body


async def test_a_default_port_may_be_written_or_not():
    async with EchoServer(limits=Limits(hosts=("a.example",))) as server:
        for host, origin in [("a.example", "http://a.example:80"), ("a.example:443", "https://a.example")]:
            upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            # No key: past the Origin rule the handshake still fails, with 400.
            answer = await request(server, f"GET / HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{upgrade}\r\n")
            assert answer.startswith(b"HTTP/1.1 400")


async def test_two_origins_are_refused():
    async with EchoServer() as server:
        own = f"Origin: http://127.0.0.1:{server.port}\r\n"
        assert (await request(server, "handshake", more=own * 2)).startswith(b"HTTP/1.1 403")


async def test_further_origins_can_be_allowed_and_the_rule_switched_off():
    async with EchoServer(limits=Limits(origins=("https://school.example",))) as server:
        async with connect(server.url, origin="https://school.example"):
            pass
        with pytest.raises(InvalidStatus):
            await connect(server.url, origin="https://evil.example")
    async with EchoServer(limits=Limits(origins=None)) as server, connect(server.url, origin="https://evil.example"):
        pass


async def test_the_origin_is_refused_before_anything_else_is_looked_at():
    async with EchoServer(limits=Limits(max_connections=1)) as server, connect(server.url):
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url + "nope?token=t", origin="https://evil.example")
        assert refused.value.response.status_code == 403


async def test_a_full_server_says_so_and_has_room_again_later():
    async with EchoServer(limits=Limits(max_connections=2)) as server:
        async with connect(server.url), connect(server.url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.url)
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "5"
        async with asyncio.timeout(30):
            async with connect(server.url) as ws:
                await ws.recv()


async def test_no_websocket_at_another_path():
    async with EchoServer() as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url + "chat")
        assert refused.value.response.status_code == 404
        assert refused.value.response.body == b"No WebSocket at /chat: expected / or /ws.\n"
