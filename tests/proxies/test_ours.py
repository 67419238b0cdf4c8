"""Our own servers behind a real proxy: `wslearn serve chat`, and the chat of `wslearn new`."""

import asyncio
import sys
from contextlib import AsyncExitStack

import pytest
from reverse_proxies import connect
from support import closed_with, hear, tell
from websockets.exceptions import InvalidStatus

from wslearn import ServerProcess
from wslearn.cli import new
from wslearn.server.draining import drain
from wslearn.servers.chat import ChatServer
from wslearn.testing import ReverseProxy
from wslearn.testing.process import CommandProcess
from wslearn.tokens import Tokens

#: The proxies' idle timeout here, the servers' pause between two pings, and the time without any message, in seconds.
IDLE, PING, SILENCE = 4.0, 0.8, 8.5
SECRET = "a secret of these tests, long enough for HS256"


async def behind(stack: AsyncExitStack, name: str, server, path: str = "") -> str:
    """Put this proxy in front of a server, and return the address of its WebSocket."""
    proxy = ReverseProxy(name, server.url, idle_timeout=None if name == "caddy" else IDLE)
    return (await stack.enter_async_context(proxy)).url + path


async def enter(stack: AsyncExitStack, url: str):
    """Come into one of the chats, and return the connection."""
    ws = await stack.enter_async_context(connect(url))
    if url.endswith("/ws"):
        await hear(ws, "welcome")
    else:
        await tell(ws, type="authenticate", token=Tokens(SECRET).issue("ann"))
        await hear(ws, "authenticated")
    return ws


async def is_there(ws) -> bool:
    """Return whether the chat answers on this connection."""
    await tell(ws, type="ping")
    return (await hear(ws, "pong"))["type"] == "pong"


async def test_pings_keep_silent_clients_and_1001_says_that_the_server_stops(name, tmp_path):
    """Without pings, nginx and HAProxy cut: that is the third server."""
    new.make(tmp_path / "mine")
    project = CommandProcess(
        [sys.executable, str(tmp_path / "mine" / "chat.py"), "--port", "{port}", "--ping", str(PING)]
    )
    ours = ServerProcess("chat", "--interval", str(PING), environment={"WSLEARN_SECRET": SECRET})
    never_pings = ChatServer(secret=SECRET, interval=None)
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(server) for server in (project, ours, never_pings)))
        kept = [
            await enter(stack, await behind(stack, name, project, "ws")),
            await enter(stack, await behind(stack, name, ours)),
        ]
        lost = await enter(stack, await behind(stack, name, never_pings))
        ends = [asyncio.ensure_future(ws.wait_closed()) for ws in kept]
        assert not (await asyncio.wait(ends, timeout=SILENCE))[0]
        assert [await is_there(ws) for ws in kept] == [True, True]
        if name == "caddy":
            assert await is_there(lost)
        else:
            assert (await closed_with(lost))[0] == 1006
        await asyncio.gather(project.stop(), ours.stop())
        assert [(await closed_with(ws))[0] for ws in kept] == [1001, 1001]
        await asyncio.wait_for(asyncio.gather(*ends), 60)


async def test_a_server_that_drains_says_1012_and_refuses_with_503_through_the_proxy(name):
    async with ChatServer(secret=SECRET) as server, AsyncExitStack() as stack:
        url = await behind(stack, name, server)
        ann, bob = [await enter(stack, url) for _ in range(2)]
        draining = asyncio.create_task(drain(server, waves=2, seconds=0.4))
        await asyncio.sleep(0)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (503, "5")
        assert [await closed_with(ws) for ws in (ann, bob)] == [(1012, "the server restarts")] * 2
        await asyncio.wait_for(draining, 60)
