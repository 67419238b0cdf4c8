"""Several clients at one server: wait until the server knows who is there and who has gone."""

import asyncio
from collections.abc import Callable

from wslearn.connection import Connection
from wslearn.exercises.client import Client
from wslearn.exercises.expectations import STEP, NotYet
from wslearn.exercises.talk import Talk
from wslearn.server import Server


async def until(talk: Talk, condition: Callable[[], bool], why: str | Callable[[], str], who: str, what: str) -> None:
    """Wait until who does what, and write down nothing unless it does not come about; `why` is for the student."""
    try:
        async with asyncio.timeout(STEP):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
    except TimeoutError:
        talk.tells(who, "should", what, wrong=True)
        raise NotYet(why() if callable(why) else why) from None


async def meet(talk: Talk, server: Server, *names: str, **options) -> list[Client]:
    """Connect clients, and wait until the server knows all of them, or a handler has failed."""
    there = len(server.connections) + len(names)
    clients = [await talk.client(server, name, **options) for name in names]
    failed = lambda: any(event.kind == "error" for event in server.log)  # noqa: E731
    why = "A client was closed as soon as it came: a handler must go on as long as its client is there."
    await until(
        talk, lambda: len(server.connections) == there or failed(), why, "the server", f"keep {there} connections"
    )
    if failed():
        raise NotYet("")  # the handler's own error says more
    return clients


async def gone(talk: Talk, server: Server, left: int) -> None:
    """Wait until the server has noticed who is gone, and has so many connections left."""
    why = "A client has gone, and the server does not notice: a handler must end when its client has gone."
    await until(talk, lambda: len(server.connections) == left, why, "the server", f"have {left} connections left")


def connection(server: Server, number: int) -> Connection:
    """Return the server's end of the connection that was opened as number `number`, from 1 on."""
    return next(ws for ws in server.connections if ws.name == f"guest-{number}")
