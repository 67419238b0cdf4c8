"""Task 3 of lesson 06: answer a page's pings, and close the connection of a page that has fallen silent."""

import asyncio
from time import perf_counter as clock
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, has, otherwise, shown
from wslearn.exercises.heartbeat.judge import PING, PONG, Lateness, steadily
from wslearn.server import Server

#: Each `patience` of this check, in seconds, as the task says; and the part of it between two messages of a client
#: that is not silent. Servers for pages need more than 60 s: the timers of a hidden tab run once a minute.
PATIENCE, SHORT, PART = 0.5, 0.25, 0.4
#: What is no ping, and what a client that is not silent sends: more than one `patience` without a ping among it.
ODD: tuple[Any, ...] = (
    {"type": "hello"}, "hello", {"type": "hello", "from": "ping"}, {"type": "PING"}, {"type": ["ping"]},
    {"Type": "ping"}, {"of": {"type": "ping"}}, [PING], {}, "ping", '"ping"', "[1, 2]", "5", "null", "", "ü",
    b"\x00", b"\xff\xfe",
)  # fmt: skip
KEEPS_SENDING: tuple[Any, ...] = (PING, "hello", "", {"type": "hello"}, "[1, 2]", PING)

ABOUT_PONG = {
    None: 'Ann sent a ping, but got no answer. Is there an `await ws.send(\'{"type":"pong"}\')`?',
    has(type="ping"): "Ann sent a ping, and your server sent it back unchanged. Send a pong.",
    "pong": 'Ann received the word pong. Send the JSON text `{"type":"pong"}`.',
    bytes: "Ann received a binary message. Send a string: without `.encode()` or the letter `b`.",
    otherwise: 'Ann sent a ping, but did not receive the pong `{"type":"pong"}`.',
}
ABOUT_SPACE = {
    None: "Ann got an answer to a ping, but none to the same ping with a space in it, which is the same JSON. "
    'Compare the decoded JSON, not the string: `json.loads(message) == {"type": "ping"}`.'
}
TWICE = "{name} got more than one answer to a ping. Send one pong."
ABOUT_OTHERS = "Ann sent a message that isn't a ping, but got an answer. Look at the message's `type` first."
ABOUT_CLOSING = "Ann sent a message that isn't a ping, and your server closed her connection. Ignore such messages."
ABOUT_SILENCE = {
    None: "{name} fell silent, but is still connected. Give each `ws.recv()` a timeout of `self.patience` seconds, "
    "with `asyncio.wait_for`. Each client has its own time.",
    1011: "The timeout ended your handler, because nothing caught the TimeoutError. Catch it, and close with 4000.",
    1000: '{name} was closed with 1000, because your handler ended. First `await ws.close(4000, "silent")`.',
    4000: lambda came: f"The close code is right, but the reason is {came[1]!r}. It should be `silent`.",
    otherwise: lambda came: f"The close code is {came[0]}. It should be 4000.",
}
ABOUT_DORA = {None: "Dora never sent anything, and is still connected. The first `ws.recv()` needs a timeout, too."}
ABOUT_BOB = (
    "Bob sent messages all the time, but your server closed his connection. The time limit must start again with each "
    "message, whatever it says: put it on one `recv()`, not on the whole loop. And it is `self.patience`, which can be "
    "another number for another server."
)


def _is_pong(came: Any) -> bool:
    return came == PONG


async def _is_patient(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        server.patience = 2.0  # nobody is silent for so long by accident
        ann = await talk.client(server, "Ann")
        meaning = '{"type":"pong"}'
        await ann.asks('{"type":"ping"}', _is_pong, ABOUT_PONG, meaning=meaning)
        await ann.hears_nothing(TWICE)
        await ann.asks('{"type": "ping"}', _is_pong, ABOUT_PONG | ABOUT_SPACE, meaning=meaning)
        for odd in ODD:
            await ann.says(odd)
            await ann.hears_nothing(ABOUT_OTHERS)
            await ann.is_still_there(ABOUT_CLOSING)
        text = "After messages that aren't pings, a ping got no answer. Does your loop go on?"
        for _ in range(4):
            await ann.asks(PING, _is_pong, text, meaning=meaning)
        await ann.closes()

        async def attempt(factor: float, lateness: Lateness) -> None:
            await _ends_the_silent(talk, server, PATIENCE * factor, lateness)
            _set(talk, server, SHORT * factor)
            zoe = await _falls_silent(talk, server, "Zoe", "hello")
            await _is_closed(talk, *zoe, SHORT * factor, ABOUT_SILENCE, lateness)

        await steadily(talk, attempt)


async def _ends_the_silent(talk: Talk, server: Server, patience: float, lateness: Lateness) -> None:
    """Let two clients fall silent while a third sends messages."""
    _set(talk, server, patience)
    silent = [await _falls_silent(talk, server, "Carl", PING), await _falls_silent(talk, server, "Dora")]
    bob = await talk.client(server, "Bob")
    for message in KEEPS_SENDING:
        await bob.says(message)
        await asyncio.sleep(PART * patience)
    await bob.is_still_there(ABOUT_BOB)
    for _ in range(KEEPS_SENDING.count(PING)):
        await bob.hears(_is_pong, "Bob should receive one pong for each of his pings.", meaning='{"type":"pong"}')
    await bob.hears_nothing(TWICE)
    for one, message in zip(silent, (ABOUT_SILENCE, ABOUT_SILENCE | ABOUT_DORA), strict=True):
        await _is_closed(talk, *one, patience, message, lateness)
    text = "Each pong is only for the client that sent the ping: `await ws.send(…)`, to no other connection."
    for (client, *_), expected in zip(silent, ([PONG], []), strict=True):
        if client.heard != expected:
            talk.fail(text, client.name, "receives", shown(client.heard), expected=shown(expected))
    await bob.closes()


def _set(talk: Talk, server: Any, patience: float) -> None:
    server.patience = patience
    talk.tells("`patience`", "is", f"{patience:g} s from now on")


async def _falls_silent(
    talk: Talk, server: Server, name: str, *messages: Any
) -> tuple[Client, tuple[float, float], asyncio.Task]:
    """Return a client that has sent its last message, between which times, and a task that ends when it is closed."""

    async def closed() -> float:
        await client.ws.wait_closed()
        return clock()

    before = clock()
    client = await talk.client(server, name)
    for message in messages:
        before = clock()
        await client.says(message)
    talk.tells(name, "falls", "silent")
    return client, (before, clock()), asyncio.create_task(closed())


async def _is_closed(
    talk: Talk, client: Client, began: tuple[float, float], closed: asyncio.Task, patience: float, message: Message,
    lateness: Lateness,
) -> None:  # fmt: skip
    lateness.excuses = False
    await client.is_closed(4000, "silent", message)
    lateness.excuses, ended = True, await closed
    waited = ended - began[1]
    text = ""
    if ended - began[0] < 0.9 * patience:  # the server may have counted from there on
        text = "You closed {name}'s connection too soon. A client has `self.patience` seconds."
    if waited > 1.3 * patience:
        text = (
            "You closed {name}'s connection too late. Wait `self.patience` seconds for each message, which can be "
            "another number for another server. What other clients send is no sign of life from {name}."
        )
    if text:
        came = f"closed after {waited:.2f} s"
        talk.fail(text, client.name, "is", came, expected=f"closed after {patience:g} s")


patience = Exercise(
    _is_patient,
    hints=(
        "Read with `await ws.recv()` in a loop, so that you can limit each wait.",
        "Write `await asyncio.wait_for(ws.recv(), self.patience)`. If nothing arrives in time, it raises TimeoutError.",
        "Expect messages that aren't valid JSON (catch ValueError), or aren't objects (compare the whole message).",
    ),
    answer="""
class Patient(Server):
    keepalive = None
    patience = 90

    async def handler(self, ws):
        while True:
            try:
                message = await asyncio.wait_for(ws.recv(), self.patience)
            except TimeoutError:
                await ws.close(4000, "silent")
                return
            try:
                is_ping = json.loads(message) == {"type": "ping"}
            except ValueError:
                is_ping = False
            if is_ping:
                await ws.send('{"type":"pong"}')
""",
    why="The timeout applies to each wait, so every message is a sign of life, whatever it says. When the client "
    "closes, `recv` raises ConnectionClosed, and that ends the handler. The patience is above 60 seconds, because "
    "browsers let the timers of a hidden tab run only once a minute.",
)
