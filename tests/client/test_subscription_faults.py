"""Subscriptions on bad days: cuts, lost acknowledgements, silence, restarts. All arrives once, or a gap is told."""

import asyncio
import random

import pytest
from subscriptions import read, running, subscribe
from support import until

from wslearn.client import Gap
from wslearn.hubs import MemoryHub
from wslearn.limits import Limits
from wslearn.network import SimulatedNetwork
from wslearn.servers.feed import FeedServer


class Cutting(MemoryHub):
    """Cuts the network right after a message was stored, so that its acknowledgement is lost, if `decide()` says so."""

    def __init__(self, decide, **options):
        super().__init__(**options)
        self.decide, self.cut = decide, lambda: None
        self.cuts = 0

    async def publish(self, topic, data, key):
        offset = await super().publish(topic, data, key)
        if self.decide():
            self.cuts += 1
            self.cut()
        return offset


async def cut_at_random(net, rng):
    """Cut after so many bytes, not seconds, so that a busy machine gets on too."""
    while True:
        cut_at = net.bytes_up + net.bytes_down + rng.uniform(2500, 12_000)
        await until(lambda cut_at=cut_at: net.bytes_up + net.bytes_down > cut_at, 60)
        net.cut()


@pytest.mark.parametrize("seed", range(4))
async def test_cut_at_random_while_three_send_and_read(seed):
    rng, count = random.Random(seed), 20
    async with FeedServer(limits=Limits(rate=None)) as server:
        async with SimulatedNetwork(server.url, delay=0.002, jitter=0.002, seed=seed) as net:
            async with (
                subscribe(net.url, rng=rng) as ann,
                subscribe(net.url, rng=rng) as bob,
                subscribe(net.url, rng=rng) as carl,
            ):
                async with asyncio.timeout(60), running(cut_at_random(net, rng)):
                    offsets = await asyncio.gather(
                        *(who.send(f"{name} {n}") for n in range(count) for who, name in ((ann, "ann"), (bob, "bob")))
                    )
                assert sorted(offsets) == list(range(1, 2 * count + 1))
                told = [await read(who, 2 * count) for who in (ann, bob, carl)]
                assert told[0] == told[1] == told[2]
                for name in ("ann", "bob"):
                    assert [text for text in told[0] if text.startswith(name)] == [f"{name} {n}" for n in range(count)]
                assert not ann.gaps and not bob.gaps and not carl.gaps
                assert sum(event.kind == "connect" for event in server.log) >= 6  # three, and three cuts at least
                for who in (ann, bob, carl):  # and nothing comes after that
                    assert len(who.unread) == 0


@pytest.mark.parametrize("seed", range(3))
async def test_acknowledgements_are_lost(seed):
    rng = random.Random(seed)
    hub = Cutting(lambda: rng.random() < 0.4)
    async with FeedServer(hub=hub) as server, SimulatedNetwork(server.url) as net:
        hub.cut = net.cut
        async with subscribe(net.url, rng=rng) as ann, subscribe(server.url) as bob, asyncio.timeout(60):
            assert [await ann.send(f"m{n}") for n in range(25)] == list(range(1, 26))
            assert await read(ann, 25) == await read(bob, 25) == [f"m{n}" for n in range(25)]
            assert hub.cuts >= 3 and not ann.gaps


async def test_the_server_is_restarted_right_after_it_has_stored_a_message():
    hub = MemoryHub()
    server = await FeedServer(hub=hub).start()
    port, stored = server.port, asyncio.Event()
    publish = hub.publish

    async def stops(topic, data, key):
        offset = await publish(topic, data, key)
        stored.set()
        await asyncio.sleep(30)  # until the server stops: the acknowledgement is never sent
        return offset

    hub.publish = stops
    async with subscribe(server.url) as ann, asyncio.timeout(30):
        sending = asyncio.ensure_future(ann.send("hi"))
        await stored.wait()
        await server.stop()
        hub.publish = publish
        async with FeedServer(port=port, hub=hub):
            assert await sending == 1
            assert await ann.send("there") == 2
            assert await read(ann, 2) == ["hi", "there"] and not ann.gaps


async def test_a_server_restarted_with_a_new_hub_is_told_as_a_gap():
    told = []
    server = await FeedServer().start()
    port = server.port
    async with subscribe(server.url, on_gap=told.append, gaps_in_stream=True) as ann, asyncio.timeout(30):
        for n in range(3):
            await ann.send(f"old {n}")
        before = ann.epoch
        await server.stop()
        await ann.reached("waiting")
        sending = asyncio.ensure_future(ann.send("new"))  # typed while there is no server
        async with FeedServer(port=port) as server:
            assert await sending == 1
            items = await read(ann, 5)
            assert items[:3] == ["old 0", "old 1", "old 2"] and items[4] == "new"
            assert items[3] == Gap(before, 3, server.hub.epoch, 0) == told[0] == ann.gaps[0]
            assert "started a new history: messages after 3 may be missing" in str(told[0])
            assert (ann.epoch, ann.offset) == (server.hub.epoch, 1)
    assert len(told) == 1


async def test_what_has_left_the_history_is_told_as_a_gap_and_the_rest_arrives():
    async with FeedServer(hub=MemoryHub(count=5)) as server, SimulatedNetwork(server.url) as net:
        async with subscribe(server.url) as bob, subscribe(net.url, gaps_in_stream=True) as ann:
            await bob.send("m1")
            assert await read(ann, 1) == ["m1"]
            net.silence()
            net.cut()
            for n in range(2, 13):
                await bob.send(f"m{n}")
            net.heal()
            net.cut()
            items = await read(ann, 6)
            assert items == [Gap(ann.epoch, 1, ann.epoch, 7), *(f"m{n}" for n in range(8, 13))]
            assert str(items[0]) == "messages 2 to 7 may be missing"


async def test_a_black_hole_is_noticed_within_the_time_that_was_set():
    async with FeedServer() as server, SimulatedNetwork(server.url) as net:
        async with subscribe(server.url) as bob, subscribe(net.url, silence=0.6) as ann, asyncio.timeout(30):
            net.silence()
            await ann.reached("waiting")  # from the ping, with nothing under way
            sending = asyncio.ensure_future(ann.send("from ann"))
            await bob.send("from bob")
            net.heal()
            assert await sending == 2
            assert await read(ann, 2) == await read(bob, 2) == ["from bob", "from ann"]
            net.silence()
            sending = asyncio.ensure_future(ann.send("again"))
            await ann.reached("waiting")
            assert not sending.done()
            net.heal()
            assert await sending == 3
            assert await read(ann, 1) == ["again"] and not ann.gaps


async def test_two_servers_share_a_hub_and_one_of_them_stops():
    hub = MemoryHub()
    first, second = await FeedServer(hub=hub).start(), await FeedServer(hub=hub).start()
    async with subscribe([first.url, second.url]) as ann, subscribe(second.url) as bob, asyncio.timeout(30):
        assert ann.url == first.url
        await ann.send("one")
        await first.stop()
        await ann.send("two")
        assert ann.url == second.url
        await bob.send("three")
        assert await read(ann, 3) == await read(bob, 3) == ["one", "two", "three"]
        assert not ann.gaps
    await second.stop()


async def test_who_does_not_read_loses_nothing():
    async with FeedServer(limits=Limits(rate=None)) as server:
        async with subscribe(server.url) as bob, subscribe(server.url, unread=10) as ann, asyncio.timeout(60):
            for n in range(300):
                await bob.send(f"m{n}" + "x" * 2000)
            assert len(ann.unread) == 10  # the rest waits in the network and at the server
            found = await read(ann, 300)
            assert [text.rstrip("x") for text in found] == [f"m{n}" for n in range(300)]
            assert not ann.gaps


async def test_who_is_dropped_because_it_does_not_read_comes_back_when_it_reads():
    limits = Limits(rate=None, stall_timeout=0.3)
    async with FeedServer(limits=limits) as server:
        async with subscribe(server.url) as bob, subscribe(server.url, unread=5) as ann, asyncio.timeout(60):
            for n in range(150):  # more than the buffers of two sockets hold
                await bob.send(f"m{n} " + "x" * 60_000)
                assert await read(bob, 1)
            await until(lambda: len(server.connections) == 1, 30)
            found = [text.split()[0] for text in await read(ann, 150)]
            assert found == [f"m{n}" for n in range(150)]
            assert not ann.gaps and ann.state == "live"


async def test_who_sends_without_reading_is_bounded_and_loses_nothing():
    async with FeedServer(limits=Limits(rate=None)) as server:
        async with subscribe(server.url, unread=5) as ann, asyncio.timeout(60):
            for n in range(40):
                await ann.send(f"m{n}")
                assert len(ann.unread) <= 5
            assert await read(ann, 40) == [f"m{n}" for n in range(40)]
            assert not ann.gaps
            assert await ann.send("more") == 41 and await read(ann, 1) == ["more"]
