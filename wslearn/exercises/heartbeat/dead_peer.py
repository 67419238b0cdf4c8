"""The exercise of lesson 06 that looks for a dead peer: ping, wait, look, and drop."""

import asyncio
from itertools import pairwise
from time import perf_counter as clock

from websockets.exceptions import ConnectionClosed

from wslearn import frames
from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import STEP, NotYet
from wslearn.network import SimulatedNetwork
from wslearn.server import Server

#: The interval of the check, in seconds.
INTERVAL = 0.25


class _QuietServer(Server):
    keepalive = None

    async def handler(self, ws):
        await ws.wait_closed()


def unmet(talk, who, expected, came, why):
    """Write down what was expected and what came, in words, and end the check with `why`."""
    talk.tells(who, "should be", expected)
    talk.tells(who, "is", came, wrong=True)
    raise NotYet(why)


async def _finds(talk, watch):
    async with talk.server(_QuietServer) as server, SimulatedNetwork(server.url) as net:
        await talk.client(server, "ann", url=net.url)
        [ann] = server.connections
        watching = asyncio.create_task(talk.call(watch, ann, INTERVAL, within=4 * STEP))
        try:
            await _ann_answers(talk, net, ann, watching)
            await _ann_is_gone(talk, net, ann, watching)
        finally:
            watching.cancel()
            await asyncio.wait({watching})  # the network stays silent: ann would answer all her pings, to nobody
        await _ben_leaves(talk, server, watch)


async def _ann_answers(talk, net, ann, watching):
    answered = asyncio.create_task(_has_answered(ann, 2))
    gone = asyncio.create_task(ann.wait_closed())
    await asyncio.wait({gone, answered, watching}, timeout=STEP, return_when=asyncio.FIRST_COMPLETED)
    answered.cancel()
    pings = _named(net, "ping")
    if ann.transport.is_closing():
        why = "ann was dropped, though she answered. Drop only those whose pong is still missing when the time is over."
        unmet(talk, "ann", "connected, as long as she answers", "dropped", why)
    if watching.done():
        _explain(talk, watching)
        why = "`watch` ended, and has sent no ping. Write `async def`, and begin with `pong = await ws.ping()`."
        if pings:
            why = "`watch` ended, though ann answered. It needs a loop: ping, wait, look, and again."
        unmet(talk, "watch", "at work, as long as ann is there", "over", why)
    expected = f"pinged every {INTERVAL:g} s"
    if len(pings) < 2:
        why = "No ping came to ann. `await ws.ping()` sends one."
        if pings:
            why = "After the first ping no other came, though ann answered. Ping again, every `interval` seconds."
        unmet(talk, "ann", expected, f"pinged {'once' if pings else 'never'} in {STEP:g} s", why)
    gap = pings[1].time - pings[0].time
    if gap < 0.6 * INTERVAL:  # a machine that was held up sees the first one late, and then only one gap is short
        more = asyncio.create_task(_has_answered(ann, 4))
        await asyncio.wait({gone, more, watching}, timeout=STEP, return_when=asyncio.FIRST_COMPLETED)
        more.cancel()
        times = [ping.time for ping in _named(net, "ping")[:4]]
        gap = max(later - earlier for earlier, later in pairwise(times))
    if gap < 0.6 * INTERVAL:
        why = "Far too many pings: the next one followed at once. Wait `await asyncio.sleep(interval)` between two."
        unmet(talk, "ann", expected, f"pinged again after {gap:.3f} s", why)
    talk.tells("ann", "answers", f"{len(pings)} pings")


async def _ann_is_gone(talk, net, ann, watching):
    talk.tells("the network", "falls", "silent")
    net.silence()
    heard = len(_named(net, "ping"))
    began, late = clock(), asyncio.create_task(_late_by())
    await asyncio.wait({asyncio.create_task(ann.wait_closed())}, timeout=STEP)
    found, stays = clock() - began, ann in ann.owner.sockets
    pings, goodbye = len(_named(net, "ping")) - heard, bool(_named(net, "close"))
    _explain(talk, watching)
    came = f"{'still connected' if stays else 'dropped'} after {found:.2f} s; pings meanwhile: {pings}"
    if stays or goodbye or pings > 2 or found > 3.2 * INTERVAL + await late:
        expected = f"dropped after {INTERVAL:g} to {2 * INTERVAL:g} s"
        unmet(talk, "ann", expected, came, _about_finding(stays, goodbye, pings, watching.done()))
    if found < 0.8 * INTERVAL:
        why = "Too soon: a phone may be slow for a moment. It has one `interval` to answer."
        unmet(talk, "ann", f"dropped after {INTERVAL:g} s at the earliest", came, why)
    await asyncio.wait({watching}, timeout=STEP)
    if not watching.done():
        why = "ann has been dropped, but `watch` goes on. Put a `return` after `abort()`."
        unmet(talk, "watch", "over, when ann has been dropped", "still at work", why)
    talk.tells("ann", "is", came)


def _about_finding(stays, goodbye, pings, over):
    if goodbye:
        return (
            "You said goodbye with a close frame, and ann cannot hear it: `close()` waits for her answer, for up to "
            "10 s. Use `ws.transport.abort()`."
        )
    if stays and pings > 2:
        return (
            "ann was pinged on and on, and nobody noticed that her pongs are missing. `pong = await ws.ping()` waits "
            "for no pong: it gives a future, for later. A future is always true, so `if not pong` asks nothing: ask "
            "`pong.done()`."
        )
    if stays and over:
        return "`watch` has noticed it and ended, and ann is still connected: drop her with `ws.transport.abort()`."
    if stays:
        return "You wait for the pong without a limit of time, and it never comes. Wait for `interval` seconds at most."
    if pings > 2:
        return "ann had more than one chance. The first pong that is missing when its time is over is enough."
    return "ann was dropped too late: the time for a pong should be `interval`."


async def _ben_leaves(talk, server, watch):
    ben = await talk.client(server, "ben")
    [seen] = server.connections
    watching = asyncio.create_task(talk.call(watch, seen, INTERVAL, within=4 * STEP))
    await asyncio.wait({watching, asyncio.create_task(_has_answered(seen, 1))}, timeout=STEP)
    await ben.closes()
    await asyncio.wait({watching}, timeout=STEP)
    if not watching.done():
        watching.cancel()
        why = (
            "ben has left, but `watch` goes on: each client that comes and goes would leave one behind. "
            "`ws.ping()` raises ConnectionClosed then: let it end the loop."
        )
        unmet(talk, "watch", "over, when ben has left", "still at work", why)
    _explain(talk, watching)
    talk.tells("watch", "is", "over")


def _explain(talk, watching):
    """Raise what `watch` raised, unless it is that the connection has ended: that may well end it."""
    error = watching.exception() if watching.done() else None
    if error and not isinstance(error.__cause__, ConnectionClosed):
        talk.tells("watch", "fails", str(error), wrong=True)
        if isinstance(error.__cause__, TimeoutError):
            raise NotYet(f"{error} The pong did not come in time: catch this, and drop ann.") from error.__cause__
        raise error


async def _has_answered(ws, pings):
    """Wait until a client has answered so many pings; no event tells."""
    while ws.controls < pings:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def _late_by():
    """Return by how many seconds this machine is late, in the time of two intervals."""
    began = clock()
    for _ in range(2):
        await asyncio.sleep(INTERVAL)
    return clock() - began - 2 * INTERVAL


def _named(net, name):
    """Return the frames of this name that the network has taken in."""
    return [item for item in frames.read(net.recording) if isinstance(item, frames.Frame) and item.name == name]


find_dead = Exercise(
    _finds,
    hints=(
        "A loop: send a ping, wait for `interval` seconds, look whether the pong has come.",
        "`pong = await ws.ping()` sends the ping. `pong.done()` says whether it was answered.",
        "Where it was not answered: `ws.transport.abort()`, then `return`.",
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
        pass  # the client has left by itself
""",
    why="""The ping is sent at the beginning of an interval, and looked at when it is over. So a peer that is gone is
found after one to two intervals. `abort` needs no answer; `close` would wait for one.""",
)
