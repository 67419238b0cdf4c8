"""The exercise of lesson 06 about the round trip as a page measures it: ask with a message, know the answer."""

import asyncio
from contextlib import suppress
from time import perf_counter as clock

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import STEP, NotYet, read
from wslearn.exercises.engine.kinds import kind
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

PING = {"type": "ping"}
#: A message that is no pong, and has the word in it.
TEAM = '{"type":"team","name":"pong"}'
#: The same pong as two servers may write it.
PONGS = ('{"type":"pong"}', '{"type": "pong"}')


class _ScoresServer(Server):
    """Says a score when it likes, and answers a ping with a message; the second time with other messages before it."""

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
                await ws.send(PONGS[min(len(self.asked), len(PONGS)) - 1])
                await ws.send(TEAM)
                await ws.send('{"type":"score","score":"0:0"}')


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
                    what = "" if wrong.__cause__ else _about_asking(server.asked, seen.controls > number, number)
                    raise NotYet(f"{wrong} {what}".rstrip()) from wrong.__cause__
                whole = clock() - began
                with suppress(ConnectionClosed):  # what it has sent is there when this ping is answered
                    await asyncio.wait_for(await ws.ping(), STEP)
                pinged = seen.controls > number + 1
                talk.expect(
                    _is_number(took) and server.asked and not pinged and 2 * delay <= took <= whole,
                    _about_round_trip(took, delay, whole, server.asked, pinged, number),
                    expected=f"{2 * delay:g} s, and a little more",
                    came=round(took, 4) if _is_number(took) else took,
                    who="round_trip(ws)",
                )


def _about_asking(asked, pinged, number):
    if pinged:
        return 'It sent a ping of the protocol, `ws.ping()`. A page has none: send the message `{"type":"ping"}`.'
    if not asked:
        return 'The server heard nothing. Send `{"type":"ping"}` with `await ws.send(…)`.'
    if read(asked[-1]) != PING:
        return f'The server heard `{asked[-1]!r:.60}`, which is not the JSON text `{{"type":"ping"}}`.'
    if number:
        return (
            f"It worked the first time. This time the server has sent `{PONGS[1]}`, with a space, which is the same "
            'JSON. Compare JSON, not text: `json.loads(message)["type"]`.'
        )
    return "The server has sent its pong. Does your loop end when it comes, however many scores come before?"


def _about_round_trip(took, delay, whole, asked, pinged, number):
    if not _is_number(took):
        return f"It should return seconds, a number; it returned {kind(took)}. Is a `return` missing?"
    if pinged or not asked:
        return _about_asking(asked, pinged, number)
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
    if number:
        return (
            f"It worked the first time. This time `{TEAM}` was there already, and was taken for the pong. "
            'The word alone proves nothing: read the JSON, and look whether its `"type"` is `"pong"`.'
        )
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
        'Each message is JSON: `json.loads(message)["type"]` is `"pong"`, or something else. All else is read over.',
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
