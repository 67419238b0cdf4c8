"""`bad_network`: what a network does to a conversation, and how the conversation tells it."""

import ssl
from time import perf_counter

import pytest

from wslearn import EchoServer, tls
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.heartbeat import HeartbeatServer
from wslearn.testing import Failed

PLAIN = {"plain": True}


async def test_delay_and_bandwidth(talk, bad_network):
    async with EchoServer(**PLAIN) as server, bad_network(server.url, delay=0.1) as net:
        zoe = await talk.client(net, "Zoe")
        begun = perf_counter()
        await zoe.asks("hi", "hi")
        assert perf_counter() - begun > 0.19
        net.delay, net.bandwidth = 0.0, 10_000
        begun = perf_counter()
        await zoe.asks("x" * 2_000, "x" * 2_000)
        assert perf_counter() - begun > 0.3


async def test_a_black_hole_and_its_end(talk, bad_network):
    async with talk.served(BroadcastServer) as server, bad_network(server) as net:
        ann = await talk.client(server, "Ann")
        zoe = await talk.client(net, "Zoe")
        await talk.has_connections(server, 2)
        net.silence()
        await ann.asks({"message": "Zoe?"}, {"message": "Zoe?"})
        await zoe.hears_nothing()  # and no ping of hers is waited for
        await ann.hears_nothing()
        net.heal()
        await zoe.hears({"message": "Zoe?"})
    assert [(step.who, step.did) for step in talk.steps if step.who == "the network"] == [
        ("the network", "falls"), ("the network", "heals")
    ]  # fmt: skip


async def test_a_connection_that_only_the_server_still_has(talk, bad_network):
    async with HeartbeatServer(interval=0.3) as server, bad_network(server) as net:
        zoe = await talk.client(net, "Zoe")
        await talk.has_connections(server, 1)
        net.half_open()
        await zoe.is_closed(1006)
        await talk.has_connections(server, 0)  # no pong came


async def test_an_idle_timeout_cuts_a_silent_connection_and_the_servers_pings_prevent_it(talk, bad_network):
    async with HeartbeatServer(interval=0.2) as pings, EchoServer(**PLAIN) as never:
        async with (
            bad_network(pings, idle_timeout=1.5, idle_reset_by="client") as kept,
            bad_network(never, idle_timeout=1.5, idle_reset_by="client") as cut,
        ):
            ann, zoe = await talk.client(kept, "Ann"), await talk.client(cut, "Zoe")
            await zoe.is_closed(1006, within=10)
            await ann.is_still_there()
            with pytest.raises(Failed, match="but finds it open after 2 s"):
                await ann.is_closed(1006)  # her pongs are bytes of the client
        assert not never.connections


async def test_wss(talk, bad_network, tmp_path):
    context, authority = tls.throwaway("127.0.0.1", tmp_path)
    trusting = ssl.create_default_context(cafile=str(authority))
    async with EchoServer(tls=context, **PLAIN) as server, bad_network(server) as net:
        assert net.url.startswith("wss://")
        zoe = await talk.client(net, "Zoe", ssl=trusting)
        await zoe.asks("hi", "hi")
        net.cut()
        await zoe.is_closed(1006)


async def test_what_cannot_be(bad_network):
    with pytest.raises(ValueError, match="expected a URL like"):
        bad_network("127.0.0.1:80")
    with pytest.raises(ValueError, match="delay must be in seconds"):
        bad_network("ws://127.0.0.1:1/", delay=-1)
