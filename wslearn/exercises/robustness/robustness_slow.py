"""What `wslearn.exercises.shutdown` needs to check a goodbye to clients that do not read. Lesson 07."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import NoReturn

from wslearn.exercises.engine.expectations import STEP, NotYet
from wslearn.exercises.engine.talk import Talk
from wslearn.limits import Limits
from wslearn.server import Server

#: The watchdog of `Server` must not do what students shall write.
UNWATCHED = Limits(max_unsent=None, stall_timeout=None)
#: What the system keeps for a connection, in bytes: little, so that a client that does not read is soon noticed.
SMALL = 4096


def wrong(talk: Talk, who: str, did: str, what: str, text: str) -> NoReturn:
    """End the check with what came, and a text for the student."""
    talk.tells(who, did, what, wrong=True)
    raise NotYet(text)


async def until(condition: Callable[[], bool]) -> bool:
    """Wait for a state that sends no event, as long as a step may take; return whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STEP):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
    return condition()


async def arrived(talk: Talk, server: Server, count: int) -> list:
    """Wait until so many clients are there; return the server's side of them, in the order in which they came."""
    if not await until(lambda: len(server.connections) == count):
        text = "A client came, and its connection did not stay. Does your `handler` end too soon?"
        wrong(talk, "the server", "has", f"{len(server.connections)} connections, and {count} clients came", text)
    for ws in server.connections:
        ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    return sorted(server.connections, key=lambda ws: (len(ws.name), ws.name))  # guest-2 before guest-10


async def takes(talk: Talk, seconds: float, or_else: Callable[[], str], function: Callable, *arguments) -> float:
    """Call a student's function, and return how long it took; after so many seconds the check ends with `or_else()`."""
    began = monotonic()
    try:
        await talk.call(function, *arguments, within=seconds)
    except NotYet as problem:
        late = problem.__cause__ is None and monotonic() - began >= seconds
        name, end = getattr(function, "__name__", "it"), f"not within {seconds:g} s" if late else "with an error"
        wrong(talk, name, "ends", end, or_else() if late else str(problem))
    return monotonic() - began
