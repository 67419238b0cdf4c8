"""Task 1 of lesson 06: the round trip as a page measures it, from its JSON ping to the pong that answers it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter as clock

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import STEP, Exercise, NotYet, Talk, kind, read
from wslearn.exercises.engine.result import shown
from wslearn.exercises.heartbeat.judge import PING, judge
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

SCORE = '{"type":"score","score":"0:0"}'
#: The same pong as two servers may write it, and a message that contains the word but isn't a pong.
PONGS, TEAM = ('{"type":"pong"}', '{"type": "pong"}'), '{"type":"team","name":"pong"}'


class _ScoresServer(Server):
    """Answers pings, and sends scores whenever it likes: the second ping finds other messages waiting."""

    keepalive = None
    asked: list[str | bytes]

    async def handler(self, ws):
        await ws.send(SCORE)
        async for message in ws:
            self.asked.append(message)
            for reply in (SCORE, PONGS[len(self.asked) > 1], TEAM, SCORE) if read(message) == PING else (SCORE,):
                await ws.send(reply)


async def _measures(talk: Talk, round_trip: Callable) -> None:
    async with talk.server(_ScoresServer) as server, SimulatedNetwork(server.url) as net:
        asked: list[str | bytes] = []
        server.asked = asked
        async with connect(net.url, proxy=None, ping_interval=None, close_timeout=0.1) as ws:
            [seen] = server.connections
            for number, net.delay in enumerate((0.02, 0.06), start=1):
                talk.tells("the network", "takes", f"{net.delay:g} s each way")
                began, took, late = clock(), None, ""
                try:
                    took = await talk.call(round_trip, ws)
                except NotYet as error:
                    if error.__cause__:
                        talk.fail(str(error), "round_trip(ws)", "fails")
                    late = f"{error} "
                whole = clock() - began
                with suppress(ConnectionClosed):  # all that `round_trip` has sent arrives before this ping
                    await asyncio.wait_for(await ws.ping(), STEP)
                mistakes = _mistakes(took, bool(late), net.delay, whole, asked, seen.controls > number, number > 1)
                mistakes = {late + text: applies for text, applies in mistakes.items()}
                judge(talk, mistakes, "round_trip(ws)", shown(took), f"{2 * net.delay:g} s, and a little more")


def _mistakes(took, late: bool, delay: float, whole: float, asked: list, pinged: bool, again: bool) -> dict:
    is_number = isinstance(took, int | float) and not isinstance(took, bool)
    strange = not late and not is_number
    seconds, last = took if is_number else whole, asked[-1] if asked else ""
    short = not seconds >= 2 * delay  # NaN too
    return {
        f"`round_trip` should return seconds, but it returned {kind(took)}. Is a `return` missing?": strange,
        'You sent a ping frame with `ws.ping()`. A page can only send a message: `{"type":"ping"}`.': pinged,
        'The server received no message. Send `{"type":"ping"}` with `await ws.send(…)`.': not asked,
        f'The server received `{last!r:.60}`, not the JSON text `{{"type":"ping"}}`.': late and read(last) != PING,
        f"It worked the first time. This time the server sent `{PONGS[1]}`, with a space: the same JSON. "
        'Compare the decoded JSON, not the string: `json.loads(message)["type"]`.': late and again,
        "The server sent its pong. Does your loop end at the pong, however many scores arrive first?": late,
        "The time is negative. Subtract the earlier time from the later one.": seconds < 0,
        "This looks like milliseconds. Return seconds, as Python's clocks do.": seconds > 100 * whole,
        f"The whole call took only {whole:.3f} s, but you returned more. Look at the clock just before you send, and "
        "again when the pong arrives.": seconds > whole,
        "This is only half of the round trip. Return the time there and back.": short and seconds >= 0.9 * delay,
        f"It worked the first time. This time `{TEAM}` was already waiting, and you took it for the pong. "
        'Decode the JSON, and check whether its `"type"` is `"pong"`.': again and short,
        "No pong can arrive this soon. You took a score that was already waiting for the pong. Keep reading until "
        "a message has the type `pong`.": short,
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
