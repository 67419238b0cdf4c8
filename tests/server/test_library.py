"""What is asked of the library beyond its documentation is there, or the import says what is missing."""

import pytest
from support import closed_with, until
from websockets.asyncio.client import connect

from wslearn import EchoServer, Limits
from wslearn.server import library
from wslearn.server.receiving import Receiving


@pytest.mark.parametrize("name", library.PROTOCOL)
def test_a_protocol_that_lacks_something_is_named_at_once(monkeypatch, name):
    library.check()
    protocol = type("Protocol", (), {one: 0 for one in library.PROTOCOL if one != name})
    monkeypatch.setattr(library, "ServerProtocol", protocol)
    with pytest.raises(ImportError, match=rf"websockets [\d.]+, which has no ServerProtocol\.{name}: install"):
        library.check()


@pytest.mark.parametrize("name", library.CONNECTION)
def test_so_is_a_connection_that_lacks_a_method(monkeypatch, name):
    methods = {one: None for one in library.CONNECTION if one != name} | {"__init__": lambda self: None}
    monkeypatch.setattr(library, "ServerConnection", type("ServerConnection", (), methods))
    with pytest.raises(ImportError, match=rf"no ServerConnection\.{name}"):
        library.check()


@pytest.mark.parametrize("name", library.REPLACED)
def test_so_is_an_attribute_that_has_moved(monkeypatch, name):
    monkeypatch.setattr(library, "REPLACED", (name, "unheard_of"))
    with pytest.raises(ImportError, match=r"no Connection\.unheard_of: install"):
        library.check()


async def test_what_an_open_connection_keeps_and_what_not():
    async with EchoServer(plain=True) as server, connect(server.url, user_agent_header="a test") as client:
        await until(lambda: server.connections)
        [ws] = server.connections
        assert ws.request.headers["User-Agent"] == "a test" and ws.response.status_code == 101
        assert not ws.response.headers and client.response.headers["Upgrade"] == "websocket"
        await client.send("hi")
        assert await client.recv() == "hi"
        await ws.close(1000)
        assert await closed_with(client) == (1000, "")


async def test_asyncios_own_event_loop_reads_a_long_message_in_pieces(monkeypatch):
    sizes = []
    read = Receiving.data_received

    def noted(ws, data):
        sizes.append(len(data))
        read(ws, data)

    monkeypatch.setattr(Receiving, "data_received", noted)
    message = bytes(300_000)
    async with EchoServer(plain=True, limits=Limits(max_size=None)) as server:
        async with connect(server.url, compression=None, max_size=None) as client:
            await client.send(message)
            assert await client.recv() == message
            [ws] = server.connections
            if not hasattr(type(ws.transport), "max_size"):
                pytest.skip("another event loop, which does not make room for 256 KiB before each read")
    assert max(sizes) <= library.READ < sum(sizes)
