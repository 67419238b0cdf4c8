"""The exercise of lesson 07 about clients that do not read: bounded sending; and what it has in common with goodbye."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import NoReturn

from websockets.exceptions import ConnectionClosed
from websockets.protocol import CLOSING

from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import STEP, NotYet
from wslearn.exercises.engine.talk import Talk
from wslearn.limits import Limits
from wslearn.server import Server

#: The watchdog of `Server` must not do what students shall write.
UNWATCHED = Limits(max_unsent=None, stall_timeout=None)
#: What the system keeps for a connection, in bytes: little, so that a client that does not read is soon noticed.
SMALL = 4096


def wrong(talk: Talk, who: str, did: str, what: str, text: str) -> NoReturn:
    """End the check with what came, and a text for the student."""
    talk.tells(who, did, what, wrong=True)
    raise NotYet(text)


async def until(condition: Callable[[], bool]) -> bool:
    """Wait for a state that sends no event, as long as a step may take; return whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STEP):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
    return condition()


async def arrived(talk: Talk, server: Server, count: int) -> list:
    """Wait until so many clients are there; return the server's side of them, in the order in which they came."""
    if not await until(lambda: len(server.connections) == count):
        text = "A client came, and its connection did not stay. Does your `handler` end too soon?"
        wrong(talk, "the server", "has", f"{len(server.connections)} connections, and {count} clients came", text)
    for ws in server.connections:
        ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    return sorted(server.connections, key=lambda ws: (len(ws.name), ws.name))  # guest-2 before guest-10


async def takes(talk: Talk, seconds: float, or_else: Callable[[], str], function: Callable, *arguments) -> float:
    """Call a student's function, and return how long it took; after so many seconds the check ends with `or_else()`."""
    began = monotonic()
    try:
        await talk.call(function, *arguments, within=seconds)
    except NotYet as problem:
        late = problem.__cause__ is None and monotonic() - began >= seconds
        name, end = getattr(function, "__name__", "it"), f"not within {seconds:g} s" if late else "with an error"
        wrong(talk, name, "ends", end, or_else() if late else str(problem))
    return monotonic() - began


# Task 4: bounded sending

#: The task's LIMIT, and how large the messages are, in bytes; after so many of them a client must have been dropped.
_LIMIT, _SIZE, _MANY = 1_000_000, 200_000, 40


async def _bounded(talk: Talk, server_class: type) -> None:
    async with talk.server(server_class, limits=UNWATCHED) as server:
        slow = await talk.client(server, "slow", receive_buffer=SMALL)
        (stuck,) = await arrived(talk, server, 1)
        ann = await talk.client(server, "ann", receive_buffer=SMALL)
        await arrived(talk, server, 2)
        if not callable(getattr(server, "publish", None)):
            text = f"`{server_class.__name__}` needs a method `async def publish(self, message):`."
            wrong(talk, "the server", "has", "no method publish", text)

        await talk.call(server.publish, "a price")
        for client in (slow, ann):
            await client.hears("a price", f"`publish` must send to all clients, and {client.name} heard nothing.")
        talk.tells("the server", "publishes", f"4 messages of {_SIZE:,} bytes, one behind the other")
        for n in range(4):
            await talk.call(server.publish, f"{n} {'x' * _SIZE}")
        await _has_heard(talk, ann, 5)

        slow.stops_reading()
        talk.tells("the server", "publishes", f"messages of {_SIZE:,} bytes, up to {_MANY}")
        for n in range(_MANY):
            await takes(talk, STEP, lambda: _waited(stuck), server.publish, f"{n} {'y' * _SIZE}")
            await _has_heard(talk, ann, 6 + n)
            waits = 0 if stuck.transport.is_closing() else stuck.transport.get_write_buffer_size()
            if waits > _LIMIT + 1.5 * _SIZE:
                text = f"More than {_LIMIT:,} bytes wait in your server's memory for a client that does not read."
                wrong(talk, "the server", "keeps", f"{waits:,} bytes for slow", text)
        if not stuck.transport.is_closing():
            text = (
                f"slow has read nothing of the last {_MANY * _SIZE / 1e6:.0f} MB, and is still connected. Drop it: "
                "it can come back, and then it knows that it has missed something."
            )
            wrong(talk, "slow", "is", "still connected", text)


async def _has_heard(talk: Talk, ann: Client, count: int) -> None:
    """Expect that Ann has so many messages, and no more when the pong of a ping behind them is there."""
    try:
        async with asyncio.timeout(STEP):
            await (await ann.ws.ping())
    except ConnectionClosed:
        text = f"ann reads all the time, and was dropped. Drop only those for whom more than {_LIMIT:,} bytes wait."
        wrong(talk, "ann", "finds", f"closed with {ann.ws.close_code}", text)
    if not await until(lambda: len(ann.heard) == count):
        text = "ann reads all the time: she must hear each message, and hear it once."
        wrong(talk, "ann", "has heard", f"{len(ann.heard)} messages of {count}", text)


def _waited(stuck) -> str:
    if stuck.protocol.state is CLOSING:
        return (
            "`close()` waits for an answer, and a client that does not read gives none: `publish` hung, and everybody "
            "with it. Use `ws.transport.abort()`."
        )
    return (
        "slow does not read, and `publish` waited for it: nobody else got anything. Do not `await` a client there; "
        "`broadcast(clients, message)` waits for nobody."
    )


bounded = Exercise(
    _bounded,
    hints=(
        "`broadcast(self.connections, message)` hands the message to all connections, and waits for none. "
        "What a client does not read stays in memory. Where can you see how much that is?",
        "After `broadcast`, go through the connections: where "
        "`ws.transport.get_write_buffer_size() > LIMIT`, call `ws.transport.abort()`.",
        "Take a copy first, `clients = list(self.connections)`, and use it for both.",
    ),
    answer="""
from websockets.asyncio.server import broadcast

LIMIT = 1_000_000


class Ticker(Server):
    async def handler(self, ws):
        await ws.wait_closed()

    async def publish(self, message):
        clients = list(self.connections)
        broadcast(clients, message)
        for ws in clients:
            if ws.transport.get_write_buffer_size() > LIMIT:
                ws.transport.abort()
""",
    why="Nothing in `publish` waits, so nobody can hold up anybody. `abort` and not `close`: a close frame would queue "
    "behind the very bytes that are stuck. `fan_out` of this package does the same, with the limit `max_unsent`.",
)
