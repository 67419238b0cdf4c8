"""Exercises of lesson 06: the round trip as a page measures it, a dead peer, a silent one, and the way back."""

import asyncio
from contextlib import suppress
from time import perf_counter as clock

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Exercise
from wslearn.exercises.dead_peer import find_dead, unmet
from wslearn.exercises.expectations import STEP, NotYet, read
from wslearn.exercises.kinds import kind
from wslearn.exercises.waits import backoff
from wslearn.messages import Pong
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

__all__ = ["backoff", "find_dead", "patience", "round_trip"]

PING, PONG = {"type": "ping"}, {"type": "pong"}

# Round trip


class _ScoresServer(Server):
    """Says a score when it likes, and answers a ping with a message."""

    keepalive = None

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str | bytes] = []

    async def handler(self, ws):
        await ws.send('{"type":"score","score":"0:0"}')
        async for message in ws:
            self.asked.append(message)
            await ws.send(f'{{"type":"score","score":"{len(self.asked)}:0"}}')
            if read(message) == PING:
                await ws.say(Pong())


async def _measures(talk, round_trip):
    async with talk.server(_ScoresServer) as server, SimulatedNetwork(server.url) as net:
        async with connect(net.url, proxy=None, ping_interval=None, close_timeout=0.1) as ws:
            [seen] = server.connections
            for number, delay in enumerate((0.02, 0.06)):
                net.delay = delay
                talk.tells("the network", "takes", f"{delay:g} s each way")
                began = clock()
                try:
                    took = await talk.call(round_trip, ws)
                except NotYet as wrong:
                    talk.tells("round_trip(ws)", "fails", str(wrong), wrong=True)
                    what = "" if wrong.__cause__ else _about_asking(server.asked, seen.controls > number)
                    raise NotYet(f"{wrong} {what}".rstrip()) from wrong.__cause__
                whole = clock() - began
                with suppress(ConnectionClosed):  # what it has sent is there when this ping is answered
                    await asyncio.wait_for(await ws.ping(), STEP)
                pinged = seen.controls > number + 1
                talk.expect(
                    _is_number(took) and server.asked and not pinged and 2 * delay <= took <= whole,
                    _about_round_trip(took, delay, whole, server.asked, pinged),
                    expected=f"{2 * delay:g} s, and a little more",
                    came=round(took, 4) if _is_number(took) else took,
                    who="round_trip(ws)",
                )


def _about_asking(asked, pinged):
    if pinged:
        return 'It sent a ping of the protocol, `ws.ping()`. A page has none: send the message `{"type":"ping"}`.'
    if not asked:
        return 'The server heard nothing. Send `{"type":"ping"}` with `await ws.send(…)`.'
    if read(asked[-1]) != PING:
        return f'The server heard `{asked[-1]!r:.60}`, which is not the JSON text `{{"type":"ping"}}`.'
    return "The server has sent its pong. Does your loop end when it comes, however many scores come before?"


def _about_round_trip(took, delay, whole, asked, pinged):
    if not _is_number(took):
        return f"It should return seconds, a number; it returned {kind(took)}. Is a `return` missing?"
    if pinged or not asked:
        return _about_asking(asked, pinged)
    if took < 0:
        return "The time is negative. Subtract the time before from the time after."
    if took > 100 * whole:
        return "This is in milliseconds. Return seconds, as Python's clocks do."
    if took > whole:
        return (
            f"The whole call took only {whole:.3f} s. Take the time just before you send, and when the pong is there."
        )
    if took >= 0.9 * delay:
        return "This is only the half of it: the way there. Return the whole way, there and back."
    return (
        "No answer can come so soon: a score that was there already was taken for the pong. "
        "Read on until a message has the type `pong`."
    )


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


round_trip = Exercise(
    _measures,
    hints=(
        "Take the time, send, read messages until the pong comes, and take the time again.",
        'Each message is JSON: `json.loads(message)["type"]` is `"score"` or `"pong"`. A score is read over.',
        "`async for message in ws:` reads one after the other. Inside it, at the pong: `return clock() - began`.",
    ),
    answer="""
async def round_trip(ws):
    began = time.perf_counter()
    await ws.send('{"type":"ping"}')
    async for message in ws:
        if json.loads(message)["type"] == "pong":
            return time.perf_counter() - began
""",
    why="Other messages may come between a question and its answer: the answer is known by its type, not by its place.",
)

# Patience

#: The time that a silent client has in this check, in seconds; how often who speaks speaks in it, and how often in all.
PATIENCE, PART, PINGS = 0.5, 0.5, 5
#: Runs of a client that speaks in time, where this machine was too slow to let it.
ATTEMPTS = 3


async def _is_patient(talk, server_class):
    async with talk.server(server_class) as server:
        server.patience = 2.0  # nobody is silent for so long by accident
        ann = await talk.client(server, "ann")
        await ann.says(PING)
        await ann.hears(PONG, _about_pong)
        for odd in ({"type": "hello"}, "hello", "[1, 2]", "5", "null", b"\x00"):
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
        return f"{name} {said}, and is still connected. Give each `ws.recv()` a limit of time: `asyncio.wait_for`."
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
    patience = 0.4

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
    "When the client closes, `recv` raises ConnectionClosed, which ends the handler as it should.",
)
