"""Five hundred clients that are gone in the middle of a word: nothing of them stays."""

import asyncio
import gc

import pytest
from support import until
from victims import SERVERS, be_served, open_raw

CLIENTS = 500
#: How many arrive at a time, so that the test's own event loop keeps up.
AT_ONCE = 50


def half_said(server) -> bytes:
    """Return what a client has sent when it is killed: one whole message, and the beginning of another."""
    join = b'{"type":"join-room","room":"r%d"}'
    message = {"rooms": join % 1, "chat": join % 2, "heartbeat": b'{"type":"ping"}'}.get(
        server.name, b'{"message":"x"}'
    )
    whole = bytes([0x81, 0x80 | len(message)]) + bytes(4) + message  # a masking key of zeros changes nothing
    return whole + b"\x81\xfe\x10\x00" + bytes(4) + b'{"message":"I was about to s'


@pytest.mark.parametrize("name", SERVERS)
async def test_nothing_is_left_of_clients_that_vanish_in_the_middle_of_a_message(name, room_for, records):
    clients = room_for(CLIENTS)
    async with SERVERS[name]() as server:
        before = asyncio.all_tasks()
        for start in range(0, clients, AT_ONCE):
            arrived = await asyncio.gather(*(open_raw(server) for _ in range(min(AT_ONCE, clients - start))))
            for _, writer in arrived:
                writer.write(half_said(server))
            await until(lambda: len(server.connections) == len(arrived))  # noqa: B023
            await until(lambda: sum(event.kind == "message" for event in server.log) >= 1)
            for _, writer in arrived:
                writer.transport.abort()
            await until(lambda: not server.connections)
        await until(lambda: asyncio.all_tasks() == before)
        assert not server.sockets
        if rooms := getattr(server, "rooms", None):
            assert (rooms.members, rooms.room_of, rooms._told, rooms._to_tell) == ({}, {}, {}, {})
        assert getattr(server, "members", set()) == set()
        # The users' buckets went with their last connections: those are held by the tracebacks of their ends, which
        # go with a garbage collection, and not at once.
        await until(lambda: gc.collect() >= 0 and not server._users)
        await be_served(server)
        assert sum(event.kind == "close" for event in server.log) >= min(clients, 300)
    assert not [record for record in records if record.exc_info]
