"""What a server and a log see of a request behind a real proxy: Host, Origin, other headers, tokens in addresses."""

import asyncio
import json

from reverse_proxies import behind, connect, required
from support import until
from websockets.exceptions import InvalidStatus

from wslearn import EchoServer, Limits
from wslearn.testing import ReverseProxy

#: Headers that a client of `websockets` sends itself, and those of one connection.
USUAL = {
    "host", "upgrade", "connection", "origin", "user-agent",
    "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
}  # fmt: skip


async def test_host_is_replaced_by_nginx_only_origin_by_none_and_caddy_adds_who_asked(name):
    async def tells(ws):
        await ws.send(json.dumps({key.lower(): value for key, value in ws.request.headers.raw_items()}))

    async with behind(name, tells) as proxy:
        there = {"host": "127.0.0.1", "port": proxy.proxy.port}
        async with connect("ws://chat.example.com/", origin="https://chat.example.com", **there) as ws:
            seen = json.loads(await asyncio.wait_for(ws.recv(), 60))
    assert seen["host"] == (proxy.proxy.target.netloc if name == "nginx" else "chat.example.com")
    assert seen["origin"] == "https://chat.example.com"
    added = {key: value for key, value in seen.items() if key not in USUAL}
    forwarded = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-host": "chat.example.com"}
    assert added == (forwarded | {"accept-encoding": "gzip"} if name == "caddy" else {})


async def test_a_token_in_the_address_is_in_the_log_but_caddy_has_none_by_default(name):
    async with behind(name, lambda ws: ws.close()) as proxy:
        async with connect(f"{proxy.url}/?token=secret-of-ann") as ws:
            await asyncio.wait_for(ws.wait_closed(), 60)
        await proxy.end()
        if name == "caddy":
            async with connect(proxy.url):  # what belongs to the first connection is done
                assert proxy.proxy.log == ""
        else:
            await until(lambda: "/?token=secret-of-ann" in proxy.proxy.log, 30)


async def test_our_origin_rule_holds_but_nginx_needs_the_origins_name(name):
    """Our rule is: Origin equals Host. nginx replaces Host, so the server must be told which pages are its own."""
    required(name)
    async with EchoServer() as server, ReverseProxy(name, server.url) as proxy:
        page = f"http://127.0.0.1:{proxy.port}"
        assert await let_in(proxy.url, page) == (name != "nginx")
        assert not await let_in(proxy.url, "https://evil.example.com")
    async with EchoServer(limits=Limits(origins=(page,))) as server, ReverseProxy(name, server.url) as proxy:
        assert await let_in(proxy.url, page)
        assert not await let_in(proxy.url, "https://evil.example.com")


async def let_in(url: str, origin: str) -> bool:
    """Return whether a page of this site may connect; if not, the server has said so."""
    try:
        async with connect(url, origin=origin) as ws:
            return bool(await asyncio.wait_for(ws.recv(), 60))
    except InvalidStatus as refused:
        assert refused.response.status_code == 403 and b"may not connect" in refused.response.body
        return False
