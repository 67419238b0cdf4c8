"""Task 6 of lesson 06, the reading one: a server that asks whether its client is alive, and what its clients get."""

import asyncio
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.common.patience import patient
from wslearn.exercises.engine import STEP, Client, ReadingExercise, Talk
from wslearn.network import SimulatedNetwork

#: `patience` of a client that is waited for, and of all others, in seconds: what happens does not depend on them.
SOON, LATER = 0.1, 60.0

CODE = """
class Pulse(Server):
    keepalive = None  # no other heartbeat
    patience = 90  # seconds

    async def handler(self, ws):
        try:
            while True:
                message = await asyncio.wait_for(ws.recv(), self.patience)
                if "ping" in message:
                    await ws.send("pong")
        except TimeoutError:
            pong = await ws.ping()
            if pong:
                await ws.send("You are alive.")
            else:
                await ws.close(4000, "silent")
"""


async def _run(talk: Talk, names: dict[str, Any]) -> dict[str, Any]:
    async with talk.server(names["Pulse"]) as server, SimulatedNetwork(server.url) as net:
        server.patience = LATER
        carl, dora, ann = [await _connect(talk, server, name) for name in ("Carl", "Dora", "Ann")]
        await carl.says("I am shopping")
        shopping = await carl.hears(lambda came: True)
        await dora.says(b"ping")
        await dora.is_closed()
        talk.forgives(server)  # its error is what is asked for
        server.patience = SOON  # from the next `recv` on
        await ann.says('{"type":"ping"}')
        await ann.is_closed()
        bob = await _connect(talk, server, "Bob")
        await _pings(bob)
        sam = await talk.client(server, "Sam", url=net.url)
        [seen] = server.handlers.values() if len(server.handlers) == 1 else [_of(server, {carl})]
        net.silence()
        await talk.until(lambda: seen.protocol.state is not OPEN)
        net.heal()
        await sam.is_closed()
        return {
            "Ann": ann.heard, "code": _code(ann), "Bob": _code(bob), "Carl": shopping, "Dora": _code(dora),
            "Sam": sam.heard,
        }  # fmt: skip


def _of(server: Any, others: set[Client]) -> Any:
    """Return the server's end of the newest connection."""
    known = {other.ws.local_address for other in others}
    return next(ws for ws in server.connections if ws.remote_address not in known)


async def _connect(talk: Talk, server: Any, name: str) -> Client:
    client = await talk.client(server, name)
    await client.is_still_there()
    return client


async def _pings(client: Client) -> None:
    """Send ping frames, several in each `patience`, until the server closes."""
    with suppress(ConnectionClosed):
        async with patient(STEP):
            while True:
                await (await client.ws.ping())
                await asyncio.sleep(SOON / 5)
    await client.is_closed()


def _code(client: Client) -> int:
    return int(client.ws.close_code or 0)


LIST = "Write a list of strings, even if it has only one."
pulse = ReadingExercise(
    CODE,
    _run,
    clues={
        "Ann": {
            str: LIST,
            lambda came: came == ["pong"]: "She falls silent. Which lines run after `patience` seconds? What is `pong` "
            "there?",
            list: "Her ping gets an answer. Then she is silent: follow the lines after `except TimeoutError`.",
        },
        "code": {
            4000: "Is the `else` ever reached? Look at what `ws.ping()` returns.",
            type(None): "What does the handler do after its last line?",
            1011: "The TimeoutError is caught, so it isn't an error of the handler.",
        },
        "Bob": {
            type(None): "Does `ws.recv()` return a ping frame, or does the library answer it first?",
            4000: "Which of the two branches after `except` can run?",
        },
        "Carl": {
            type(None): "`in` finds a string anywhere in another one.",
            lambda came: came == "I am shopping": "The handler sends only texts of its own.",
        },
        "Dora": {
            type(None): "Her message is bytes. What is `\"ping\" in b\"ping\"`?",
            4000: "She sent a message in time. But what is `\"ping\" in b\"ping\"`?",
            1000: "Try `\"ping\" in b\"ping\"` in your head: is a string in bytes True, False, or neither?",
        },
        "Sam": {
            str: LIST,
            lambda came: came == []: "TCP sends lost bytes again. What did the server send while he was in the tunnel?",
            list: "He sent nothing, so there is no pong. What did the server send when its patience was over?",
        },
    },
    hints=(
        "Follow one client at a time. What does `ws.recv()` return for it, and when?",
        "`ws.ping()` returns a future, at once. It says nothing yet about the client, and in an `if` every future is "
        "true.",
        "A handler that returns closes with 1000, and one that raises closes with 1011. What the server has sent into "
        "a tunnel arrives after it, because TCP sends it again.",
    ),
    answer="""
        found = {
            "Ann": ["pong", "You are alive."],
            "code": 1000,
            "Bob": 1000,
            "Carl": "pong",
            "Dora": 1011,
            "Sam": ["You are alive."],
        }
    """,
    why="`ws.ping()` returns a future, and an object is true in an `if`, so the server calls everybody alive, even Sam "
    "in his tunnel. It has to await the pong, with a timeout. Nobody is ever closed with 4000: the handler returns, "
    "and that closes with 1000. The library answers Bob's ping frames, and `recv` never sees them, so to this server "
    "he is silent. `in` looks for a part of a string: Carl was only *shopping*. A string in bytes is a TypeError, "
    "which nothing catches.",
)  # fmt: skip
