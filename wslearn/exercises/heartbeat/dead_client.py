"""Task 2 of lesson 06: find a dead client. Send a ping, wait, look for the pong, and drop the connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean
from time import perf_counter as clock
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn import frames
from wslearn.exercises.engine import STEP, Client, Exercise, Talk
from wslearn.exercises.heartbeat.judge import Lateness, judge, steadily
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

#: The intervals of the check, in seconds: Ann's, and that of all others.
INTERVAL, OTHERS = 0.18, 0.12
#: So many pings are looked at, and a client may be dropped so many seconds too late, besides a part of the interval.
PINGS, SLACK = 3, 0.02
BLOCKS = (
    "`watch` blocks the event loop, so no pong can arrive. Wait with `await asyncio.sleep(…)`, not `time.sleep`. (If "
    "you do, this computer is too busy just now: run the check again.)"
)


class _QuietServer(Server):
    keepalive = None

    async def handler(self, ws):
        await ws.wait_closed()


@dataclass
class _Watched:
    """A client, its network, the server's end of its connection, and what watches that."""

    client: Client
    net: SimulatedNetwork
    began: float
    ws: Any
    interval: float
    watching: asyncio.Task
    slow: bool = False  # it answers after half an interval

    @property
    def pings(self) -> list[float]:
        """When the network received each ping frame."""
        return self.times("ping")

    def times(self, name: str) -> list[float]:
        items = frames.read(self.net.recording)
        return [item.time for item in items if isinstance(item, frames.Frame) and item.name == name]


@asynccontextmanager
async def _watched(talk: Talk, watch: Callable, server: Any, name: str, interval: float) -> AsyncIterator[_Watched]:
    async with SimulatedNetwork(server.url) as net:
        began, known = clock(), set(server.connections)
        client = await talk.client(server, name, url=net.url)
        [ws] = server.connections - known
        watching = asyncio.create_task(talk.call(watch, ws, interval, within=4 * STEP))
        try:
            yield _Watched(client, net, began, ws, interval, watching)
        finally:  # while the network is silent, or a client would answer all its pings now
            watching.cancel()
            await asyncio.wait({watching})


async def _finds(talk: Talk, watch: Callable) -> None:
    async def attempt(factor: float, lateness: Lateness) -> None:
        async with talk.server(_QuietServer) as server:
            await _watches_two(talk, watch, server, factor, lateness)
            lateness.excuses = False
            for name, leave in (("Carl", Client.closes), ("Dora", Client.vanishes)):
                async with _watched(talk, watch, server, name, OTHERS) as one:
                    await talk.until(lambda: one.pings or one.watching.done())
                    await leave(one.client)
                    text = (
                        f"{name} left, but `watch` goes on, so each client that leaves would leave a task behind. "
                        "`ws.ping()` raises ConnectionClosed if the client has left. Let that exception end your loop."
                    )
                    await _ends(talk, one.watching, text)
            await _leaves_unanswered(talk, watch, server)

    await steadily(talk, attempt)


async def _leaves_unanswered(talk: Talk, watch: Callable, server: Server) -> None:
    """Expect that `watch` ends without an error if its client leaves while a ping has no answer yet."""
    async with _watched(talk, watch, server, "Zoe", 2 * OTHERS) as zoe:
        zoe.client.stops_reading()
        await talk.until(lambda: zoe.pings or zoe.watching.done())
        await zoe.client.vanishes()
        await _ends(talk, zoe.watching, "Zoe left without an answer to a ping, but `watch` goes on.")


async def _watches_two(talk: Talk, watch: Callable, server: Server, factor: float, lateness: Lateness) -> None:
    async with (
        _watched(talk, watch, server, "Ann", INTERVAL * factor) as ann,
        _watched(talk, watch, server, "Bob", OTHERS * factor) as bob,
    ):
        for one in (ann, bob):
            await _answers(talk, one, lateness)
        await _is_gone(talk, ann, lateness)
        text = "Bob answers, but you dropped him with Ann. Each call of `watch` looks after its own `ws` only."
        await bob.client.is_still_there(text)
        bob.net.delay, bob.slow = (bob.interval / 2, 0), True
        talk.tells("Bob's network", "takes", f"{bob.interval / 2:g} s for each pong from now on")
        await _answers(talk, bob, lateness, len(bob.pings))
        await _is_gone(talk, bob, lateness)


async def _answers(talk: Talk, one: _Watched, lateness: Lateness, before: int = 0) -> None:
    """Expect regular pings for a client that answers them."""
    ws, interval, name = one.ws, one.interval, one.client.name
    await talk.until(lambda: len(one.pings) >= before + PINGS or one.watching.done() or ws.transport.is_closing())
    pings, dropped, over = one.pings[before:], ws.transport.is_closing(), one.watching.done()
    gaps = [later - earlier for earlier, later in pairwise(pings)] or [interval]
    if not dropped:
        _explain(talk, one.watching)
    mistakes = {
        BLOCKS: lateness.blocked,
        f"{name} answered, but you dropped the connection. Drop only clients whose pong is missing after `interval` "
        "seconds.": dropped,
        f"`watch` ended, although {name} answered. Write a loop: ping, wait, look for the pong, repeat.":
            over and one.pings,
        "`watch` ended without a ping. Write `async def`, and begin with `pong = await ws.ping()`.": over,
        f"{name} received no ping. Send one with `await ws.ping()`.": not one.pings,
        f"{name} answered {before} pings, but received no more of them. Ping as long as the client is there.":
            before and not pings,
        f"{name} answered the first ping, but received no second one. Ping every `interval` seconds.": not pings[1:],
        "The next ping followed too soon. Send one ping, and then `await asyncio.sleep(interval)`.":
            mean(gaps) < 0.8 * interval,
        f"{name}'s pong took half an interval, and the next ping came too late. Ping every `interval` seconds: after "
        "each pong, wait only for the rest.": one.slow and min(gaps) > 1.4 * interval,
        f"The next ping came too late. One `interval` here is {interval:g} s: after each pong, wait only for the rest.":
            min(gaps) > 1.4 * interval or len(pings) < PINGS,
    }  # fmt: skip
    came = f"pinged {len(pings)} times, every {mean(gaps):.2f} s"
    lateness.excuses = len(pings) > 1 or dropped  # a pong may have been late
    judge(talk, mistakes, name, came, f"pinged every {interval:g} s")


async def _is_gone(talk: Talk, one: _Watched, lateness: Lateness) -> None:
    """Let a client's network fall silent after a pong, and expect that the client is dropped."""
    answered, ws, interval, name = one.ws.controls, one.ws, one.interval, one.client.name
    await talk.until(lambda: ws.controls > answered or one.watching.done())
    talk.tells(f"{name}'s network", "falls", "silent")
    one.net.silence()
    before = len(one.pings)
    stays = not await talk.until(ws.transport.is_closing, within=max(STEP, 5 * interval))
    dropped, pings, closed = clock() - one.began, one.pings[before:], one.times("close")
    found = dropped - min(pings, default=dropped)
    _explain(talk, one.watching)
    mistakes = {
        f"`close()` waits for {name}'s answer, for up to 10 s, but nobody answers. Use `ws.transport.abort()`.": closed,
        f"You pinged {name} on and on, and never noticed the missing pongs. `pong = await ws.ping()` doesn't wait for "
        "the pong. It returns a future, an object that is done when the pong arrives. Ask `pong.done()`, because in an "
        "`if` every future is true.": stays and len(pings) > 2,
        f"{name} received no more pings. Send one every `interval` seconds, as long as the client is there.":
            stays and not pings and not one.watching.done(),
        f"`watch` ended, but {name} is still connected. Drop the connection with `ws.transport.abort()`.":
            stays and one.watching.done(),
        "You wait for the pong without a timeout, and it never arrives. Wait for `interval` seconds at most.": stays,
        f"You gave {name} more than one chance. Drop a client if one pong is missing after `interval` seconds.":
            len(pings) > 2,
        f"You dropped {name} too late. A client has `interval` seconds for its pong, and no second chance.":
            found > 1.3 * interval + SLACK,
        f"You dropped {name} too soon. A slow phone needs time: give it one `interval`.": found < 0.9 * interval,
    }  # fmt: skip
    lateness.excuses = not stays
    many = f"{len(pings)} ping{'s were' if len(pings) != 1 else ' was'} sent"
    came = f"{'still connected' if stays else 'dropped'} {found:.2f} s after the ping, and {many}"
    judge(talk, mistakes, name, came, f"dropped {interval:g} s after the ping that got no answer")
    await _ends(talk, one.watching, f"You dropped {name}, but `watch` goes on. Put a `return` after `abort()`.")


async def _ends(talk: Talk, watching: asyncio.Task, message: str) -> None:
    """Expect that `watch` ends without an error, now that its client is gone."""
    if not await talk.until(watching.done):
        watching.cancel()
        talk.fail(message, "watch", "is", "still running", expected="over")
    _explain(talk, watching)
    talk.tells("watch", "is", "over")


def _explain(talk: Talk, watching: asyncio.Task) -> None:
    """End the check with what `watch` raised."""
    if error := watching.exception() if watching.done() else None:
        why = ""
        if isinstance(error.__cause__, TimeoutError):
            why = " The pong was late: catch this exception, and drop the connection."
        if isinstance(error.__cause__, ConnectionClosed):
            why = " The connection is closed, which is no error here: catch `ConnectionClosed`, and return."
        talk.tells("watch", "fails", str(error), wrong=True)
        raise type(error)(f"{error}{why}")


find_dead = Exercise(
    _finds,
    hints=(
        "Write a loop that sends a ping, waits for `interval` seconds, and then looks whether the pong has arrived.",
        "Send the ping with `pong = await ws.ping()`. Ask `pong.done()` whether the client has answered it.",
        "If the client has not answered, call `ws.transport.abort()`, then `return`. If the client has left, "
        "`ws.ping()` raises ConnectionClosed: put the loop into a `try`, with `except ConnectionClosed: return`.",
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
