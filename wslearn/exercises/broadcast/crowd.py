"""Several clients at one server: who is there, who has gone, and whether a text was passed on."""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress

from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.expectations import STEP, NotYet, OrElse
from wslearn.exercises.engine.talk import Talk
from wslearn.server import Server
from wslearn.server.connection import Connection


async def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait for a state that sends no event, for so many seconds at most; return whether it came about."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
    return condition()


async def until(talk: Talk, condition: Callable[[], bool], why: str | Callable[[], str], who: str, what: str) -> None:
    """Wait until who does what, and write down nothing unless it does not come about; `why` is for the student."""
    if not await within(STEP, condition):
        talk.tells(who, "should", what, wrong=True)
        raise NotYet(why() if callable(why) else why)


async def meet(talk: Talk, server: Server, *names: str, **options) -> list[Client]:
    """Connect clients, and wait until the server knows all of them, or a handler has failed."""
    there = len(server.connections) + len(names)
    clients = [await talk.client(server, name, **options) for name in names]
    why = "A client was closed as soon as it came: a handler must go on as long as its client is there."
    await until(
        talk, lambda: len(server.connections) == there or failed(server), why, "the server", f"keep {there} connections"
    )
    if failed(server):
        raise NotYet("")  # the handler's own error says more
    return clients


def failed(server: Server) -> str:
    """Return the first error in a server's log, of a handler for instance, or an empty text."""
    return next((event.text for event in server.log if event.kind == "error"), "")


async def gone(talk: Talk, server: Server, left: int) -> None:
    """Wait until the server has noticed who is gone, and has so many connections left."""
    why = "A client has gone, and the server does not notice: a handler must end when its client has gone."
    await until(talk, lambda: len(server.connections) == left, why, "the server", f"have {left} connections left")


def connection(server: Server, number: int) -> Connection:
    """Return the server's end of the connection that was opened as number `number`, from 1 on."""
    return next(ws for ws in server.connections if ws.name == f"guest-{number}")


def passed_on(talk: Talk, server: Server, text: str, or_else: OrElse) -> OrElse:
    """Return what a student is told whose server should have passed on a text as it is: `or_else`, or what is nearer.

    After an error in the handler it is nothing: that error says why, and whatever followed from it would mislead.
    """

    def why(came: object) -> str:
        if failed(server):
            return ""
        if any(
            isinstance(heard, dict) and heard.get("code") == "bad-message" for c in talk.clients for heard in c.heard
        ):
            return (
                "`ws.receive(Say)` reads JSON, and answers all else with an error. Here messages are plain text: "
                "loop `async for message in ws:`."
            )
        if in_json(text, came):
            return IN_JSON
        return or_else(came) if callable(or_else) else or_else

    return why


#: What a student is told whose text came in quotes, or inside an object.
IN_JSON = (
    "The text came as JSON, and should come as it is. `fan_out` makes JSON of a message; for raw text use `broadcast`."
)


def in_json(text: str, came: object) -> bool:
    """Return whether what came is the text in JSON's quotes, or a JSON object with the text in it."""
    return came == json.dumps(text) or (isinstance(came, dict) and text in came.values())


def small_buffer(ws: Connection) -> None:
    """Let the system keep little for a client that does not read: its own buffer takes megabytes."""
    ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
