"""Tornado, on asyncio's own event loop as usual: `python tornado_peer.py WORK`."""

import asyncio
import json

import life
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler
from words import broadcast_text, room_text

work, loop = life.arguments()
clients: set[WebSocketHandler] = set()
rooms: dict[str, set[WebSocketHandler]] = {}


def send_to(some: set[WebSocketHandler], text: str) -> None:
    for ws in list(some):
        try:
            ws.write_message(text)
        except WebSocketClosedError:
            some.discard(ws)


class Handler(WebSocketHandler):
    room = None

    def open(self) -> None:
        clients.add(self)

    def on_message(self, text: str) -> None:
        if work == "echo":
            self.write_message(text)
            return
        said = json.loads(text)
        if work == "broadcast":
            send_to(clients, broadcast_text(said))
        elif said["type"] == "join-room":
            self.room = said["room"]
            rooms.setdefault(self.room, set()).add(self)
        else:
            send_to(rooms[self.room], room_text(self.room, said))

    def on_close(self) -> None:
        clients.discard(self)
        rooms.get(self.room, set()).discard(self)


async def main() -> None:
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([("/ws", Handler)])).add_sockets(sockets)
    life.ready(sockets[0].getsockname()[1])
    await asyncio.Event().wait()


life.run(main, loop)
