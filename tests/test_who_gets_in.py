"""Who may talk to a server, on every kind of server and on both of the comparison's ports, over real sockets."""

import asyncio
from dataclasses import replace

import pytest
from support import HANDSHAKE
from victims import SERVERS

from wslearn.servers.comparison import ComparisonServer

KINDS = SERVERS | {"comparison": ComparisonServer}
GET = "GET {path} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n"
PUBLISH = "POST /publish HTTP/1.1\r\n{host}{more}Content-Length: 2\r\nConnection: close\r\n\r\nhi"


def started(kind, **limits):
    server = KINDS[kind]
    return server(limits=replace(server.limits, **limits))


async def ask(server, text: str, port: int | None = None) -> tuple[int, str]:
    """Send a request as it is, and return the status of the response and its body, if it has one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port or server.port)
    writer.write(text.encode("latin-1"))
    try:
        async with asyncio.timeout(10):
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
            assert body.startswith(f"Host '{host}' may not be asked for: ") and "--allow-host" in body
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
