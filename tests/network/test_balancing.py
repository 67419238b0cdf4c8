"""The simulated network as a load balancer: turns, sticky sessions, and servers that do not answer."""

import logging
import socket
from contextlib import AsyncExitStack

import pytest
from support import until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage

from wslearn import Server
from wslearn.network import SimulatedNetwork


class Named(Server):
    """Tells its name to each client."""

    name = "?"

    async def handler(self, ws):
        await ws.send(self.name)
        await ws.wait_closed()


@pytest.fixture
async def three():
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Named()) for _ in "abc"]
        for server, name in zip(servers, "abc", strict=True):
            server.name = name
        yield servers


async def places(net, count: int, address: str = "127.0.0.1") -> str:
    """Connect so many times, from this address, and return the names of the servers."""
    names = ""
    for _ in range(count):
        async with connect(net.url, local_addr=(address, 0)) as ws:
            names += await ws.recv()
    return names


def urls(servers):
    return [server.url for server in servers]


async def test_each_connection_goes_to_the_next_server(three):
    async with SimulatedNetwork(urls(three)) as net:
        assert await places(net, 7) == "abcabca"
    async with SimulatedNetwork(tuple(urls(three)[1:]), delay=0.01) as net:
        assert await places(net, 3) == "bcb"
    async with SimulatedNetwork(urls(three)[2]) as net:
        assert await places(net, 2) == "cc"


async def test_with_sticky_a_client_stays_with_its_server(three):
    async with SimulatedNetwork(urls(three), sticky=True) as net:
        assert await places(net, 4) == "aaaa"
        net.sticky = False
        assert await places(net, 2) == "bc"
        net.sticky = True
        assert await places(net, 2) == "cc"


@pytest.mark.skipif(not hasattr(socket, "SO_BINDTODEVICE"), reason="only Linux has all of 127.0.0.0/8")
async def test_a_client_is_an_address(three):
    async with SimulatedNetwork(urls(three), sticky=True) as net:
        found = [await places(net, 2, f"127.0.0.{number}") for number in (5, 6, 7, 8, 6, 5)]
        assert found == ["aa", "bb", "cc", "aa", "bb", "aa"]


@pytest.mark.parametrize("sticky", [False, True])
async def test_a_server_that_is_gone_is_passed_over(three, sticky, caplog):
    caplog.set_level(logging.WARNING, "wslearn")
    async with SimulatedNetwork(urls(three), sticky=sticky) as net:
        assert await places(net, 1) == "a"
        await three[0].stop()
        await three[1].stop()
        assert await places(net, 2) == "cc"
        assert "so the next server is asked" in caplog.text and "reset" not in caplog.text
        await three[2].stop()
        with pytest.raises((OSError, InvalidMessage)):
            await places(net, 1)
        assert caplog.text.count("so its client is reset") == 1
        await until(lambda: not net.links)


async def test_a_sticky_client_stays_where_it_had_to_go(three):
    async with SimulatedNetwork(urls(three), sticky=True) as net:
        assert await places(net, 1) == "a"
        await three[0].stop()
        assert await places(net, 1) == "b"
        three[0].wanted_port = three[0].port
        await three[0].start()
        assert await places(net, 2) == "bb"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([], "expected a URL, or several with the same scheme"),
        (["ws://127.0.0.1:1/", "wss://127.0.0.1:2/"], "expected a URL, or several with the same scheme"),
        (["ws://127.0.0.1:1/", 7], "expected a URL like"),
        ([["ws://127.0.0.1:1/"]], "expected a URL like"),
    ],
)
def test_targets_that_cannot_be(targets, message):
    with pytest.raises(ValueError, match=message):
        SimulatedNetwork(targets)


async def test_no_target_may_be_another_machine():
    with pytest.raises(ValueError, match="not this machine"):
        await SimulatedNetwork(["ws://127.0.0.1:1/", "ws://8.8.8.8:1/"]).start()
