"""Draining: no new client, the present ones in waves, and the server goes on until it is stopped."""

import asyncio
import json
import time

import pytest
from support import closed_with, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn import EchoServer
from wslearn.server.connection import Connection
from wslearn.server.draining import drain


async def test_new_handshakes_get_503_with_retry_after_and_the_page_is_told_why():
    async with EchoServer() as server:
        async with connect(server.url, proxy=None) as ws:
            draining = asyncio.create_task(drain(server, waves=2, seconds=0.4))
            await asyncio.sleep(0)
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.url, proxy=None)
            response = refused.value.response
            assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
            assert b"about to restart" in response.body
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")[2]
            assert json.loads(body)["status"] == "draining"
            writer.close()
            assert await closed_with(ws) == (1012, "the server restarts")
            await asyncio.wait_for(draining, 30)
        assert "it is draining" in str(server.log[-2:]) or any("it is draining" in str(event) for event in server.log)


async def test_clients_leave_in_waves(monkeypatch):
    asked, close = [], Connection.close

    def noting(ws, *args):
        if args[:1] == (1012,):
            asked.append(time.monotonic())
        return close(ws, *args)

    monkeypatch.setattr(Connection, "close", noting)
    async with EchoServer() as server:
        clients = [await connect(server.url, proxy=None) for _ in range(6)]
        await until(lambda: len(server.connections) == 6)
        await asyncio.wait_for(drain(server, waves=3, seconds=0.6), 60)
        assert {(await closed_with(ws))[0] for ws in clients} == {1012}
    assert len(asked) == 6
    assert asked[2] - asked[0] > 0.19 and asked[4] - asked[2] > 0.19  # a machine that stands still makes it more


async def test_a_client_that_does_not_answer_holds_nobody_up():
    async with EchoServer() as server:
        ws = await connect(server.url, proxy=None)
        ws.transport.pause_reading()
        async with asyncio.timeout(30):
            await drain(server, waves=2, seconds=0.2)
        ws.transport.abort()


async def test_a_server_that_starts_again_takes_clients():
    server = EchoServer()
    async with server:
        await drain(server, seconds=0.1)
        assert server.draining
    async with server:
        async with connect(server.url, proxy=None) as ws:
            await ws.recv()
