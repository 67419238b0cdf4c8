"""Five hundred clients that are gone in the middle of a word: nothing of them stays."""

import asyncio
import gc
import json
import weakref

import pytest
from support import frame, until
from victims import SERVERS, assert_one_line_each, be_served, open_raw

CLIENTS = 500
#: How many arrive at a time, so that the test's own event loop keeps up.
AT_ONCE = 50
ROOMS = 25


def words(server, number: int) -> bytes:
    """Return what a client has sent when it is killed: whole messages, and the beginning of another."""
    said = {
        "rooms": [{"type": "join-room", "room": f"r{number % ROOMS}"}, {"type": "room-message", "message": "hi"}],
        "heartbeat": [{"type": "ping"}],
    }
    said["feed"] = said["rooms"]
    said["chat"] = said["rooms"] + said["heartbeat"]
    messages = said.get(server.name, [{"message": "hi"}])
    whole = b"".join(frame(1, json.dumps(message).encode()) for message in messages)
    return whole + frame(1, b"in two", fin=False) + frame(1, b'{"message":"I was about to say"}')[:20]


def timers() -> list[asyncio.TimerHandle]:
    """Return the event loop's timers, which only its own variable tells."""
    return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]


@pytest.mark.parametrize("name", SERVERS)
async def test_nothing_is_left_of_clients_that_vanish_in_the_middle_of_a_message(name, room_for, records):
    clients = room_for(CLIENTS)
    async with SERVERS[name]() as server:
        await asyncio.sleep(0)  # the server's own tasks begin to wait
        tasks_before, timers_before = asyncio.all_tasks(), len(timers())
        writers = []
        for start in range(0, clients, AT_ONCE):
            arrived = await asyncio.gather(*(open_raw(server) for _ in range(min(AT_ONCE, clients - start))))
            for number, (_, writer) in enumerate(arrived, start):
                writer.write(words(server, number))
                writers.append(writer)
        await until(lambda: len(server.connections) == clients and all(ws.messages > 1 for ws in server.connections))
        if rooms := getattr(server, "rooms", None):
            await until(lambda: len(rooms.room_of) == clients and len(rooms.members) == ROOMS)
        there = weakref.WeakSet(server.sockets)

        for writer in writers:
            writer.transport.abort()
        await until(lambda: not server.sockets)
        own = 1 + (name == "feed")  # that of until, and of the hub, which forgets the rooms in two minutes
        await until(lambda: asyncio.all_tasks() == tasks_before and len(timers()) <= timers_before + own)
        assert not server.connections
        if rooms:
            assert (rooms.members, rooms.room_of, rooms._presence._acted, rooms._presence._waiting) == ({}, {}, {}, {})
        assert getattr(server, "members", set()) == set()
        # Tracebacks of how they ended hold the connections, and these their users' buckets, until they are collected.
        await until(lambda: gc.collect() >= 0 and not there and not server._users)
        await be_served(server)
    assert_one_line_each(records)
    print(f"| {name} | {clients} clients vanish in the middle of a message | nothing left |")
