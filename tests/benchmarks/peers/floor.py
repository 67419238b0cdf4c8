"""The least that a fan-out can cost, without the protocol: `python floor.py broadcast`.

One read for a message, then a loop of bare `socket.send`, each of one frame as large as wslearn's. The frame is made
when the same bytes come for the first time.
"""

import json
import selectors
import socket

from python_peers import ready
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def answer(data: bytes) -> bytes:
    """Return the frame for all clients, for the one frame of a client."""
    parser = Protocol(SERVER)
    parser.receive_data(data)
    (frame,) = parser.events_received()
    message = {"type": "broadcast"} | json.loads(frame.data) | {"timestamp": "2026-11-23T19:10:00.123Z"}
    return Frame(Opcode.TEXT, json.dumps(message, separators=(",", ":")).encode()).serialize(mask=False)


def fan_out() -> None:
    """Serve without asyncio. A client that does not read ends it all: BlockingIOError."""
    listener, selector = socket.create_server(("127.0.0.1", 0), backlog=1024), selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    ready(listener.getsockname()[1])
    clients: list[socket.socket] = []
    frames: dict[bytes, bytes] = {}
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.recv(1 << 16)  # the request, which comes at once
                sock.sendall(SWITCH)
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ)
                clients.append(sock)
                continue
            if not (data := key.fileobj.recv(1 << 16)):
                return
            frame = frames.get(data)
            if frame is None:
                frame = frames[data] = answer(data)
            for client in clients:
                client.send(frame)


if __name__ == "__main__":
    fan_out()
