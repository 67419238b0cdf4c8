"""aiohttp: `python aiohttp_peer.py WORK [LOOP]`."""

import asyncio
import json

import life
from aiohttp import WSMsgType, web
from words import broadcast_text, room_text

work, loop = life.arguments()
clients: set[web.WebSocketResponse] = set()
rooms: dict[str, set[web.WebSocketResponse]] = {}


async def send_to(some: set[web.WebSocketResponse], text: str) -> None:
    for ws in list(some):
        await ws.send_str(text)


async def handler(request: web.Request) -> web.WebSocketResponse:
    ws, room = web.WebSocketResponse(compress=False), None
    await ws.prepare(request)
    clients.add(ws)
    try:
        async for message in ws:
            if message.type != WSMsgType.TEXT:
                break
            if work == "echo":
                await ws.send_str(message.data)
                continue
            said = json.loads(message.data)
            if work == "broadcast":
                await send_to(clients, broadcast_text(said))
            elif said["type"] == "join-room":
                room = said["room"]
                rooms.setdefault(room, set()).add(ws)
            else:
                await send_to(rooms[room], room_text(room, said))
    finally:
        clients.discard(ws)
        rooms.get(room, set()).discard(ws)
    return ws


async def main() -> None:
    app = web.Application()
    app.router.add_get("/ws", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    life.ready(runner.addresses[0][1])
    await asyncio.Event().wait()


life.run(main, loop)
