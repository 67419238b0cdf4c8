"""The exercise of lesson 07 about clients that do not answer: a goodbye to all at once, and in time."""

import asyncio
from collections.abc import Callable

from websockets.protocol import OPEN

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import STEP
from wslearn.exercises.engine.talk import Talk
from wslearn.exercises.robustness.robustness_slow import SMALL, UNWATCHED, arrived, takes, wrong
from wslearn.server import Server

#: Clients that do not answer, and the time for them, in seconds. All at once they need this time, one after the other
#: ten times as much. A step's time, `STEP`, lies between the two, and far from both.
_STUCK, _PATIENCE = 10, 0.4


class _Waiting(Server):
    async def handler(self, ws):
        await ws.wait_closed()


async def _goodbye(talk: Talk, function: Callable) -> None:
    async with talk.server(_Waiting, limits=UNWATCHED) as server:
        ann, ben = await talk.client(server, "ann"), await talk.client(server, "ben")
        connections = await arrived(talk, server, 2)
        talk.tells("the server", "says goodbye", "in 1.8 s at the most: ann and ben answer at once")
        took = await takes(talk, STEP, lambda: _held_up(connections), function, connections, 1.8)
        for client in (ann, ben):
            await client.is_closed(1001, None, _ended)
        if took > 1.5:
            text = "All had answered, and still the whole time went by: return as soon as all connections are closed."
            wrong(talk, "goodbye", "ends", f"after {took:.1f} s", text)

    async with talk.server(_Waiting, limits=UNWATCHED) as server:
        stuck = [await talk.client(server, f"stuck-{n}", receive_buffer=SMALL) for n in range(1, _STUCK + 1)]
        cat = await talk.client(server, "cat")
        connections = await arrived(talk, server, _STUCK + 1)
        for client, ws in zip(stuck, connections, strict=False):
            client.stops_reading()
            ws.transport.write(bytes([0x82, 0x7F]) + (1_000_000).to_bytes(8) + bytes(1_000_000))  # it waits there
        limit = f"in {_PATIENCE:g} s at the most"
        talk.tells("the server", "says goodbye", f"{limit}: stuck-1 to stuck-{_STUCK} do not answer, cat does")
        half = asyncio.create_task(_told_after(_PATIENCE / 2, connections))
        took = await takes(talk, STEP, lambda: _held_up(connections), function, connections, _PATIENCE)
        talk.tells("goodbye", "ends", f"after {took:.1f} s")
        await cat.is_closed(1001, None, _ended)
        if (told := await half) < len(connections):
            text = (
                "They were told one after the other, and who was told last had hardly any time left to answer. "
                "Say goodbye to all at the same time: `asyncio.gather`, or a task each."
            )
            came = f"{told} of {len(connections)} clients when half of the time was over"
            wrong(talk, "goodbye", "has told", came, text)
        if left := sum(not ws.transport.is_closing() for ws in connections):
            text = (
                "The time was up, and clients that do not answer are still connected: `ws.transport.abort()` ends them."
            )
            wrong(talk, "the server", "has", f"{left} connections left", text)

    talk.tells("the server", "says goodbye", "with no client at all")
    text = "Without a client there is nobody to wait for: return at once."
    await takes(talk, STEP, lambda: text, function, [], 0.5)


def _told(connections: list) -> int:
    """Return to how many of them a close has been said."""
    return sum(ws.protocol.state is not OPEN for ws in connections)


async def _told_after(seconds: float, connections: list) -> int:
    await asyncio.sleep(seconds)
    return _told(connections)


def _held_up(connections: list) -> str:
    told = _told(connections)
    if told <= 1:
        return (
            "A client that does not answer held up the goodbye, and those behind it heard nothing of it. "
            "Say goodbye to all at the same time: `asyncio.gather`, or a task each."
        )
    if told < len(connections):
        return (
            f"One after the other, each with a limit of its own: after {STEP:g} s only {told} of {len(connections)} "
            "had been told, because the times add up. `seconds` is for all together: say goodbye to all at the same "
            "time (`asyncio.gather`, or a task each), and put one limit around that."
        )
    return (
        "All were told, but then `goodbye` went on waiting for clients that never answer. Put one bound on the whole "
        "wait: `asyncio.timeout(seconds)`, or `asyncio.wait(tasks, timeout=seconds)`."
    )


def _ended(came: tuple[int, str] | None) -> str:
    match came and came[0]:
        case None:
            return "A client that would answer was not told: call `await ws.close(1001)` for each connection."
        case 1000:
            return "Closed with 1000, which means that all is said. A server that goes away says 1001."
        case 1006:
            return "A client that would answer was cut off without a goodbye. `abort()` is for when the time is up."
    return f"Closed with {came[0]}. A server that goes away says 1001."


goodbye = Exercise(
    _goodbye,
    hints=(
        "Closing is a question and an answer: `await ws.close(1001)` ends when the client has answered. "
        "How many can you wait for at the same time?",
        "`await asyncio.gather(*(ws.close(1001) for ws in connections))` asks all at once. "
        "`async with asyncio.timeout(seconds):` bounds what is inside, and raises `TimeoutError`.",
        "`with suppress(TimeoutError):` around the bound, and behind it "
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
    why="Those who can answer get the whole goodbye, all at the same time. Those who cannot cost no more than "
    "`seconds`, however many they are. `gather` of nothing ends at once, so a server without clients stops too.",
)
