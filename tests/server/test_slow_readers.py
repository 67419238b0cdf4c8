"""Whom a publisher waits for, and for how long: with clients and a clock that the test sets."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from support import until
from websockets.asyncio.client import connect
from websockets.protocol import CLOSING, OPEN

from wslearn import Limits
from wslearn.server import delivery, slow_readers
from wslearn.server.slow_readers import CHECK, FAST, FIRST, FORGIVEN, FULL, STILL, SlowReaders, full_at
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.rooms import RoomsServer


class Reader:
    """As much of a connection as is looked at. It reads `speed` bytes a second, and its queue is always full."""

    def __init__(self, speed: float = 0, **limits):
        self.owner = SimpleNamespace(limits=Limits(**limits))
        self.protocol = SimpleNamespace(state=OPEN)
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.waiting, is_closing=lambda: bool(self.why))
        self.speed, self.waiting, self.unsent, self.moved_at, self.why = speed, 10 * FULL, 10 * FULL, 100.0, ""

    def abort(self, why):
        self.why = why


class Publishers:
    """Publishers that wait for one reader, on a clock that goes in steps of `CHECK`."""

    def __init__(self, reader):
        self.reader, self.slow, self.now = reader, SlowReaders(), 100.0

    def wait(self, at_most: float, publishers: int = 1) -> float:
        """Fill the reader's queue, wait as long as is right, and return for how many seconds that was."""
        self.reader.unsent = self.reader.waiting = 10 * FULL
        began, waited_since = self.now, None
        while True:
            worth = {self.slow.is_worth_waiting(self.reader, self.now, waited_since) for _ in range(publishers)}
            assert len(worth) == 1
            if worth == {False} or self.now - began >= at_most:
                break
            waited_since = self.now
            self.now += CHECK
            self.reader.waiting -= self.reader.speed * CHECK
        return self.now - began


def about(seconds: float):
    return pytest.approx(seconds, abs=2.1 * CHECK)


def test_a_client_that_makes_no_progress_is_not_waited_for_after_a_quarter_of_a_second_until_it_moves():
    publishers = Publishers(Reader())
    assert publishers.wait(10) == about(FIRST)
    assert publishers.wait(10) == 0
    publishers.reader.moved_at = publishers.now = publishers.now + 1
    assert publishers.wait(10) == about(STILL)
    assert not publishers.reader.why  # the limits of its bytes and of the stall see to it


@pytest.mark.parametrize("publishers", [1, 7])
@pytest.mark.parametrize("speed", [20, 1000, 100_000])
def test_a_client_that_reads_a_byte_now_and_then_costs_the_stall_timeout_in_total_and_is_dropped(speed, publishers):
    waiting = Publishers(Reader(speed, stall_timeout=5))
    times = []
    while not waiting.reader.why and len(times) < 100:
        times.append(waiting.wait(0.7, publishers))
        waiting.now += 0.3  # its publisher does something else
    assert sum(times) == pytest.approx(5, rel=0.1)
    assert "reads too slowly: others have waited 5 s for it" in waiting.reader.why


def test_a_client_that_reads_fast_is_waited_for_as_long_as_a_burst_lasts():
    publishers = Publishers(Reader(2 * FAST))
    times = [publishers.wait(10) for _ in range(200)]
    assert sum(times) > 100 and not publishers.reader.why


def test_the_time_in_which_the_server_was_away_counts_neither_for_progress_nor_for_patience():
    reader, slow = Reader(), SlowReaders()
    assert slow.is_worth_waiting(reader, 100, None)
    assert slow.is_worth_waiting(reader, 160, 100) and not reader.why


def test_all_is_forgiven_after_a_minute():
    publishers = Publishers(Reader(20, stall_timeout=5))
    for _ in range(3):
        publishers.wait(4.5)
        publishers.now += FORGIVEN + 1
        publishers.reader.moved_at = publishers.now
    assert not publishers.reader.why


def test_without_a_stall_timeout_it_is_waited_for_as_long_and_not_dropped():
    publishers = Publishers(Reader(20, stall_timeout=None))
    assert publishers.wait(60) == about(slow_readers.PATIENCE)
    assert publishers.wait(60) == 0 and not publishers.reader.why


def test_a_client_that_is_leaving_is_not_waited_for():
    publishers = Publishers(Reader(20))
    publishers.reader.protocol.state = CLOSING
    assert publishers.wait(10) == 0
    publishers.reader.protocol.state, publishers.reader.why = OPEN, "dropped"
    assert publishers.wait(10) == 0


@pytest.mark.parametrize(("max_unsent", "full"), [(None, FULL), (1024 * 1024, FULL), (10**9, FULL), (400_000, 100_000)])
def test_how_much_is_a_long_queue(max_unsent, full):
    assert full_at(Limits(max_unsent=max_unsent)) == full


def test_a_message_that_is_added_does_not_hide_that_others_have_gone_out():
    """A queue that grows, because more comes than goes, is progress too."""
    sizes = iter([1000, 1100] * 3)
    ws = SimpleNamespace(
        unsent=1050, moved_at=0.0, held=[], protocol=None, writable=False, owner=SimpleNamespace(limits=Limits())
    )
    ws.transport = SimpleNamespace(get_write_buffer_size=lambda: next(sizes), is_closing=lambda: False)
    ws.leave_to_the_library = ws.abort_if_stalled = lambda *_: None

    async def deliver():
        assert delivery.deliver([ws], "x" * 100, b"") == []
        return asyncio.get_running_loop().time()

    assert asyncio.run(deliver()) == pytest.approx(ws.moved_at, abs=5)


# Who waits


class Held:
    """Makes a reader worth waiting for until the test lets go."""

    def __init__(self, monkeypatch):
        self.holds, self.asked = True, asyncio.Event()
        monkeypatch.setattr(slow_readers.SlowReaders, "is_worth_waiting", self.is_worth_waiting)

    def is_worth_waiting(self, *_):
        self.asked.set()
        return self.holds


async def say(ws, **message):
    await ws.send(json.dumps(message))


async def said(ws) -> str:
    """Return the text of the next message that is not about who is there."""
    async with asyncio.timeout(30):
        while True:
            message = json.loads(await ws.recv())
            if "message" in message:
                return message["message"]


def handler_of(server, name):
    [ws] = [ws for ws in server.connections if ws.name == name]
    return ws


async def test_only_the_client_whose_messages_filled_a_queue_has_to_wait(monkeypatch):
    held = Held(monkeypatch)
    async with RoomsServer() as server, connect(server.url) as ann, connect(server.url) as bob:
        for ws, room in ((ann, "a"), (bob, "b")):
            await say(ws, type="join-room", room=room)
        await until(lambda: len(server.rooms.room_of) == 2)
        monkeypatch.setattr(delivery, "FULL", -1)
        monkeypatch.setattr(delivery, "full_at", lambda limits: -1)  # from now on, each message fills a queue
        await say(ann, type="room-message", message="first")
        assert await said(ann) == "first"
        await asyncio.wait_for(held.asked.wait(), 30)
        monkeypatch.setattr(delivery, "FULL", FULL)
        await say(ann, type="room-message", message="second")
        for number in range(30):
            await say(bob, type="room-message", message=f"{number}")
            assert await said(bob) == f"{number}"
        texts = [event.text for event in server.log if event.kind == "message"]
        assert not any("second" in text for text in texts)  # it has not been taken
        held.holds = False
        assert await said(ann) == "second"
        assert not server.deliveries.slow_readers.any and not server.deliveries.busy


async def test_stop_and_a_publisher_that_leaves_do_not_wait_for_anybody(monkeypatch):
    held = Held(monkeypatch)
    monkeypatch.setattr(delivery, "FULL", -1)
    async with BroadcastServer() as server, connect(server.url) as ann:
        await say(ann, message="first")
        await asyncio.wait_for(held.asked.wait(), 30)
        stopping = asyncio.create_task(server.stop())
        await ann.wait_closed()
        held.holds = False  # what a connection that closes is worth, see above
        await asyncio.wait_for(stopping, 30)
        assert ann.close_code == 1001


async def test_a_message_longer_than_a_queue_may_be_is_waited_for_too():
    limits = Limits(max_size=None, max_unsent=64 * FULL)
    async with BroadcastServer(limits=limits) as server, connect(server.url, max_size=None) as ann:
        ann.transport.pause_reading()
        await say(ann, message="x" * 40 * FULL)
        await until(lambda: server.deliveries.slow_readers.any)
        assert server.deliveries.busy
        await say(ann, message="second")
        ann.transport.resume_reading()
        assert len(await said(ann)) == 40 * FULL and await said(ann) == "second"


async def test_news_that_no_client_has_caused_makes_nobody_wait():
    async with BroadcastServer(limits=Limits(max_unsent=64 * FULL)) as server, connect(server.url) as ann:
        ann.transport.pause_reading()
        await until(lambda: bool(server.connections))
        for _ in range(40):
            delivery.fan_out(server.connections, "x" * FULL)
        assert handler_of(server, "guest-1").transport.get_write_buffer_size() > FULL
        assert not server.deliveries.slow_readers.any and not server.deliveries.busy
        ann.transport.abort()
