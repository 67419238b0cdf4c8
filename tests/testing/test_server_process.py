"""`server_process`: a server in its own process, of a lesson or of the author's own."""

import psutil
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
