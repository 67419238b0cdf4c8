"""Task 3 of lesson 07: close all connections at the same time, and within a time limit."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from websockets.protocol import OPEN

from wslearn.common.buffers import SMALL
from wslearn.exercises.engine import STEP, Client, Exercise, Message, NotYet, Talk, otherwise
from wslearn.exercises.engine.steady import undisturbed
from wslearn.limits import Limits
from wslearn.server import Server

#: Without the watchdog of `Server`, which would drop stalled clients for the student.
UNWATCHED = Limits(max_unsent=None, stall_timeout=None)


class Shutdown(NamedTuple):
    """How many clients do not answer, the `seconds` for the shutdown, and when Carl answers, who is slow."""

    stuck: int
    seconds: float
    slow: float = 0.0


#: One after the other, ten clients need ten times as long as all at once. The 2 s of a step lie between the two, and
#: far from both.
SHUTDOWNS = (
    Shutdown(0, 1.8),
    Shutdown(10, 0.4),
    Shutdown(1, 0.8, slow=0.3),
    Shutdown(0, 1.8, slow=0.3),
    Shutdown(1, 0),
)
#: By how much a shutdown may be late: this part of `seconds`, and so many seconds more.
LATE, MORE = 0.3, 0.3
#: A binary message of 1 MB, which a client that does not read cannot take.
LARGE = bytes([0x82, 0x7F]) + (1_000_000).to_bytes(8) + bytes(1_000_000)
AT_ONCE = "Close all connections at the same time, with `asyncio.gather` or a task each."
ABOUT_END = {
    None: "{name} would answer, but you did not close the connection. Call `await ws.close(1001)` for each connection.",
    1000: "{name} was closed with 1000, which means that everything is done. A server that shuts down sends 1001.",
    lambda came: came[0] == 1006: "You dropped {name} without a closing handshake. First let each client answer.",
    otherwise: lambda came: f"{{name}} was closed with {came[0]}. A server that shuts down sends 1001.",
}
#: By how many clients were told, and how many there are.
ABOUT_TIME = {
    lambda came: came[0] <= 1: (
        f"A client that doesn't answer held up the shutdown, and you told the others nothing. {AT_ONCE}"
    ),
    lambda came: came[0] < came[1]: (
        "After 2 s you had told only some clients, because each has its own time limit, and those add up. `seconds` is "
        f"for all clients together. {AT_ONCE} Put one limit around that."
    ),
    otherwise: "You told all clients, but then waited for those that never answer. Put one limit on the whole wait: "
    "`asyncio.timeout(seconds)`, or `asyncio.wait(tasks, timeout=seconds)`.",
}
TOO_EARLY = (
    "You ended the shutdown too early. A client has `seconds` for its answer, so wait until then, as long as a client "
    "has not answered."
)
TOO_LATE = "You used more time than `seconds`. Take the limit from the argument, and wait only once."


class _Waiting(Server):
    async def handler(self, ws):
        await ws.wait_closed()


async def _goodbye(talk: Talk, function: Callable) -> None:
    async def part(shutdown: Shutdown) -> None:
        async with talk.server(_Waiting, limits=UNWATCHED) as server:
            await _shuts_down(talk, function, server, shutdown)

    for shutdown in SHUTDOWNS:
        await undisturbed(talk, partial(part, shutdown))
    talk.tells("the server", "shuts down", "without any client")
    text = "Without a client there is nothing to wait for. Return at once."
    if (took := await _ends(talk, text, function, [], 1.0)) > 0.5:
        talk.fail(text, "goodbye", "ends", f"after {took:.1f} s", expected="at once")


async def _shuts_down(talk: Talk, function: Callable, server: Any, shutdown: Shutdown) -> None:
    count, seconds, slow = shutdown
    stuck = await talk.clients(server, *(f"stuck-{n + 1}" for n in range(count)), receive_buffer=SMALL)
    others = await talk.clients(server, "Ann", "Bob", *["Carl"] * bool(slow))
    connections = [client.peer for client in (*stuck, *others)]
    for client in stuck:
        client.stops_reading()
        client.peer.transport.write(LARGE)
    if slow:
        others[-1].stops_reading()
        asyncio.get_running_loop().call_later(slow, others[-1].reads_again)
    talk.tells("the server", "shuts down", f"in {seconds:g} s at most; {count} clients don't answer")
    half = asyncio.create_task(_told_after(seconds / 2, connections))
    given = list(connections)
    took = await _ends(talk, ABOUT_TIME, function, given, seconds)
    talk.tells("goodbye", "ends", f"after {took:.1f} s")
    if seconds:
        await _all_answer(talk, others, connections[count:])
    if seconds and stuck and (told := await half)[0] < told[1]:
        text = f"You told one client after the other, so the last ones had hardly any time to answer. {AT_ONCE}"
        talk.fail(text, "goodbye", "has", f"told {told[0]} of {told[1]} clients after half of the time")
    _in_time(talk, shutdown, took)
    if not await talk.until(lambda: not server.connections, within=0.5):
        text = "The time is up, but some clients are still connected. Drop them with `ws.transport.abort()`."
        talk.fail(text, "the server", "has", f"{len(server.connections)} connections", expected="none")
    text = "You changed the list that `goodbye` was called with. Its caller may still need it."
    if given != connections:
        talk.fail(text, "the list", "has", f"{len(given)} connections", expected=f"{len(connections)} connections")


async def _all_answer(talk: Talk, clients: list[Client], connections: list) -> None:
    """Expect that each of the clients got 1001, and that its answer was waited for."""
    for client, ws in zip(clients, connections, strict=True):
        answered = ws.protocol.close_rcvd is not None
        await client.is_closed(1001, None, ABOUT_END)
        if not answered:
            text = "You did not wait for {name}'s answer. `await ws.close(1001)` returns when the client has answered."
            talk.fail(f"{text} {TOO_EARLY}", client.name, "is", "dropped before the answer")


def _in_time(talk: Talk, shutdown: Shutdown, took: float) -> None:
    due = shutdown.seconds if shutdown.stuck else shutdown.slow
    if took < 0.9 * due:
        talk.fail(TOO_EARLY, "goodbye", "ends", f"after {took:.2f} s", expected=f"after {due:g} s")
    if took > (1 + LATE) * due + MORE:
        text = "All clients answered, but you still used up more time. Return as soon as all are closed."
        text = TOO_LATE if shutdown.stuck else text
        talk.fail(text, "goodbye", "ends", f"after {took:.2f} s", expected=f"after {due:g} s")


def _told(connections: list) -> tuple[int, int]:
    """Return to how many of them a close frame has been sent, and how many there are."""
    return sum(ws.protocol.state is not OPEN for ws in connections), len(connections)


async def _ends(talk: Talk, message: Message, function: Callable, connections: list, seconds: float) -> float:
    """Return how many seconds a student's function took; after 2 s the check ends with `message`."""
    began = monotonic()
    try:
        await talk.call(function, connections, seconds)
    except NotYet as error:
        late = error.__cause__ is None and monotonic() - began >= STEP
        talk.fail(message if late else str(error), "goodbye", "fails", str(error), came=_told(connections))
    return monotonic() - began


async def _told_after(seconds: float, connections: list) -> tuple[int, int]:
    await asyncio.sleep(seconds)
    return _told(connections)


goodbye = Exercise(
    _goodbye,
    hints=(
        "`await ws.close(1001)` returns when the client has answered. Wait for all clients at the same time.",
        "Call `await asyncio.gather(*(ws.close(1001) for ws in connections))` to close all at once. Put it inside "
        "`async with asyncio.timeout(seconds):`, which raises `TimeoutError` when the time is up.",
        "Put `with suppress(TimeoutError):` around the timeout, and after it "
        "`for ws in connections: ws.transport.abort()`. For a connection that has closed, `abort()` does nothing.",
    ),
    answer="""
import asyncio
from contextlib import suppress


async def goodbye(connections, seconds):
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(ws.close(1001) for ws in connections))
    for ws in connections:
        ws.transport.abort()
""",
    why="Clients that can answer get the whole closing handshake, all at the same time. Clients that can't answer cost "
    "no more than `seconds`, however many there are. `gather` without arguments ends at once, so a server without "
    "clients shuts down, too.",
)
