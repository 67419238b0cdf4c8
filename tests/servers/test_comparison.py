"""The comparison's WebSocket, and its two ports."""

import socket

import pytest
from support import free_ports, until
from websockets.asyncio.client import connect

from wslearn.servers.comparison import ComparisonServer


async def test_every_message_comes_back_unchanged():
    async with ComparisonServer() as server, connect(server.url) as ws:
        for message in ("text", b"bytes"):
            await ws.send(message)
            assert await ws.recv() == message


async def test_the_http_side_takes_the_next_port():
    port = free_ports(2)
    async with ComparisonServer(port=port) as server:
        assert (server.url, server.page_url) == (f"ws://127.0.0.1:{port}/", f"http://127.0.0.1:{port + 1}/")
        assert await server.start() is server


async def test_where_the_next_port_is_taken_neither_is_kept():
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port + 1)):
        with pytest.raises(OSError, match=f"port {port + 1} on 127.0.0.1 is in use"):
            await ComparisonServer(port=port).start()
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_where_the_first_port_is_taken_neither_is_kept():
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is in use"):
            await ComparisonServer(port=port).start()
    with socket.create_server(("127.0.0.1", port + 1)):
        pass


async def test_a_host_that_is_none():
    with pytest.raises(OSError, match="cannot listen on 'no such host': no such host"):
        await ComparisonServer("no such host").start()


async def test_the_last_port_has_no_next_one():
    with pytest.raises(ValueError, match="port 65535 has no next one"):
        ComparisonServer(port=65535)


async def test_a_connection_that_has_gone_gets_no_events():
    async with ComparisonServer() as server:
        async with connect(f"{server.url}ws?events") as ws:
            await ws.send("whatever")  # an answer would be no event
            assert await (await ws.ping()) > 0
            assert len(server.listeners) == 1
        await until(lambda: len(server.listeners) == 0)
