import asyncio
import gc
import tracemalloc

import pytest
from support import Clock, until

from wslearn.hubs import Hub, MemoryHub, known, memory
from wslearn.hubs.history import EACH


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hub(clock):
    return MemoryHub(clock=clock)


async def test_a_subscription_hears_what_is_kept_and_then_what_comes(hub: Hub):
    await hub.publish("tea", b"1", None)
    heard = []
    topic = await hub.subscribe("tea", lambda *message: heard.append(message))
    assert heard == [(1, b"1")]
    await hub.publish("coffee", b"2", None)
    await hub.publish("tea", b"3", None)
    assert heard == [(1, b"1"), (3, b"3")] and topic.floor == 0
    topic.unsubscribe()
    topic.unsubscribe()  # twice is fine
    await hub.publish("tea", b"4", None)
    assert len(heard) == 2


async def test_a_key_is_stored_once_within_two_minutes(hub, clock):
    heard = []
    await hub.subscribe("tea", lambda *message: heard.append(message))
    assert [await hub.publish("tea", b"1", "k"), await hub.publish("tea", b"1", "k")] == [1, 1]
    assert await hub.publish("tea", b"2", None) == 2
    clock.now += memory.SAME + 1
    assert await hub.publish("tea", b"1", "k") == 3
    assert [offset for offset, _ in heard] == [1, 2, 3]


async def test_keys_are_bounded_in_number(hub, monkeypatch):
    monkeypatch.setattr(memory, "KEYS", 10)
    for number in range(50):
        await hub.publish("tea", b"", str(number))
    assert len(hub._keys) <= 11
    assert await hub.publish("tea", b"", "49") == 50


async def test_names_follow_sessions_and_are_bounded_in_number(hub, monkeypatch):
    assert [await hub.name("a"), await hub.name("b"), await hub.name("a")] == ["guest-1", "guest-2", "guest-1"]
    assert [await hub.name(None), await hub.name(None)] == ["guest-3", "guest-4"]
    monkeypatch.setattr(known, "SESSIONS", 10)
    for number in range(50):
        await hub.name(str(number))
        assert await hub.name("a") == "guest-1"  # it is used, so it stays
    assert len(hub._names) == 10


async def test_a_topic_that_nobody_hears_is_forgotten_and_comes_back_with_an_honest_floor(hub, clock):
    topic = await hub.subscribe("tea", lambda *message: None)
    await hub.publish("tea", b"1", None)
    topic.unsubscribe()
    clock.now += memory.FORGOTTEN - 1
    heard = []
    topic = await hub.subscribe("tea", lambda *message: heard.append(message))
    assert (heard, topic.floor) == ([(1, b"1")], 0)
    topic.unsubscribe()
    await hub.publish("coffee", b"2", None)
    clock.now += memory.FORGOTTEN + 1
    heard = []
    topic = await hub.subscribe("tea", lambda *message: heard.append(message))
    assert (heard, topic.floor) == ([], 2)
    assert await hub.publish("tea", b"3", None) == 3
    assert heard == [(3, b"3")] and topic.floor == 2


async def test_it_is_forgotten_although_nothing_else_happens(hub, clock, monkeypatch):
    monkeypatch.setattr(memory, "FORGOTTEN", 0.01)
    await hub.publish("tea", b"1", None)
    await hub.publish("coffee", b"2", None)
    clock.now += 1
    await until(lambda: not hub._empty and not hub.histories._of)
    assert hub.histories.bytes == 0


def test_a_hub_may_outlive_its_event_loop(hub, clock, monkeypatch):
    monkeypatch.setattr(memory, "FORGOTTEN", 0.01)
    asyncio.run(hub.publish("tea", b"1", None))  # the timer of this loop never ends

    async def later():
        await asyncio.sleep(0.05)
        await hub.publish("coffee", b"2", None)
        clock.now += 1
        await until(lambda: not hub._empty)

    asyncio.run(later())


async def test_a_subscription_that_is_left_over_creates_no_topic(hub, clock):
    topic = await hub.subscribe("tea", lambda *message: None)
    topic.unsubscribe()
    clock.now += memory.FORGOTTEN + 1
    await hub.publish("coffee", b"", None)
    assert topic.floor == 1 and "tea" not in hub.histories._of


async def test_ten_thousand_invented_topics_cost_nothing_that_lasts(hub, clock):
    async def invent(first: int, count: int) -> int:
        for number in range(first, first + count):
            topic = await hub.subscribe(f"room-{number}", lambda *message: None)
            if number % 10 == 0:
                await hub.publish(f"room-{number}", bytes(100), None)
            topic.unsubscribe()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = await invent(0, 2000)
        after = await invent(2000, 10_000)
    finally:
        tracemalloc.stop()
    assert len(hub._empty) == len(hub.histories._of) == memory.EMPTY
    assert after - before < 300_000
    clock.now += memory.FORGOTTEN
    topic = await hub.subscribe("last", lambda *message: None)
    assert list(hub.histories._of) == ["last"] and hub.histories.bytes == 0
    assert topic.floor == 1200


async def test_a_history_of_large_messages_is_bounded_in_bytes():
    hub = MemoryHub(size=1_000_000)
    tracemalloc.start()
    try:
        for number in range(200):
            await hub.publish(f"room-{number % 7}", bytes(60_000), None)
        assert tracemalloc.get_traced_memory()[0] < 1_100_000
        small = MemoryHub(count=10**6, size=1_000_000)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(8_000):
            await small.publish("room", b"%d" % number, None)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert hub.histories.bytes <= 1_000_000
    assert used < 1_200_000, f"a message takes {used / small.histories._messages:.0f} bytes, and {EACH} are counted"


async def test_everybody_is_told_when_members_change_but_not_if_they_do_not(hub):
    told = []
    hub.on_presence.append(told.append)
    hub.changed("tea", {"b", "a"}, "first")
    hub.changed("tea", {"a", "b"}, "first")
    hub.changed("tea", {"c"}, "second")
    assert (told, hub.presence("tea")) == (["tea", "tea"], ["a", "b", "c"])
    hub.changed("tea", (), "first")
    hub.changed("tea", (), "second")
    hub.changed("coffee", (), "second")
    assert (told, hub.presence("tea"), hub._members._of) == (["tea"] * 4, [], {})


async def test_after_close_nothing_is_left(hub):
    await hub.subscribe("tea", lambda *message: None)
    await hub.publish("tea", b"1", "k")
    await hub.publish("coffee", b"1", None)
    await hub.name("a")
    await hub.close()
    await hub.close()  # twice is fine
    assert hub.histories.bytes == 0
    assert not any((hub.histories._of, hub._empty, hub._subscriptions, hub._keys, hub._names, hub._timer))
