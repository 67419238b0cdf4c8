"""A listener's start leaves no socket if it is cancelled, and its end forgets no client."""

import asyncio
import gc
import socket
from contextlib import suppress

import psutil
import pytest
from support import no_task_left

from wslearn import EchoServer
from wslearn.network import SimulatedNetwork, network
from wslearn.servers.comparison import ComparisonServer

LISTENERS = {
    "server": EchoServer,
    "network": lambda: SimulatedNetwork("ws://127.0.0.1:1/", delay=60),  # nobody has to be there
    "comparison": ComparisonServer,
}
#: Where a port is not called so.
PORTS = {"comparison": "http_port"}


def listening() -> set[int]:
    """Return the ports on which this process listens."""
    found = psutil.Process().net_connections(kind="tcp")
    return {connection.laddr.port for connection in found if connection.status == psutil.CONN_LISTEN}


@pytest.mark.parametrize("kind", LISTENERS)
async def test_a_start_that_is_cancelled_leaves_no_listener(kind, monkeypatch):
    async def at_once(host):
        return host

    monkeypatch.setattr(network, "loopback", at_once)  # no thread, so that the turns are always the same
    for turns in range(12):
        thing, before = LISTENERS[kind](), listening()
        with no_task_left():
            starting = asyncio.create_task(thing.start())
            for _ in range(turns):
                await asyncio.sleep(0)
            starting.cancel()
            await asyncio.wait([starting], timeout=30)
            await thing.stop()
        assert listening() <= before, f"{turns} turns"


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
    make, port = LISTENERS[kind], PORTS.get(kind, "port")
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
                async with asyncio.timeout(30):
                    assert await asyncio.get_running_loop().sock_recv(client, 1) == b"", f"{turns} turns"
            client.close()
