"""The subprotocol that a server chooses: the client's first that it has, or none (RFC 6455, section 4.2.2)."""

import asyncio

import pytest
from support import HANDSHAKE
from websockets.asyncio.client import connect

from wslearn import EchoServer, Server


class Versions(Server):
    """Sends the subprotocol that the handler sees."""

    subprotocols = ("chat.v1", "chat.v2")

    async def handler(self, ws):
        await ws.send(str(ws.subprotocol))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["chat.v1"], "chat.v1"),
        (["chat.v2", "chat.v1"], "chat.v2"),  # the client's order counts, not the server's
        (["chat.v9", "chat.v1"], "chat.v1"),
        (["chat.v9", "chat", "CHAT.V1", "v1"], None),
        (None, None),
    ],
)
async def test_the_clients_first_that_the_server_has_is_chosen(offered, chosen):
    async with Versions() as server, connect(server.url, subprotocols=offered) as ws:
        assert ws.subprotocol == chosen and await ws.recv() == str(chosen)
        assert ws.response.headers.get("Sec-WebSocket-Protocol") == chosen
        assert [event.kind for event in server.log if event.kind == "error"] == []


async def test_a_server_without_any_chooses_none():
    async with EchoServer() as server, connect(server.url, subprotocols=["chat.v1"]) as ws:
        assert ws.subprotocol is None


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("Sec-WebSocket-Protocol: chat.v9, chat.v2\r\nSec-WebSocket-Protocol: chat.v1\r\n", b"chat.v2"),
        ("Sec-WebSocket-Protocol:  ,chat.v1,, \r\n", b"chat.v1"),
    ],
)
async def test_an_offer_as_lists_in_several_headers(offered, chosen):
    async with Versions() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HANDSHAKE.format(path="/", host=server.netloc, more=offered).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert b"\r\nSec-WebSocket-Protocol: " + chosen + b"\r\n" in head
        writer.transport.abort()


@pytest.mark.parametrize(("wrong", "error"), [("chat.v1", TypeError), (("no space",), ValueError)])
async def test_what_is_no_list_of_names_is_told_at_the_start(wrong, error):
    server = Versions()
    server.subprotocols = wrong
    with pytest.raises(error, match="subprotocol"):
        await server.start()
    server.subprotocols = ()
    async with server:
        pass
