"""Task 1 of lesson 06: the round trip as a page measures it, from its JSON ping to the pong that answers it."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from numbers import Real
from time import perf_counter as clock
from typing import Any, NamedTuple

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn.common.patience import patient
from wslearn.exercises.engine import STEP, Exercise, NotYet, Talk, kind, read
from wslearn.exercises.engine.result import shown
from wslearn.exercises.engine.steady import timed
from wslearn.exercises.heartbeat.judge import PING, judge
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

SCORE, TEAM = '{"type":"score","score":"0:0"}', '{"type":"team","name":"pong"}'
#: Messages that contain the word, but aren't the pong.
NEWS = (
    TEAM, '{"type":"replay","of":{"type":"pong"}}', '{"type":"Pong"}', '{"type":"ping-pong"}', '{"type":"pongs"}',
    '{"type":"pong "}', '{"type":"on"}',
)  # fmt: skip
#: How long the server takes for its pong, and how much more than the round trip an answer may be, in seconds.
THINKS, MORE = 0.03, 0.05


class Round(NamedTuple):
    """A call: the network's delay, what is waiting when it begins, what comes before the pong, and the pong."""

    delay: float
    waiting: tuple[str, ...]
    before: tuple[str, ...]
    pong: str


#: The expected times, 0.073, 0.136 and 0.053 s, are such that a rounded one is too short or longer than the call.
ROUNDS = (
    Round(0.0215, (SCORE,), (SCORE,), '{"type":"pong"}'),
    Round(0.053, NEWS, (), '{"type": "pong"}'),
    Round(0.0115, (), (*NEWS, *[SCORE] * 9), '{"type":"pong"}'),
)


class _ScoresServer(Server):
    """Answers pings after a while, and sends other messages meanwhile."""

    keepalive = None
    round = ROUNDS[0]
    asked: list[str | bytes]
    took = 0.0

    async def handler(self, ws):
        async for message in ws:
            self.asked.append(message)
            if read(message) == PING:
                began = clock()
                for news in self.round.before:
                    await ws.send(news)
                await asyncio.sleep(THINKS)
                self.took = clock() - began
                await ws.send(self.round.pong)


@timed
async def _measures(talk: Talk, round_trip: Callable) -> None:
    async with talk.server(_ScoresServer) as server, SimulatedNetwork(server.url) as net:
        async with connect(net.url, proxy=None, ping_interval=None, close_timeout=0.1, max_queue=None) as ws:
            [seen] = server.connections
            too_much = [
                await _measure(talk, round_trip, number, server, net, ws, seen) for number in range(1, len(ROUNDS) + 1)
            ]
            text = (
                "Each time, you returned more than the round trip took. Look at the clock just before you send, and "
                "again when the pong arrives, not later."
            )
            came = f"at least {min(too_much):.3f} s more than the round trip"
            judge(talk, {text: min(too_much) > MORE}, "round_trip(ws)", came, "the round trip, and hardly more")


async def _measure(talk: Talk, round_trip: Callable, number: int, server: Any, net: Any, ws: Any, seen: Any) -> float:
    """Expect a round trip from one call, and return by how much it was too long."""
    server.round, server.asked, server.took = ROUNDS[number - 1], [], THINKS
    net.delay = server.round.delay
    for news in server.round.waiting:
        await seen.send(news)
    with suppress(ConnectionClosed):  # all that was sent has arrived after this ping
        async with patient(STEP):
            await (await seen.ping())
    talk.tells("the network", "takes", f"{net.delay:g} s each way, and the server {THINKS:g} s")
    controls, began, took, late = seen.controls, clock(), None, ""
    try:
        took = await talk.call(round_trip, ws)
    except NotYet as error:
        if error.__cause__:
            talk.fail(str(error), "round_trip(ws)", "fails")
        late = f"{error} "
    whole = clock() - began
    if ws.close_code is not None:
        text = "You closed the connection, but the page still needs it. Only send and receive."
        talk.fail(text, "round_trip(ws)", "closes", "the connection", expected="only the round trip")
    with suppress(ConnectionClosed):
        async with patient(STEP):
            await (await ws.ping())
    least = 2 * net.delay + server.took
    mistakes = _mistakes(took, bool(late), least, whole, server, seen.controls > controls + 1, number > 1)
    mistakes = {late + text: applies for text, applies in mistakes.items()}
    judge(talk, mistakes, "round_trip(ws)", shown(took), f"{least:.3f} s, and a little more")
    return float(took or 0) - least


def _mistakes(took: Any, late: bool, least: float, whole: float, server: Any, pinged: bool, again: bool) -> dict:
    strange = not late and (not isinstance(took, Real | Decimal) or isinstance(took, bool))
    seconds = whole if late or strange else float(took)
    last = server.asked[-1] if server.asked else ""
    early, short = whole < 0.99 * least, not seconds >= 0.99 * least  # NaN too
    return {
        f"`round_trip` should return seconds, but it returned {kind(took)}. Is a `return` missing?": strange,
        'You sent a ping frame with `ws.ping()`. A page can only send a message: `{"type":"ping"}`.': pinged,
        'The server received no message. Send `{"type":"ping"}` with `await ws.send(…)`.': not server.asked,
        f'The server received `{last!r:.60}`, not the JSON text `{{"type":"ping"}}`.': read(last) != PING,
        f"The server received {len(server.asked)} messages. Send one ping, and only one.": len(server.asked) > 1,
        f"It worked before. This time the server sent `{server.round.pong}`, or sent other messages before it. Compare "
        'the decoded JSON, not the string: `json.loads(message)["type"]`. And skip any number of messages.':
            late and again,
        "The server sent its pong. Does your loop end at the pong, however many scores arrive first?": late,
        "The time is negative. Subtract the earlier time from the later one.": seconds < 0,
        "This looks like milliseconds. Return seconds, as Python's clocks do.": seconds > 100 * whole,
        f"The whole call took only {whole:.3f} s, but you returned more. Look at the clock just before you send, and "
        "again when the pong arrives. Don't round.": seconds > whole,
        f"It worked before. This time you took another message for the pong, such as `{TEAM}`. "
        'Decode the JSON, and check whether its `"type"` is `"pong"`.': again and early,
        "No pong can arrive this soon. You took a score for the pong, which was already waiting or came first. Keep "
        "reading until a message has the type `pong`.": early,
        "This is only half of the round trip. Return the time there and back.":
            short and math.isclose(seconds, whole / 2, rel_tol=0.2),
        f"The pong came after {least:.3f} s, but you returned less. Look at the clock just before you send. Use "
        "`time.perf_counter`, because `time.process_time` doesn't count the waiting. Don't round.": short,
    }  # fmt: skip


round_trip = Exercise(
    _measures,
    hints=(
        "Note the time, send the ping, read messages until the pong arrives, and look at the clock again.",
        'Decode each message. If `json.loads(message)["type"]` is not `"pong"`, skip the message.',
        "Read with `async for message in ws:`. When the pong arrives, `return clock() - began`.",
    ),
    answer="""
async def round_trip(ws):
    began = time.perf_counter()
    await ws.send('{"type":"ping"}')
    async for message in ws:
        if json.loads(message)["type"] == "pong":
            return time.perf_counter() - began
""",
    why="Other messages may arrive between the ping and its pong, so you have to look at a message's type. "
    "Its position tells you nothing.",
)
