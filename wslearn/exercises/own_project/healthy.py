"""Task 2 of lesson 11: a health check that tells the truth, because it is a client like any other."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import cycle
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import Exercise, NotYet, Talk, shown
from wslearn.exercises.engine.expectations import STEP
from wslearn.exercises.engine.steady import undisturbed

#: The time that a server may take, in seconds.
SECONDS = 0.3
PONG = '{"type": "pong"}'
#: Types that are no "pong", whatever somebody compares.
NEARLY = ("news", "ping", "on", "pongs", "table-pong", "Pong", " pong")
#: A server that takes so long is healthy if `seconds` allows it.
SLOW, ALLOWED = 1.2, 6.0


async def _well(ws: ServerConnection, *before: object, pong: str = PONG) -> None:
    """Reply to each ping with some other messages and a pong."""
    async for text in ws:
        if isinstance(text, str) and text.replace(" ", "") == '{"type":"ping"}':
            for message in before:
                await ws.send(json.dumps(message))
            await ws.send(pong)


async def _busy(ws: ServerConnection) -> None:
    await ws.send('{"type": "news", "message": "pong"}')
    await _well(ws, {"type": "presence", "members": ["Ann"]}, pong='{"id":7,"type":"pong"}')


async def _silent(ws: ServerConnection) -> None:
    await ws.wait_closed()


async def _failing(ws: ServerConnection) -> None:
    async for _ in ws:
        await ws.send('{"type": "error", "message": "no database"}')


async def _chatty(ws: ServerConnection) -> None:
    for kind in cycle(NEARLY):
        await ws.send(json.dumps({"type": kind, "message": "pong"}))
        await asyncio.sleep(SECONDS / 20)


async def _slow(ws: ServerConnection) -> None:
    async for _ in ws:
        await asyncio.sleep(SLOW)
        await ws.send(PONG)


async def _full(ws: ServerConnection) -> None:
    await ws.close(1013, "try again later")


async def _leaving(ws: ServerConnection) -> None:
    await ws.recv()


#: What each server does, its handler, what must be returned, and what a student reads otherwise.
SERVERS: tuple[tuple[str, Any, bool, str], ...] = (
    ("a server that replies", _well, True, 'This server sends a pong. Send it `{"type": "ping"}` as JSON, and return '
     'True when a message with `"type": "pong"` has arrived.'),
    ("a server that sends other messages first", _busy, True, "This server is healthy: its pong comes after other "
     'messages, and is `{"id":7,"type":"pong"}`. Parse each message with `json.loads`, and look only at its `type`.'),
    ("a server whose app never replies", _silent, False, "This server accepts connections, but its app never replies. "
     "A connection proves nothing, and neither does a pong *frame*, which the library sends. Wait for the message."),
    ("a server whose app replies with errors", _failing, False, "This server replies only with an error. Wait for a "
     'message with `"type": "pong"`, because no other message is a pong.'),
    ("a server that sends news all the time", _chatty, False, "This server sends many messages, "
     'but none of them has the `type` "pong". Parse each message with `json.loads`, and compare its `type`.'),
    ("a server that closes at once", _full, False, "This server closed the connection with 1013."),
    ("a server that closes instead of a reply", _leaving, False, "This server closed the connection with 1000. The "
     "loop over its messages ends then, without an exception. Return False after it."),
)  # fmt: skip
LATE = (
    "Your function should give up after `seconds`. The limit is for connecting and for all messages together, so put "
    "everything into one `async with asyncio.timeout(seconds):`."
)
UNSEEN = (
    "No client reached this server. Use `async with connect(url) as ws:` with the `connect` of "
    "`websockets.asyncio.client`. The one of `websockets.sync` blocks the event loop, and this server runs in it."
)
OPEN = "Your function has returned, and its connection is still open. `async with connect(url) as ws:` closes it."


@asynccontextmanager
async def _serving(handler: Any, status: int = 0) -> AsyncIterator[Any]:
    """Serve with plain `websockets`; a `status` refuses each handshake. The server's `seen` counts its clients."""

    async def quiet(ws: ServerConnection) -> None:
        server.seen += 1
        with suppress(ConnectionClosed):  # a client that gives up is the point here
            await handler(ws)

    def refuse(ws: ServerConnection, request: Any) -> Any:
        return ws.respond(status, "draining\n") if status else None

    server: Any = await serve(quiet, "127.0.0.1", 0, process_request=refuse, close_timeout=STEP / 4)
    server.seen = 0
    try:
        yield server
    finally:
        server.close()
        await server.wait_closed()


async def _asks(
    talk: Talk, function: Any, what: str, server: Any, expected: bool, message: str, seconds: float = SECONDS
) -> None:
    port = server.sockets[0].getsockname()[1] if server.sockets else server.port
    try:
        came = await talk.call(function, f"ws://127.0.0.1:{port}", seconds, within=max(STEP, seconds))
    except NotYet as wrong:
        late = "did not end" in str(wrong)
        talk.tells(what, "fails", str(wrong), wrong=True)
        text = "Your function should return True or False, and raise nothing."
        if "dict-like" in str(wrong):
            text = "`send` takes a string: make one with `json.dumps`."
        raise NotYet(LATE if late else f"The check ran {what}. {wrong} {text}") from None
    if came is not expected:
        message = UNSEEN if expected and not server.seen else message
        talk.fail(message, what, "is", shown(came), expected=shown(expected))
    talk.tells(what, "is", shown(came))


def _nobody(server: Any) -> bool:
    return not server.connections


async def _healthy(talk: Talk, healthy: Any) -> None:
    for what, handler, expected, message in SERVERS:
        async with _serving(handler) as server:
            await undisturbed(talk, partial(_asks, talk, healthy, what, server, expected, message))
            if not await talk.until(partial(_nobody, server)):
                talk.fail(OPEN, what, "has", "a connection", expected="no connection any longer")
    async with _serving(_slow) as server:
        text = f"This server replied after {SLOW} s, and `seconds` was {ALLOWED:.0f}. Use `seconds` as the limit."
        await _asks(talk, healthy, "a server that takes its time", server, True, text, ALLOWED)
    async with _serving(_well, 503) as server:
        server.port = server.sockets[0].getsockname()[1]
        text = "This server refuses each handshake with 503, because it is about to stop."
        await _asks(talk, healthy, "a server that answers 503", server, False, text)
    await _asks(talk, healthy, "no server at all", server, False, "Nobody listens there.")
    async with await asyncio.start_server(lambda reader, writer: writers.append(writer), "127.0.0.1", 0) as hanging:
        writers: list[asyncio.StreamWriter] = []
        text = "This server accepts the TCP connection, and never answers the handshake."
        try:
            await undisturbed(talk, partial(_asks, talk, healthy, "a server that hangs", hanging, False, text))
        finally:
            for writer in writers:
                writer.close()


healthy = Exercise(
    _healthy,
    hints=(
        "Act as a client: connect, send the ping, and read messages until the pong arrives.",
        "`async for text in ws:` reads messages. If the server closes, the loop ends or raises. Return False in both "
        "cases.",
        "Put everything into `async with asyncio.timeout(seconds):`, and put that block into a `try:` with "
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
    why="This check goes the whole way: TCP, the handshake, the app's own code, and back. It returns False wherever "
    "something on that way is broken, and it does so in time. One limit around everything is safer than a limit for "
    "each step, because the steps add up.",
)
