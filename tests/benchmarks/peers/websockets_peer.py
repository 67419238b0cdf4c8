"""Bare `websockets`: `python websockets_peer.py WORK [LOOP]`."""

import json

import life
from websockets.asyncio.server import ServerConnection, broadcast, serve
from words import broadcast_text, room_text

work, loop = life.arguments()
rooms: dict[str, set[ServerConnection]] = {}


async def echo(ws: ServerConnection) -> None:
    async for message in ws:
        await ws.send(message)


async def to_all(ws: ServerConnection) -> None:
    async for text in ws:
        broadcast(ws.server.connections, broadcast_text(json.loads(text)))


async def to_room(ws: ServerConnection) -> None:
    room = None
    try:
        async for text in ws:
            said = json.loads(text)
            if said["type"] == "join-room":
                room = said["room"]
                rooms.setdefault(room, set()).add(ws)
            else:
                broadcast(rooms[room], room_text(room, said))
    finally:
        rooms.get(room, set()).discard(ws)


async def main() -> None:
    handler = {"echo": echo, "broadcast": to_all, "rooms": to_room}[work]
    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        life.ready(server.sockets[0].getsockname()[1])
        await server.wait_closed()


life.run(main, loop)
