"""Phones that tests play: programs that talk to the phones' server of a class as the page does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from support import hear, tell
from websockets.asyncio.client import ClientConnection, connect

from wslearn.classroom import ClassServers


def at(servers: ClassServers, path: str = "ws") -> str:
    """Return the address of a phone's WebSocket on this machine."""
    return f"ws://127.0.0.1:{servers.phones.port}/{servers.code}/{path}"


@asynccontextmanager
async def phone(servers: ClassServers, name: str | None = "Ann", session: str | None = None) -> AsyncIterator[Any]:
    """Let a phone join, and yield its connection; `name` is a member of it, and the three first messages are read."""
    async with connect(at(servers), close_timeout=1) as ws:
        welcome, poll, wall = await join(ws, name, session)
        ws.welcome, ws.poll, ws.wall = welcome, poll, wall
        yield ws


async def join(ws: ClientConnection, name: str | None = "Ann", session: str | None = None) -> list[dict]:
    """Join, and return the first three messages."""
    await tell(ws, type="join-class", session=session or secrets.token_hex(16), name=name)
    return [await hear(ws) for _ in range(3)]


@asynccontextmanager
async def board(servers: ClassServers) -> AsyncIterator[ClientConnection]:
    """Open the board's WebSocket."""
    async with connect(servers.board_url.replace("http", "ws", 1) + "ws", close_timeout=1) as ws:
        yield ws


async def board_until(ws: ClientConnection, wanted: Any) -> dict:
    """Return the first state of the board of which `wanted(state)` holds."""
    while not wanted(state := await hear(ws, "board")):
        pass
    return state


def states(state: dict) -> dict[str, str]:
    """Return how each person on the board is doing."""
    return {person["name"]: person["state"] for person in state["people"]}


@contextmanager
def noted(ws: Any) -> Iterator[list[bytes]]:
    """Note every byte that a client's connection receives, headers and control frames too, from now on."""
    received: list[bytes] = []
    original = ws.data_received

    def data_received(data: bytes) -> None:
        received.append(data)
        original(data)

    ws.transport.get_protocol().data_received = data_received
    try:
        yield received
    finally:
        ws.transport.get_protocol().data_received = original


async def raw(servers: ClassServers, request: str, port: int | None = None) -> bytes:
    """Send a request as it is, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port or servers.phones.port)
    writer.write(request.encode())
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
