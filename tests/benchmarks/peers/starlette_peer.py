"""Starlette on uvicorn: `python starlette_peer.py WORK [LOOP]`."""

import json
import socket

import life
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from words import broadcast_text, room_text

work, loop = life.arguments()
clients: set[WebSocket] = set()
rooms: dict[str, set[WebSocket]] = {}


async def send_to(some: set[WebSocket], text: str) -> None:
    for ws in list(some):
        await ws.send_text(text)


async def handler(ws: WebSocket) -> None:
    room = None
    await ws.accept()
    clients.add(ws)
    try:
        while True:
            text = await ws.receive_text()
            if work == "echo":
                await ws.send_text(text)
                continue
            said = json.loads(text)
            if work == "broadcast":
                await send_to(clients, broadcast_text(said))
            elif said["type"] == "join-room":
                room = said["room"]
                rooms.setdefault(room, set()).add(ws)
            else:
                await send_to(rooms[room], room_text(room, said))
    except WebSocketDisconnect:
        pass
    finally:
        clients.discard(ws)
        rooms.get(room, set()).discard(ws)


config = uvicorn.Config(
    Starlette(routes=[WebSocketRoute("/ws", handler)]), loop=loop, log_level="error", ws_per_message_deflate=False
)
sock = socket.create_server(("127.0.0.1", 0), backlog=config.backlog)
life.ready(sock.getsockname()[1])
uvicorn.Server(config).run(sockets=[sock])
