"""Waiting for a state, and small buffers."""

import asyncio
import socket

import pytest
from websockets.asyncio.client import connect

from wslearn import EchoServer
from wslearn.common import buffers, polling


async def test_until_a_state_comes_about_or_the_time_is_over():
    state: list[int] = []
    assert not await polling.until(lambda: state, 0)
    asyncio.get_running_loop().call_later(0.03, state.append, 1)
    assert await polling.until(lambda: state, 60) is True
    assert await polling.until(lambda: False, 0.02) is False


async def test_small_buffers():
    async with EchoServer() as server:
        sock = await buffers.connected(server.host, server.port, 4096)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < 16_384
        async with connect(server.url, sock=sock) as ws:
            await ws.recv()
            (peer,) = server.connections
            buffers.shrink(peer)
            assert peer.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) < 16_384
    with pytest.raises(OSError):
        await buffers.connected(server.host, server.port)
