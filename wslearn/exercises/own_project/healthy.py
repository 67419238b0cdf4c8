"""Task 2 of lesson 11: a health check that tells the truth, because it is a client like any other."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import Exercise, NotYet, Talk, shown
from wslearn.exercises.engine.expectations import STEP

#: The time that a server may take, in seconds.
SECONDS = 0.3
PONG = {"type": "pong"}


async def _well(ws: ServerConnection, *before: object) -> None:
    """Send some other messages, and a pong for each ping."""
    async for text in ws:
        if isinstance(text, str) and text.replace(" ", "") == '{"type":"ping"}':
            for message in (*before, PONG):
                await ws.send(json.dumps(message))


async def _busy(ws: ServerConnection) -> None:
    await ws.send('{"type": "news", "message": "pong"}')
    await _well(ws, {"type": "presence", "members": ["Ann"]})


async def _silent(ws: ServerConnection) -> None:
    await ws.wait_closed()


async def _failing(ws: ServerConnection) -> None:
    async for _ in ws:
        await ws.send('{"type": "error", "message": "no database"}')


async def _chatty(ws: ServerConnection) -> None:
    while True:
        await ws.send('{"type": "news"}')
        await asyncio.sleep(SECONDS / 6)


async def _full(ws: ServerConnection) -> None:
    await ws.close(1013, "try again later")


#: What each server does, its handler, what must be returned, and what a student reads otherwise.
SERVERS: tuple[tuple[str, Any, bool, str], ...] = (
    ("a server that replies", _well, True, 'This server sends a pong. Send it `{"type": "ping"}` as JSON, and return '
     'True when a message with `"type": "pong"` has arrived.'),
    ("a server that sends other messages first", _busy, True, "This server is healthy: its pong comes after other "
     "messages. Ignore those, and look at the `type` of the next one."),
    ("a server whose app never replies", _silent, False, "This server accepts connections, but its app never replies. "
     "A connection proves nothing, and neither does a pong *frame*, which the library sends. Wait for the message."),
    ("a server whose app replies with errors", _failing, False, "This server replies with an error only. Wait for a "
     'message with `"type": "pong"`: any other message is no pong.'),
    ("a server that sends news all the time", _chatty, False, "This server never sends a pong."),
    ("a server that closes at once", _full, False, "This server closed the connection with 1013."),
)  # fmt: skip
LATE = (
    "Your function should give up after `seconds`, for everything together: connecting, and all messages. Put all of "
    "it into one `async with asyncio.timeout(seconds):`."
)
OPEN = "Your function has returned, and its connection is still open. `async with connect(url) as ws:` closes it."


@asynccontextmanager
async def _serving(handler: Any, status: int = 0) -> AsyncIterator[Any]:
    """Serve with plain `websockets`; a `status` refuses each handshake."""

    async def quiet(ws: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # a client that gives up is the point here
            await handler(ws)

    def refuse(ws: ServerConnection, request: Any) -> Any:
        return ws.respond(status, "draining\n") if status else None

    server = await serve(quiet, "127.0.0.1", 0, process_request=refuse, close_timeout=STEP / 4)
    try:
        yield server
    finally:
        server.close()
        await server.wait_closed()


async def _asks(talk: Talk, function: Any, what: str, port: int, expected: bool, message: str) -> None:
    try:
        came = await talk.call(function, f"ws://127.0.0.1:{port}", SECONDS)
    except NotYet as wrong:
        late = "did not end" in str(wrong)
        talk.tells(what, "fails", str(wrong), wrong=True)
        raise NotYet(
            LATE if late else f"Here was {what}. {wrong} A health check says False, and raises nothing."
        ) from None
    if came is not expected:
        talk.fail(message, what, "is", shown(came), expected=shown(expected))
    talk.tells(what, "is", shown(came))


def _nobody(server: Any) -> bool:
    return not server.connections


async def _healthy(talk: Talk, healthy: Any) -> None:
    for what, handler, expected, message in SERVERS:
        async with _serving(handler) as server:
            port = server.sockets[0].getsockname()[1]
            await _asks(talk, healthy, what, port, expected, message)
            if not await talk.until(partial(_nobody, server)):
                talk.fail(OPEN, what, "has", "a connection", expected="no connection any longer")
    async with _serving(_well, 503) as server:
        port = server.sockets[0].getsockname()[1]
        text = "This server refuses each handshake with 503, because it is about to stop."
        await _asks(talk, healthy, "a server that answers 503", port, False, text)
    await _asks(talk, healthy, "no server at all", port, False, "Nobody listens there.")
    async with await asyncio.start_server(lambda reader, writer: writers.append(writer), "127.0.0.1", 0) as hanging:
        writers: list[asyncio.StreamWriter] = []
        port = hanging.sockets[0].getsockname()[1]
        text = "This server accepts the TCP connection, and never answers the handshake."
        try:
            await _asks(talk, healthy, "a server that hangs", port, False, text)
        finally:
            for writer in writers:
                writer.close()


healthy = Exercise(
    _healthy,
    hints=(
        "Be a client: connect, send the ping, and read messages until the pong is there.",
        "`async for text in ws:` reads messages. It just ends, or raises, if the server closes: then return False.",
        "Put everything into `async with asyncio.timeout(seconds):`, and that into a `try:` with "
        "`except (OSError, WebSocketException): return False`. `TimeoutError` is an `OSError`.",
    ),
    answer="""
import asyncio
import json

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

async def healthy(url, seconds):
    try:
        async with asyncio.timeout(seconds), connect(url) as ws:
            await ws.send(json.dumps({"type": "ping"}))
            async for text in ws:
                if json.loads(text)["type"] == "pong":
                    return True
    except (OSError, WebSocketException):
        pass
    return False
""",
    why="This check goes the whole way: TCP, handshake, the app's own code, and back. Whatever is broken on that way, "
    "it says False, and it says so in time. One limit around everything is safer than a limit for each step, because "
    "steps add up.",
)
