"""Task 2 of lesson 06: find a dead client. Send a ping, wait, look for the pong, and drop the connection."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from time import perf_counter as clock
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn import frames
from wslearn.exercises.engine import STEP, Exercise, Talk
from wslearn.exercises.heartbeat.judge import judge
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

#: The interval of the check, in seconds.
INTERVAL = 0.25


class _QuietServer(Server):
    keepalive = None

    async def handler(self, ws):
        await ws.wait_closed()


async def _finds(talk: Talk, watch: Callable) -> None:
    async with talk.server(_QuietServer) as server, SimulatedNetwork(server.url) as net:
        await talk.client(server, "Ann", url=net.url)
        [ann] = server.connections
        watching = asyncio.create_task(talk.call(watch, ann, INTERVAL, within=4 * STEP))
        try:
            await _ann_answers(talk, net, ann, watching)
            await _ann_is_gone(talk, net, ann, watching)
        finally:
            watching.cancel()
            await asyncio.wait({watching})  # the network stays silent, or Ann would answer all her pings now
        bob = await talk.client(server, "Bob")
        [seen] = server.connections
        watching = asyncio.create_task(talk.call(watch, seen, INTERVAL, within=4 * STEP))
        await talk.until(lambda: seen.controls or watching.done())
        await bob.closes()
        text = (
            "Bob left, but `watch` goes on, so each client that leaves would leave a task behind. `ws.ping()` raises "
            "ConnectionClosed if the client has left. Let that exception end your loop."
        )
        await _ends(talk, watching, text)
        _explain(talk, watching)


async def _ann_answers(talk: Talk, net: SimulatedNetwork, ann: Any, watching: asyncio.Task) -> None:
    for count in (2, 8):  # one short gap may be this machine's fault: then look at more of them
        await talk.until(lambda: ann.controls >= count or watching.done() or ann.transport.is_closing())  # noqa: B023
        pings = _times(net, "ping")[:8]
        gap = median([later - earlier for earlier, later in pairwise(pings)] or [0.0])
        if gap >= 0.6 * INTERVAL or len(pings) < 2:
            break
    dropped, over = ann.transport.is_closing(), watching.done()
    if not dropped:
        _explain(talk, watching)
    mistakes = {
        "Ann answered, but you dropped her. Drop only clients whose pong is missing after `interval` seconds.": dropped,
        "`watch` ended, although Ann answered. Write a loop: ping, wait, look for the pong, repeat.": over and pings,
        "`watch` ended without a ping. Write `async def`, and begin with `pong = await ws.ping()`.": over,
        "Ann received no ping. Send one with `await ws.ping()`.": not pings,
        "Ann answered the first ping, but received no second one. Ping her every `interval` seconds.": not pings[1:],
        "The second ping followed at once. Between two pings, `await asyncio.sleep(interval)`.": gap < 0.6 * INTERVAL,
    }
    judge(talk, mistakes, "Ann", f"pinged {len(pings)} times", f"pinged every {INTERVAL:g} s")


async def _ann_is_gone(talk: Talk, net: SimulatedNetwork, ann: Any, watching: asyncio.Task) -> None:
    talk.tells("the network", "falls", "silent")
    net.silence()
    heard, began, late = len(_times(net, "ping")), clock(), asyncio.create_task(_two_intervals())
    stays = not await talk.until(lambda: ann not in ann.owner.sockets)
    found, pings, closed = clock() - began, len(_times(net, "ping")) - heard, _times(net, "close")
    _explain(talk, watching)
    mistakes = {
        "`close()` waits for Ann's answer, for up to 10 s, but she is gone. Use `ws.transport.abort()`.": closed,
        "You pinged Ann on and on, and never noticed the missing pongs. `pong = await ws.ping()` doesn't wait for the "
        "pong. It returns a future, an object that is done when the pong arrives. Ask `pong.done()`, because in an "
        "`if` every future is true.": stays and pings > 2,
        "`watch` ended, but Ann is still connected. Drop her with `ws.transport.abort()`.": stays and watching.done(),
        "You wait for the pong without a timeout, and it never arrives. Wait for `interval` seconds at most.": stays,
        "You gave Ann more than one chance. Drop her when one pong is missing after `interval` seconds.": pings > 2,
        "You dropped Ann too late. A client has `interval` seconds for its pong.": found > await late + 1.2 * INTERVAL,
        "You dropped Ann too soon. A slow phone needs time: give it one `interval`.": found < 0.9 * INTERVAL,
    }
    came = f"{'still connected' if stays else 'dropped'} after {found:.2f} s and {pings} more pings"
    judge(talk, mistakes, "Ann", came, f"dropped after {INTERVAL:g} to {2 * INTERVAL:g} s")
    await _ends(talk, watching, "You dropped Ann, but `watch` goes on. Put a `return` after `abort()`.")


async def _ends(talk: Talk, watching: asyncio.Task, message: str) -> None:
    """Expect that `watch` ends, now that its client is gone."""
    if not await talk.until(watching.done):
        watching.cancel()
        talk.fail(message, "watch", "is", "still running", expected="over")
    talk.tells("watch", "is", "over")


def _explain(talk: Talk, watching: asyncio.Task) -> None:
    """End the check with what `watch` raised. ConnectionClosed may well end it."""
    error = watching.exception() if watching.done() else None
    if error and not isinstance(error.__cause__, ConnectionClosed):
        late = isinstance(error.__cause__, TimeoutError)
        talk.tells("watch", "fails", str(error), wrong=True)
        raise type(error)(f"{error}{' The pong was late: catch this exception, and drop Ann.' * late}")


async def _two_intervals() -> float:
    """Return how many seconds two intervals take on this machine, which may be slow."""
    began = clock()
    for _ in range(2):
        await asyncio.sleep(INTERVAL)
    return clock() - began


def _times(net: SimulatedNetwork, name: str) -> list[float]:
    """Return when the network received each frame of this name."""
    return [item.time for item in frames.read(net.recording) if isinstance(item, frames.Frame) and item.name == name]


find_dead = Exercise(
    _finds,
    hints=(
        "Write a loop that sends a ping, waits for `interval` seconds, and then looks whether the pong has arrived.",
        "Send the ping with `pong = await ws.ping()`. Ask `pong.done()` whether the client has answered it.",
        "If the client has not answered, call `ws.transport.abort()`, then `return`.",
    ),
    answer="""
async def watch(ws, interval):
    try:
        while True:
            pong = await ws.ping()
            await asyncio.sleep(interval)
            if not pong.done():
                ws.transport.abort()
                return
    except ConnectionClosed:
        pass  # the client has left
""",
    why="The ping goes out at the start of an interval, and the code looks for the pong at the end. So it finds a "
    "dead client after one to two intervals. `abort` needs no answer from the client, but `close` waits for one.",
)
