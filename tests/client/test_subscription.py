"""A subscription on a good day: joining, sending, reading, resuming what was stored, leaving."""

import asyncio
import re

import pytest
from subscriptions import read, subscribe
from support import no_task_left, until

from wslearn.client import Rejected, Subscription
from wslearn.hubs import HubLost, MemoryHub
from wslearn.limits import Limits
from wslearn.servers.feed import FeedServer


async def test_what_is_sent_is_stored_and_read_once_in_order_and_nothing_is_left():
    async with FeedServer() as server:
        with no_task_left():
            async with subscribe(server.url) as ann, subscribe(server.url) as bob:
                assert [await ann.send(f"m{n}") for n in range(5)] == [1, 2, 3, 4, 5]
                message = await anext(bob)
                assert (message.offset, message.message) == (1, "m0") and message.sender.startswith("guest-")
                assert message.timestamp.endswith("Z")
                assert await read(bob, 4) == ["m1", "m2", "m3", "m4"]
                assert await read(ann, 5) == [f"m{n}" for n in range(5)]
        await until(lambda: [event.code for event in server.log if event.kind == "close"] == [1000, 1000])
        assert not ann.gaps and not bob.gaps


async def test_messages_sent_at_one_time_are_stored_in_the_order_of_the_calls():
    async with FeedServer() as server, subscribe(server.url) as ann:
        offsets = await asyncio.gather(*(ann.send(f"m{n}") for n in range(30)))
        assert offsets == list(range(1, 31))
        assert await read(ann, 30) == [f"m{n}" for n in range(30)]


async def test_a_stored_session_epoch_and_offset_go_on_where_they_were():
    async with FeedServer() as server, subscribe(server.url) as bob:
        async with subscribe(server.url) as ann:
            await ann.send("one")
            await ann.send("two")
            assert await read(ann, 1) == ["one"]  # the second has arrived, perhaps, and was not read
        await bob.send("three")
        kept = {"session": ann.session, "epoch": ann.epoch, "offset": ann.offset}
        assert ann.offset == 1
        async with subscribe(server.url, **kept) as again:
            assert await read(again, 2) == ["two", "three"]
            await again.send("four")
            assert await read(again, 1) == ["four"] and not again.gaps
        texts = []
        async with asyncio.timeout(30):
            async for message in bob:
                texts.append((message.message, message.sender))
                if message.message == "four":
                    break
        assert texts[0][1] == texts[3][1] != texts[2][1]  # the same client, by another connection


async def test_what_has_arrived_can_be_read_after_the_end():
    async with FeedServer() as server, subscribe(server.url) as bob:
        async with subscribe(server.url) as ann:
            await ann.send("one")
        assert [message.message async for message in ann] == ["one"]
        with pytest.raises(ConnectionError, match="closed"):
            await ann.send("two")
        await bob.send("three")
        assert await read(bob, 2) == ["one", "three"]


async def test_states_are_told_and_can_be_waited_for():
    seen = []
    async with FeedServer() as server:
        async with subscribe(server.url, on_state=lambda tea: seen.append((tea.state, tea.pause))) as ann:
            assert ann.state == "live" and ann.url == server.url
            next(iter(server.connections)).transport.abort()
            async with asyncio.timeout(30):
                await ann.reached("waiting")
                assert "the connection was lost" in ann.why and 0 <= ann.pause <= 0.02
                await ann.reached("live")
        assert [state for state, _ in seen] == ["connecting", "live", "waiting", "connecting", "live", "closed"]
        with pytest.raises(ConnectionError):
            await ann.reached("live")


async def test_leaving_the_block_lets_a_sender_and_a_reader_go():
    async with FeedServer() as server:
        async with subscribe(server.url) as ann:
            reading = asyncio.ensure_future(anext(ann))
            await server.stop()
            await ann.reached("waiting")
            sending = asyncio.ensure_future(ann.send("never"))
            await asyncio.sleep(0)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(reading, 30)
        with pytest.raises(ConnectionError, match="closed"):
            await asyncio.wait_for(sending, 30)


async def test_entering_waits_for_a_server_that_is_not_there_yet_and_can_be_cancelled():
    server = await FeedServer().start()
    url, port = server.url, server.port
    await server.stop()
    with no_task_left():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                async with subscribe(url):
                    pass
    entering = asyncio.ensure_future(subscribe(url).__aenter__())
    async with FeedServer(port=port), asyncio.timeout(30):
        ann = await entering
        assert await ann.send("hi") == 1
        await ann.close()


async def test_a_cancelled_send_lets_the_next_one_through():
    async with FeedServer() as server, subscribe(server.url) as ann:
        sending = asyncio.ensure_future(ann.send("perhaps"))
        await asyncio.sleep(0)
        sending.cancel()
        assert await asyncio.wait_for(ann.send("surely"), 30) in (1, 2)
        assert sending.cancelled()
        assert (await read(ann, ann.place.offset))[-1] == "surely"


async def test_the_servers_limit_of_messages_sets_the_pace():
    async with FeedServer(limits=Limits(rate=40)) as server, subscribe(server.url) as ann:
        offsets = await asyncio.wait_for(asyncio.gather(*(ann.send(f"m{n}") for n in range(130))), 60)
        assert offsets == list(range(1, 131))
        assert await read(ann, 130) == [f"m{n}" for n in range(130)]
        assert sum(event.kind == "connect" for event in server.log) == 1


class Forgetful(MemoryHub):
    """Fails to store every third message, or to say that it has."""

    calls = 0

    async def publish(self, topic, data, key):
        self.calls += 1
        if self.calls % 3 == 1:
            raise HubLost("no answer")
        offset = await super().publish(topic, data, key)
        if self.calls % 3 == 2:
            raise HubLost("no answer in time")
        return offset


async def test_what_was_not_stored_is_sent_again():
    hub = Forgetful()
    async with FeedServer(hub=hub) as server, subscribe(server.url) as ann:
        assert [await asyncio.wait_for(ann.send(f"m{n}"), 30) for n in range(10)] == list(range(1, 11))
        assert await read(ann, 10) == [f"m{n}" for n in range(10)]
        assert hub.calls >= 25


@pytest.mark.parametrize("size", [70_000, 24 * 2**20], ids=["in the system's buffers", "more than they hold"])
async def test_a_message_that_is_too_long_is_rejected_and_the_next_one_is_stored(size):
    async with FeedServer() as server, subscribe(server.url) as ann:
        with pytest.raises(Rejected, match="1009"):
            await asyncio.wait_for(ann.send("x" * size), 30)
        assert await asyncio.wait_for(ann.send("short"), 30) == 1
        assert await read(ann, 1) == ["short"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"urls": "http://127.0.0.1/"}, "expected a URL like"),
        ({"urls": "nonsense"}, "expected a URL like"),
        ({"urls": []}, "got none"),
        ({"urls": ["ws://127.0.0.1:1/", 7]}, "expected a URL like"),
        ({"room": "two words"}, "room: expected 1 to 64"),
        ({"room": "tea\n"}, "room: expected"),
        ({"room": 7}, "room: expected"),
        ({"session": "abc"}, "session: expected 32"),
        ({"epoch": "e"}, "belong together"),
        ({"offset": 7}, "belong together"),
        ({"epoch": "e", "offset": -1}, "offset: expected"),
        ({"epoch": "e", "offset": True}, "offset: expected"),
        ({"epoch": "e", "offset": 2**53}, "offset: expected"),
        ({"silence": 0}, "silence: expected"),
        ({"silence": "1"}, "silence: expected"),
        ({"base": float("inf")}, "base: expected"),
        ({"unread": 0}, "unread: expected"),
        ({"unread": 1.5}, "unread: expected"),
    ],
)
def test_an_argument_that_cannot_be_used_is_a_clear_error(arguments, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        Subscription(**{"urls": "ws://127.0.0.1:1/", "room": "tea"} | arguments)


async def test_what_cannot_be_sent_is_a_clear_error():
    async with FeedServer() as server:
        outside = subscribe(server.url)
        with pytest.raises(RuntimeError, match="enter the subscription first"):
            await outside.send("hi")
        async with outside:
            for wrong in (b"hi", 7, None, "half \ud83d"):
                with pytest.raises(ValueError, match=r"expected a string|half a character"):
                    await outside.send(wrong)
            assert await outside.send("") == 1
        with pytest.raises(RuntimeError, match="once"):
            await outside.__aenter__()


async def test_an_error_in_a_callback_ends_the_subscription_with_it():
    def fails(tea):
        if tea.state == "waiting":
            raise ZeroDivisionError("mine")

    async with FeedServer() as server, subscribe(server.url, on_state=fails) as ann:
        next(iter(server.connections)).transport.abort()
        with pytest.raises(ZeroDivisionError):
            await read(ann, 1)
        with pytest.raises(ZeroDivisionError):
            await ann.send("hi")
        assert ann.state == "failed"
