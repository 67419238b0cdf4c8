"""Calls to a connection after its end, where bytes were unsent when it began to close."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from wslearn import Limits, Server
from wslearn.common.lost import Lost

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Told(Server):
    """Sends more than the buffers hold, and tells how a message to the client that has gone ends."""

    limits = Limits(max_unsent=None, stall_timeout=None)

    def __init__(self):
        super().__init__()
        self.unsent, self.ends = asyncio.Event(), asyncio.Queue()

    async def handler(self, ws):
        ws.transport.set_write_buffer_limits(high=2**26)  # so that the first `send` doesn't wait
        await ws.send(bytes(24 * 2**20))
        assert ws.transport.get_write_buffer_size()
        self.unsent.set()
        await ws.wait_closed()
        try:
            await ws.send("too late")
        except (ConnectionClosed, AttributeError) as error:
            self.ends.put_nowait(error)
            ws.transport.abort()  # as our own code does


async def test_a_client_that_ends_its_half_first_leaves_no_other_error_than_any_client():
    async with Told() as server, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST)
        await server.unsent.wait()
        writer.write_eof()
        while await reader.read(2**20):
            pass
        assert isinstance(await server.ends.get(), ConnectionClosed)
        writer.close()
        assert [line for line in server.log if line.kind == "error"] == []


async def test_the_rest_of_a_transport_is_as_before():
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        lost = Lost(writer.transport)
        assert lost.get_extra_info("peername") == server.sockets[0].getsockname()
        lost.abort()
        lost.close()
        assert not writer.transport.is_closing()
        with pytest.raises(AttributeError, match="colour"):
            lost.colour  # noqa: B018
        writer.close()
