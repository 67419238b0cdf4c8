"""No client is forgotten that is being accepted while a listener closes."""

import asyncio
import gc
import socket
from contextlib import suppress

import pytest

from wslearn import EchoServer
from wslearn.network import SimulatedNetwork
from wslearn.servers.comparison import ComparisonServer

#: What listens, and where its port is.
LISTENERS = {
    "server": (EchoServer, "port"),
    "network": (lambda: SimulatedNetwork("ws://127.0.0.1:1/", delay=60), "port"),  # nobody has to be there
    "comparison": (ComparisonServer, "http_port"),
}


@pytest.fixture
def no_collection():
    """Collect no garbage, which would close a socket that everybody has forgotten, at some time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("kind", LISTENERS)
async def test_a_client_that_comes_while_it_stops_is_not_left_waiting(kind, cancelled, no_collection):
    """Its connection may have been accepted, and have no transport yet, when the listener closes."""
    make, port = LISTENERS[kind]
    for turns in range(6):
        thing = await make().start()
        clients = [socket.create_connection(("127.0.0.1", getattr(thing, port))) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        stopping = asyncio.create_task(thing.stop())
        if cancelled:
            await asyncio.sleep(0)
            stopping.cancel()
        with suppress(asyncio.CancelledError):
            await stopping
        await thing.stop()
        for client in clients:
            client.setblocking(False)
            with suppress(ConnectionResetError):
                async with asyncio.timeout(5):
                    assert await asyncio.get_running_loop().sock_recv(client, 1) == b"", f"{turns} turns"
            client.close()
