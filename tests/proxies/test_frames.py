"""Frames and responses through a real proxy: pings, close codes with reasons, and refusals arrive as they were sent."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from reverse_proxies import behind, connect, required
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from wslearn.testing import ReverseProxy


class ByHand(asyncio.Protocol):
    """A server that answers a ping only when the test says so; libraries answer at once."""

    def __init__(self) -> None:
        self.protocol = ServerProtocol()
        self.frames: asyncio.Queue[tuple[Opcode, bytes]] = asyncio.Queue()

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.protocol.send_response(self.protocol.accept(event))
                self.send()
            else:
                self.frames.put_nowait((event.opcode, bytes(event.data)))

    def send(self) -> None:
        """Send what is waiting: the library has put its pongs there."""
        for data in self.protocol.data_to_send():
            if data:
                self.transport.write(data)


@asynccontextmanager
async def by_hand(name: str):
    """Yield a client behind this proxy, and its connection at the server."""
    made = []

    def make() -> ByHand:
        made.append(ByHand())
        return made[-1]

    required(name)
    async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with ReverseProxy(name, url) as proxy:
            ws = await connect(proxy.url)
            yield ws, next(one for one in made if one.protocol.state.name == "OPEN")
            ws.transport.abort()


async def test_pings_are_passed_on_and_not_answered_by_the_proxy(name):
    async with by_hand(name) as (ws, server):
        async with asyncio.timeout(60):
            pong = await ws.ping(b"far")
            assert await server.frames.get() == (Opcode.PING, b"far")
            unsent = server.protocol.data_to_send()  # the library's pong: it must wait
            server.protocol.send_text(b"before the pong")
            server.send()
            assert await ws.recv() == "before the pong"
            assert not pong.done()  # the proxy's own pong would have come first
            server.transport.write(b"".join(unsent))
            await pong
            server.protocol.send_ping(b"near")
            server.send()
            assert await server.frames.get() == (Opcode.PONG, b"near")


ENDS = [(1000, ""), (1001, "restart"), (1008, "no"), (1012, "back soon"), (3000, "bye"), (4001, "expired: \u2615")]


async def test_close_codes_and_reasons_are_kept_both_ways(name):
    async def handler(ws):
        if ws.request.path == "/server":
            code, reason = ENDS[int(await ws.recv())]
            await ws.close(code, reason)
        await ws.wait_closed()

    async with behind(name, handler) as proxy:
        for number, (code, reason) in enumerate(ENDS):
            async with connect(f"{proxy.url}/server") as ws:
                await ws.send(str(number))
                await asyncio.wait_for(ws.wait_closed(), 60)
            await proxy.end()
            assert (ws.close_code, ws.close_reason) == (code, reason)
            async with connect(proxy.url) as ws:
                await ws.close(code, reason)
            end = await proxy.end()
            assert (end.close_code, end.close_reason) == (code, reason)


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [(401, "WWW-Authenticate", 'Bearer realm="chat"'), (403, "X-Why", "not your page"), (503, "Retry-After", "5")],
)
async def test_a_refusal_arrives_with_its_header_and_its_body(name, status, header, value):
    body = f"refused with {status}: \u2615\n".encode()

    def refuse(connection, request):
        headers = Headers(
            {header: value, "Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        )
        return Response(status, "No", headers, body)

    async with behind(name, lambda ws: ws.wait_closed(), process_request=refuse) as proxy:
        with pytest.raises(InvalidStatus) as refused:
            await connect(proxy.url)
        response = refused.value.response
        assert (response.status_code, response.headers[header], response.body) == (status, value, body)
