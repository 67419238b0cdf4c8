"""`server_process`: a server in its own process, of a lesson, of the author's own, or of any command."""

import re
import sys

import psutil
import pytest
from websockets.asyncio.client import connect

MINE = """
from wslearn import Server

class Upper(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper())
"""


async def test_an_own_server_is_served(talk, server_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    async with server_process("mine:Upper", "--max-size", "10") as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        await ann.asks("hi", "HI")
        await bob.says("x" * 11)
        await bob.is_closed(1009)


async def test_a_crash_is_1006_for_its_clients(talk, server_process):
    server = await server_process("echo", "--plain").start()
    ann = await talk.client(server, "Ann")
    await ann.asks("hi", "hi")
    server.kill()
    await ann.is_closed(1006)
    server.kill()  # twice is fine
    await server.stop()
    assert not psutil.pid_exists(server.pid)
    async with server_process("echo", "--plain", port=server.port) as server, connect(server.url) as ws:
        await ws.send("back again")
        assert await ws.recv() == "back again"


ASGI = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)

app = Starlette(routes=[WebSocketRoute("/", echo)])
"""


async def test_any_command_that_listens(talk, server_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asgi.py").write_text(ASGI)
    command = [sys.executable, "-m", "uvicorn", "asgi:app", "--port", "{port}"]
    async with server_process(command) as server:
        ann = await talk.client(server, "Ann")
        await ann.asks("hi", "hi")
        server.kill()
        await ann.is_closed(1006)
    assert not psutil.pid_exists(server.pid)
    async with server_process(command, port=server.port) as again:
        assert again.url == server.url
        await (await talk.client(again, "Ann")).asks("hi", "hi")
    assert not psutil.pid_exists(again.pid)


async def test_a_command_that_does_not_listen_says_why(server_process):
    command = [sys.executable, "-c", "raise SystemExit('no database at {port}')"]
    server = server_process(command)
    with pytest.raises(RuntimeError, match=re.escape(f"{sys.executable} did not listen on port ")) as failure:
        await server.start()
    assert f"no database at {server.port}" in str(failure.value)
    with pytest.raises(ValueError, match=r"the command must say \{port\}"):
        server_process(["uvicorn", "app:app"])
