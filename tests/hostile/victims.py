"""The servers under attack: how to be their next client, and what their logs must look like afterwards."""

import asyncio
import json
import logging
from itertools import count

from support import hear, tell
from websockets.asyncio.client import ClientConnection, connect

from wslearn import EchoServer, Server
from wslearn.servers.auth import AuthServer
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.chat import ChatServer
from wslearn.servers.feed import FeedServer
from wslearn.servers.heartbeat import HeartbeatServer
from wslearn.servers.rooms import RoomsServer
from wslearn.testing.raw import Raw, close_frame

SERVERS = {
    server.__name__.removesuffix("Server").lower(): server
    for server in (EchoServer, BroadcastServer, RoomsServer, AuthServer, HeartbeatServer, ChatServer, FeedServer)
}
#: What a good client says.
SERVED = "this is served"

_users = count(1)


def token_of(server: Server) -> str | None:
    """Return a token for one more user, or None where the server asks for none."""
    # One user each, because all connections of one user share one rate.
    return server.tokens.issue(f"user-{next(_users)}") if hasattr(server, "tokens") else None


async def enter(server: Server) -> ClientConnection:
    """Connect, as far as the point where the server listens to what the lesson is about."""
    token = token_of(server)
    # A full queue would stop its reading, also of pongs, and then a minute of attacks ends it.
    headers = {"Authorization": f"Bearer {token}"} if token else None
    ws = await connect(server.url, additional_headers=headers, max_queue=None)
    if token:
        assert (await hear(ws))["type"] == "authenticated"
    elif server.name == "echo":
        assert await asyncio.wait_for(ws.recv(), 30) == "Welcome! Connection established."
    return ws


def saying(server: Server, text: str) -> str:
    """Return what a client of `server` sends to say `text`."""
    match server.name:
        case "echo":
            return text
        case "heartbeat":
            return '{"type":"ping"}'
        case "broadcast" | "auth":
            return json.dumps({"message": text})
    return json.dumps({"type": "room-message", "message": text})


async def be_served(server: Server) -> None:
    """Be the next client, and get what a client comes for."""
    ws = await enter(server)
    if server.name in ("rooms", "chat", "feed"):
        await tell(ws, type="join-room", room="served")
        assert len((await hear(ws, "presence"))["members"]) == 1
    await ws.send(saying(server, SERVED))
    answer = await asyncio.wait_for(ws.recv(), 30)
    assert SERVED in answer or answer == '{"type":"pong"}', answer
    await ws.close()


async def open_raw(server: Server, more: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect without a library and do the opening handshake, with a token where one is asked for."""
    if token := token_of(server):
        more += f"Authorization: Bearer {token}\r\n"
    raw = await Raw.opened(server.url, more)
    return raw.reader, raw.writer


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Return what still comes; a reset ends a connection too, and takes with it what was on its way."""
    answer = b""
    async with asyncio.timeout(30):
        try:
            while data := await reader.read(65536):
                answer += data
        except ConnectionError:
            pass
    return answer


def close_code(answer: bytes) -> int | None:
    """Return the code of the close frame in what a server sent."""
    return (close_frame(answer) or (None,))[0]


def assert_one_line_each(records: list[logging.LogRecord]) -> None:
    """Nothing that a client does is worth a traceback, an error, a second line, or what a terminal would obey."""
    assert any(record.name == "wslearn" for record in records)
    for record in records:
        line = record.getMessage()
        assert line.isprintable() and not record.exc_info and record.levelno < logging.ERROR, repr(line)
