import asyncio
import json
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from wslearn import Limits, Server
from wslearn.server import delivery, library


class Listening(Server):
    limits = Limits(rate=None)

    async def handler(self, ws):
        await ws.wait_closed()


# A frame


@given(st.one_of(st.text(), st.binary()))
@example("x" * 125)
@example("x" * 126)
@example("é" * 63)
@example(b"x" * 65535)
@example("x" * 65536)
def test_a_frame_is_what_the_library_would_send(message):
    opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
    payload = message.encode() if isinstance(message, str) else message
    assert delivery.frame(message) == Frame(opcode, payload).serialize(mask=False)


async def news(client) -> object:
    """Return what a client hears next, decoded."""
    return json.loads(await asyncio.wait_for(client.recv(), 30))


# Writing at once, and when not


@pytest.fixture
async def one():
    """A server, a client, and its connection at the server."""
    async with Listening() as server, connect(server.url) as client:
        await until(lambda: server.connections)
        [ws] = server.connections
        yield SimpleNamespace(server=server, client=client, ws=ws)


async def in_fragments(ws, more: asyncio.Event):
    async def pieces():
        yield "first, "
        await more.wait()
        yield "last"

    await ws.send(pieces())


async def test_an_open_connection_with_nothing_under_way_is_written_to_at_once(one):
    assert library.can_write(one.ws)


async def test_not_in_the_middle_of_a_message_in_fragments(one):
    more = asyncio.Event()
    sending = asyncio.create_task(in_fragments(one.ws, more))
    await until(lambda: one.ws.protocol.expect_continuation_frame)
    assert not library.can_write(one.ws)
    delivery.fan_out([one.ws], "in between")  # the library's broadcast() would leave it out
    later = asyncio.create_task(one.ws.send("after it"))
    more.set()
    await asyncio.gather(sending, later)
    assert [await one.client.recv() for _ in range(3)] == ["first, last", '"in between"', "after it"]
    assert library.can_write(one.ws)


async def test_not_to_a_peer_that_is_closing(one):
    one.client.transport.pause_reading()  # it does not answer yet
    closing = asyncio.create_task(one.ws.close())
    await until(lambda: one.ws.protocol.state.name == "CLOSING")
    assert not library.can_write(one.ws)
    delivery.fan_out([one.ws], "too late")
    one.client.transport.resume_reading()
    await closing
    with pytest.raises(ConnectionClosed):
        await one.client.recv()


async def test_not_to_a_transport_that_is_closing(one):
    one.ws.transport.abort()
    assert not library.can_write(one.ws)
    delivery.fan_out([one.ws], "too late")
    with pytest.raises(ConnectionClosed):
        await one.client.recv()


async def test_not_before_what_the_library_has_still_to_write(one):
    one.ws.protocol.send_text(b"first")
    assert not library.can_write(one.ws)
    delivery.fan_out([one.ws], "second")
    assert [await one.client.recv(), await one.client.recv()] == ["first", '"second"']
    one.ws.protocol.send_text(b"third")
    await one.ws.send("fourth")
    assert [await one.client.recv(), await one.client.recv()] == ["third", "fourth"]


async def test_not_past_compression():
    async with Listening(limits=Limits(compression="deflate")) as server, connect(server.url) as client:
        await until(lambda: server.connections)
        [ws] = server.connections
        assert ws.protocol.extensions and not library.can_write(ws)
        text = "again and again " * 100
        delivery.fan_out([ws], text)
        await ws.send(text)
        assert [json.loads(await client.recv()), await client.recv()] == [text, text]


async def test_long_messages_and_full_buffers_are_left_to_the_library_which_waits(one):
    text = "x" * 100_000
    for _ in range(30):
        await one.ws.send("short")
    sending = asyncio.create_task(one.ws.send(text))
    for expected in ["short"] * 30 + [text]:
        assert await one.client.recv() == expected
    await sending
    one.client.transport.pause_reading()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            while True:  # short ones alone must not fill the memory either
                await one.ws.send("y" * delivery.SHORT)
    assert one.ws.transport.get_write_buffer_size() < 64 * 1024
    one.client.transport.abort()


@pytest.mark.parametrize("message", [5, None, {"a": 1}])
async def test_what_is_no_message_is_refused_as_the_library_does(one, message):
    with pytest.raises(TypeError):
        await one.ws.send(message)
    await one.ws.send(memoryview(b"bytes"))
    await one.ws.send("as bytes", text=False)
    assert [await one.client.recv(), await one.client.recv()] == [b"bytes", b"as bytes"]


# Many clients


class Room:
    """Clients of one server, in the order in which they came."""

    def __init__(self, server, clients):
        self.server, self.clients = server, clients

    @property
    def members(self):
        return sorted(self.server.connections, key=lambda ws: int(ws.name.split("-")[1]))


@pytest.fixture
async def room(monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    async with Listening() as server:
        clients = [await connect(server.url) for _ in range(5)]
        await until(lambda: len(server.connections) == 5)
        yield Room(server, clients)
        for client in clients:
            await client.close()


async def test_a_large_room_is_served_in_parts_and_others_have_a_turn_between(room, monkeypatch):
    events, deliver = [], delivery.deliver
    monkeypatch.setattr(delivery, "deliver", lambda part, *a: events.append(len(part)) or deliver(part, *a))
    delivery.fan_out(room.members, "news")
    assert events == [2]
    asyncio.get_running_loop().call_soon(events.append, "another")
    await room.server.deliveries.passed_on()
    assert events == [2, 2, "another", 1] or events == [2, "another", 2, 1]
    assert [await news(client) for client in room.clients] == ["news"] * 5


async def test_all_messages_arrive_in_one_order_whoever_they_are_for(room):
    for number in range(4):
        delivery.fan_out(room.members, f"all {number}")
        delivery.fan_out(room.members[number:], f"some {number}")
    for place, client in enumerate(room.clients):
        expected = [text for n in range(4) for text in [f"all {n}"] + [f"some {n}"] * (place >= n)]
        assert [await news(client) for _ in expected] == expected


async def test_who_comes_later_does_not_get_it_and_who_goes_is_passed_over(room):
    delivery.fan_out(room.members, "news")
    room.members[4].transport.abort()
    async with connect(room.server.url) as late:
        await until(lambda: len(room.server.connections) == 5)
        delivery.fan_out(room.server.connections, "more")
        assert await news(late) == "more"
    for client in room.clients[:4]:
        assert [await news(client), await news(client)] == ["news", "more"]


async def test_a_server_takes_no_new_message_before_it_has_passed_on_the_last(monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 1)
    waiting = []

    class Relay(Server):
        async def handler(self, ws):
            async for message in ws:
                waiting.append(len(self.deliveries._messages))
                delivery.fan_out(self.connections, message)

    async with Relay() as server, connect(server.url) as ann, connect(server.url) as bob:
        await until(lambda: len(server.connections) == 2)
        for number in range(40):
            await ann.send(f"{number}")
            await bob.send(f"{number}")
        heard = [[await news(client) for _ in range(80)] for client in (ann, bob)]
    assert heard[0] == heard[1] and sorted(heard[0]) == sorted([f"{n}" for n in range(40)] * 2)
    assert max(waiting) <= 1  # the other one's message, which was under way already


async def test_whoever_waits_for_the_queue_waits_only_for_what_is_in_it(room, monkeypatch):
    """With many publishers, the queue may never be empty: a client that waits for that would never be served."""
    monkeypatch.setattr(delivery, "BATCH", 1)
    deliveries, added = room.server.deliveries, 0
    delivery.fan_out(room.members, "first")
    passed = asyncio.create_task(deliveries.passed_on())
    async with asyncio.timeout(30):
        while not passed.done():
            delivery.fan_out(room.members, "more")
            added += 1
            await asyncio.sleep(0)
        assert deliveries._messages and added < 3 * len(room.members)
        await deliveries.passed_on()
    for client in room.clients:
        assert await news(client) == "first"


async def test_one_that_cannot_be_written_to_costs_nobody_else_the_message(room, monkeypatch):
    def fails(data):
        raise RuntimeError("no such luck")

    monkeypatch.setattr(room.members[2].transport, "write", fails)
    delivery.fan_out(room.members, "news")
    await room.server.deliveries.passed_on()
    for client in [*room.clients[:2], *room.clients[3:]]:
        assert await news(client) == "news"
    [error] = [event for event in room.server.log if event.kind == "error"]
    assert error.client == "guest-3" and "no such luck" in error.text
