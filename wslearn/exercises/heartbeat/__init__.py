"""Exercises of lesson 06: the round trip as a page measures it, a dead peer, a silent one, and the way back."""

import asyncio
from contextlib import suppress
from time import perf_counter as clock

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Exercise
from wslearn.exercises.heartbeat.dead_peer import find_dead, unmet
from wslearn.exercises.heartbeat.page_ping import round_trip
from wslearn.exercises.heartbeat.waits import backoff

__all__ = ["backoff", "find_dead", "patience", "round_trip"]

PING, PONG = {"type": "ping"}, {"type": "pong"}

# Patience

#: The time that a silent client has in this check, in seconds; what part of it is between two messages of a client that
#: speaks, and how many it sends.
#: For pages it must be above 60 s: in a tab that has been hidden for five minutes their timers run once a minute.
PATIENCE, PART, PINGS = 0.5, 0.5, 5
#: Runs of a client that speaks in time, where this machine was too slow to let it.
ATTEMPTS = 3


async def _is_patient(talk, server_class):
    async with talk.server(server_class) as server:
        server.patience = 2.0  # nobody is silent for so long by accident
        ann = await talk.client(server, "ann")
        await ann.says('{"type":"ping"}')
        await ann.hears(PONG, _about_pong)
        await ann.says('{"type": "ping"}')
        await ann.hears(PONG, _about_the_space)
        for odd in ({"type": "hello"}, {"type": "hello", "from": "ping"}, "hello", "[1, 2]", "5", "null", b"\x00"):
            await ann.says(odd)
            await ann.hears_nothing("Only a ping gets an answer: look at the message's `type` before you send a pong.")
            await ann.is_still_there("ann said what is no ping, and lost her connection. Expect such messages.")
        await ann.says(PING)
        await ann.hears(PONG, "After messages that are no pings, a ping got no answer. Does your loop go on?")
        await ann.closes()

        server.patience = PATIENCE
        talk.tells("patience", "is", f"{PATIENCE:g} s from now on")
        await _ben_speaks(talk, server)
        for name, first in (("carl", [PING]), ("dora", [])):
            await _falls_silent(talk, server, name, first)


def _about_pong(came):
    if came is None:
        return 'A ping got no answer. Is there an `await ws.send(\'{"type":"pong"}\')`?'
    if came == PING:
        return "The ping came back as it was. Its answer is a pong."
    if came == "pong":
        return 'This is the word pong. Send the JSON text `{"type":"pong"}`.'
    return 'The answer to a ping is `{"type":"pong"}`.'


def _about_the_space(came):
    if came is None:
        return (
            "A ping was answered, and the same ping with a space in it was not. It is the same JSON. "
            'Compare JSON, not text: `json.loads(message) == {"type": "ping"}`.'
        )
    return _about_pong(came)


async def _ben_speaks(talk, server):
    for attempt in range(ATTEMPTS):
        ben = await talk.client(server, "ben")
        spoke, longest = clock(), 0.0
        for _ in range(PINGS):
            with suppress(ConnectionClosed):  # what is judged is whether he is still there at the end
                await ben.ws.send('{"type":"ping"}')
            await asyncio.wait({asyncio.create_task(ben.ws.wait_closed())}, timeout=PART * PATIENCE)
            spoke, longest = clock(), max(longest, clock() - spoke)
        if ben.ws.close_code is None or longest < 0.8 * PATIENCE or attempt == ATTEMPTS - 1:
            break
    talk.tells("ben", "says", f'{PINGS} times, every {PART * PATIENCE:g} s: {{"type":"ping"}}')
    await ben.is_still_there(
        "ben pinged all the time, and was closed. His time has to begin anew with each message: "
        "put the limit on one `recv()`, not on the whole loop."
    )
    await ben.closes()


async def _falls_silent(talk, server, name, first):
    client = await talk.client(server, name)
    began = clock()
    for message in first:
        await client.says(message)
        await client.hears(PONG)
        began = clock()
    talk.tells(name, "falls", "silent")
    await client.is_closed(4000, "silent", lambda came: _about_silence(came, name))
    closed = f"closed after {clock() - began:.2f} s"
    if clock() - began < 0.8 * PATIENCE:
        why = f"{name} was closed too soon: a client has `self.patience` seconds."
        unmet(talk, name, f"closed after {PATIENCE:g} s", closed, why)
    talk.tells(name, "is", closed)


def _about_silence(came, name):
    if came is None:
        said = "said nothing at all" if name == "dora" else "fell silent"
        return f"{name} {said}, and is still connected. Give each `ws.recv()` a time limit with `asyncio.wait_for`."
    if came[0] == 1011:
        return "The time was over, and nobody caught the TimeoutError. Catch it, and close with 4000."
    if came[0] == 1000:
        return 'Closed with 1000: the handler ended. Say why before: `await ws.close(4000, "silent")`.'
    if came[0] == 4000:
        return f"The code is right, the reason is {came[1]!r}. It should be `silent`."
    return f"Closed with {came[0]}. It should be 4000."


patience = Exercise(
    _is_patient,
    hints=(
        "Read with `await ws.recv()` in a loop, so that each single wait can have a limit of its own.",
        "`await asyncio.wait_for(ws.recv(), self.patience)` raises TimeoutError when nothing has come in time.",
        'A message may be no JSON: catch ValueError. Or no object: compare it as a whole with `{"type": "ping"}`.',
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
    why="Each wait has a limit of its own, so every message, whatever it says, is a sign of life. "
    "When the client closes, `recv` raises ConnectionClosed, which ends the handler as it should. The patience is "
    "above 60 seconds, because browsers let the timers of a page in a hidden tab run only once a minute.",
)
