"""The least that a fan-out can cost, without the protocol: `python floor.py broadcast`.

One read for a message, then a loop of bare `socket.send`, each of one frame as large as wslearn's. The frame is made
when the same bytes come for the first time.
"""

import json
import selectors
import socket

import life

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def answer(data: bytes) -> bytes:
    """Return the frame for all clients, for the one masked frame of a client (RFC 6455, section 5.2)."""
    head = 4 if data[1] & 0x7F == 126 else 2
    key = data[head : head + 4]
    said = json.loads(bytes(byte ^ key[i % 4] for i, byte in enumerate(data[head + 4 :])))
    message = {"type": "broadcast"} | said | {"timestamp": "2026-11-23T19:10:00.123Z"}
    payload = json.dumps(message, separators=(",", ":")).encode()
    length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2)
    return b"\x81" + length + payload


def fan_out() -> None:
    """Serve without asyncio. A client that does not read ends it all: BlockingIOError."""
    listener, selector = socket.create_server(("127.0.0.1", 0), backlog=1024), selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    life.ready(listener.getsockname()[1])
    clients: list[socket.socket] = []
    shaken: set[socket.socket] = set()
    frames: dict[bytes, bytes] = {}
    while True:
        for key, _ in selector.select():
            sock = key.fileobj
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(sock, selectors.EVENT_READ)
                clients.append(sock)
                continue
            data = sock.recv(1 << 16)
            if not data:
                return
            if sock not in shaken:
                sock.send(SWITCH)
                shaken.add(sock)
                continue
            frame = frames.get(data)
            if frame is None:
                frame = frames[data] = answer(data)
            for client in clients:
                client.send(frame)


if __name__ == "__main__":
    fan_out()
