"""What is sent while a message in fragments is under way (RFC 6455, section 5.4): it comes later, and in order."""

import asyncio
import json
import logging
from types import SimpleNamespace

import pytest
from support import closed_with, until
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast

from wslearn import Limits, Server
from wslearn.server import delivery


class Listening(Server):
    limits = Limits(rate=None)

    async def handler(self, ws):
        await ws.wait_closed()


async def meet(server, client) -> SimpleNamespace:
    """Return a client and its end at the server, the newest there."""
    await until(lambda: len(server.connections) == int(client.request.path.removeprefix("/?")))
    ws = max(server.connections, key=lambda ws: int(ws.name.split("-")[1]))
    return SimpleNamespace(server=server, client=client, ws=ws)


@pytest.fixture(params=[None, "deflate"])
async def two(request):
    """A server and two clients, without and with compression."""
    async with Listening(limits=Limits(compression=request.param, rate=None)) as server:
        async with connect(f"{server.url}?1") as ann:
            ann = await meet(server, ann)
            async with connect(f"{server.url}?2") as bob:
                yield ann, await meet(server, bob)


class Pieces:
    """A message that a test sends piece by piece."""

    def __init__(self, ws, first="one "):
        self.pieces = asyncio.Queue()
        self.pieces.put_nowait(first)
        self.sending = asyncio.create_task(ws.send(self))
        self.ws = ws

    async def __aiter__(self):
        while (piece := await self.pieces.get()) is not None:
            yield piece

    async def begun(self):
        await until(lambda: self.ws.protocol.expect_continuation_frame)

    async def end(self, *more):
        for piece in [*more, None]:
            self.pieces.put_nowait(piece)
        await asyncio.wait_for(self.sending, 30)


async def heard(client, count):
    return [await asyncio.wait_for(client.recv(), 30) for _ in range(count)]


def errors(server):
    return [event.text for event in server.log if event.kind == "error"]


async def test_what_is_fanned_out_meanwhile_comes_after_it_in_order_and_at_once_to_all_others(two):
    ann, bob = two
    message = Pieces(ann.ws)
    await message.begun()
    for number in range(3):
        delivery.fan_out([ann.ws, bob.ws], number)
    assert await heard(bob.client, 3) == ["0", "1", "2"]  # ann's message has not ended
    delivery.fan_out([ann.ws, bob.ws], 3)
    await message.end("two ", "three")
    delivery.fan_out([ann.ws, bob.ws], 4)
    assert await heard(ann.client, 6) == ["one two three", "0", "1", "2", "3", "4"]
    assert await heard(bob.client, 2) == ["3", "4"]
    assert not ann.ws.held and ann.ws.held_bytes == 0 and not errors(ann.server)


async def test_a_text_that_a_handler_sends_does_not_overtake_what_was_fanned_out_before(two):
    ann, _ = two
    message = Pieces(ann.ws)
    await message.begun()
    delivery.fan_out([ann.ws], "first")
    sent = [asyncio.create_task(ann.ws.send(text)) for text in ("second", "third")]
    await message.end()
    await asyncio.gather(*sent)
    assert await heard(ann.client, 4) == ["one ", '"first"', "second", "third"]


async def test_messages_in_fragments_wait_for_each_other(two):
    ann, _ = two
    first, second = Pieces(ann.ws, "a"), Pieces(ann.ws, "b")
    await first.begun()
    delivery.fan_out([ann.ws], "between")
    second.pieces.put_nowait("c")
    await first.end("d")
    await second.end("e")
    assert await heard(ann.client, 3) == ["ad", '"between"', "bce"]


async def test_two_that_are_both_slow_to_begin_do_not_meet_in_the_library(two):
    ann, _ = two

    async def slow(text):
        for piece in text:
            await asyncio.sleep(0.05)
            yield piece

    await asyncio.gather(ann.ws.send(slow("aa")), ann.ws.send(slow("bb")))
    assert await heard(ann.client, 2) == ["aa", "bb"]


async def test_the_last_fragment_that_cannot_leave_yet_is_not_overtaken_either(two):
    ann, _ = two
    message = Pieces(ann.ws)
    await message.begun()
    ann.client.transport.pause_reading()
    while ann.ws.transport.get_write_buffer_size() < 100_000:  # control frames may come between fragments
        ann.ws.protocol.send_pong(b"x" * 125)
        ann.ws.send_data()
    message.pieces.put_nowait(None)
    await until(lambda: not ann.ws.protocol.expect_continuation_frame)
    assert not message.sending.done()
    for number in range(5):
        delivery.fan_out([ann.ws], number)
    sent = asyncio.create_task(ann.ws.send("last"))
    ann.client.transport.resume_reading()
    assert await heard(ann.client, 7) == ["one ", "0", "1", "2", "3", "4", "last"]
    await asyncio.gather(message.sending, sent)


async def test_what_waits_is_bounded_and_its_end_is_in_the_log():
    async with Listening(limits=Limits(max_unsent=50_000, rate=None)) as server, connect(f"{server.url}?1") as client:
        ann = await meet(server, client)
        message = Pieces(ann.ws)
        await message.begun()
        for _ in range(100):
            delivery.fan_out([ann.ws], "x" * 1000)
        assert ann.ws.held_bytes < 60_000
        assert (await closed_with(client))[0] == 1006
        assert "wait for the end of a message in fragments" in errors(server)[0] and len(errors(server)) == 1
        message.pieces.put_nowait("more")
        await asyncio.wait({message.sending}, timeout=10)
        assert message.sending.exception() and not ann.ws.held


async def test_a_message_that_is_slow_is_no_client_that_reads_too_slowly():
    async with Listening(limits=Limits(stall_timeout=0.2, rate=None)) as server, connect(f"{server.url}?1") as client:
        ann = await meet(server, client)
        message = Pieces(ann.ws)
        await message.begun()
        delivery.fan_out([ann.ws], "news")
        await asyncio.sleep(0.8)  # the watchdog looks four times a second
        await message.end("two")
        assert await heard(client, 2) == ["one two", '"news"'] and not errors(server)


@pytest.mark.parametrize("how", ["cancelled", "timed out", "failed"])
async def test_a_message_that_breaks_off_ends_the_connection_and_the_log_says_so(two, how):
    ann, bob = two
    message = Pieces(ann.ws)
    await message.begun()
    delivery.fan_out([ann.ws, bob.ws], "news")
    if how == "failed":
        message.pieces.put_nowait(5)  # which is no piece of text
        with pytest.raises(TypeError):
            await asyncio.wait_for(message.sending, 30)
    elif how == "timed out":
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(message.sending, 0.01)
    else:
        message.sending.cancel()
    code, reason = await closed_with(ann.client)
    assert code == 1011 and reason == ("error in fragmented message" if how == "failed" else "message cut off")
    await until(lambda: len(ann.server.connections) == 1)
    if how != "failed":
        assert errors(ann.server) == ["closed: a message in fragments was cancelled half way"]
    [close] = [event for event in ann.server.log if event.kind == "close"]
    assert (close.client, close.code) == (ann.ws.name, 1011)
    assert await heard(bob.client, 1) == ['"news"'] and not ann.ws.held


async def test_a_client_that_does_not_answer_the_close_is_not_kept(two):
    ann, _ = two
    ann.client.transport.pause_reading()
    message = Pieces(ann.ws)
    await message.begun()
    message.sending.cancel()
    await until(lambda: ann.ws not in ann.server.sockets)
    ann.client.transport.abort()


async def test_one_that_is_cancelled_before_it_began_or_after_its_end_harms_nothing(two):
    ann, _ = two
    first = Pieces(ann.ws)
    await first.begun()
    waiting = [Pieces(ann.ws).sending, asyncio.create_task(ann.ws.send("plain"))]
    await asyncio.sleep(0)
    delivery.fan_out([ann.ws], "news")
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    await first.end("two")
    await ann.ws.send("after")
    assert await heard(ann.client, 3) == ["one two", '"news"', "after"] and not errors(ann.server)


async def test_a_connection_that_is_closed_meanwhile_ends_as_the_log_says(two):
    ann, bob = two
    message = Pieces(ann.ws)
    await message.begun()
    delivery.fan_out([ann.ws, bob.ws], "news")
    await ann.ws.close(1001)
    assert (await closed_with(ann.client))[0] == 1011
    delivery.fan_out([ann.ws, bob.ws], "more")
    message.sending.cancel()
    await asyncio.wait({message.sending})
    assert await heard(bob.client, 2) == ['"news"', '"more"'] and not ann.ws.held


async def test_what_the_library_could_not_write_ends_the_connection_instead_of_a_hidden_warning(two, monkeypatch):
    ann, bob = two

    def fails(*args):
        raise OSError("no such luck")

    monkeypatch.setattr(ann.ws.transport, "write", fails)
    monkeypatch.setattr(ann.ws, "writable", False)
    delivery.fan_out([ann.ws, bob.ws], "news")
    assert await heard(bob.client, 1) == ['"news"']
    [error] = errors(ann.server)
    assert error == "aborted: a message could not be written: OSError('no such luck')"


async def test_the_librarys_own_broadcast_tells_what_it_leaves_out(two, caplog):
    ann, bob = two
    message = Pieces(ann.ws)
    await message.begun()
    with caplog.at_level(logging.WARNING):
        broadcast([ann.ws, bob.ws], json.dumps({"token": "s3cr3t"}))
    [warning] = caplog.messages
    assert warning == "skipped broadcast: sending a fragmented message"
    await message.end()
