"""The least that the work can cost, without the protocol: `python floor.py WORK [LOOP]`.

echo: asyncio's TCP, and every byte comes back. broadcast and rooms: one read a message, then a loop of bare
`socket.send`, each of one frame as large as wslearn's, made when the same bytes came for the first time.
"""

import asyncio
import json
import selectors
import socket

import life

work, loop = life.arguments()
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Echo(asyncio.Protocol):
    shaken = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data if self.shaken else SWITCH)
        self.shaken = True


async def echo() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    life.ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def texts(data: bytes) -> list[tuple[bytes, dict]]:
    """Return each whole frame in `data` as it is, and its JSON."""
    found = []
    while data:
        length, head = data[1] & 0x7F, 2
        if length == 126:
            length, head = int.from_bytes(data[2:4]), 4
        key, end = data[head : head + 4], head + 4 + length
        text = bytes(byte ^ key[i % 4] for i, byte in enumerate(data[head + 4 : end]))
        found.append((data[:end], json.loads(text)))
        data = data[end:]
    return found


def ready_made(said: dict, room: str) -> bytes:
    where = {} if work == "broadcast" else {"room": room, "sender": "guest-1"}
    message = {"type": "broadcast"} | said | where | {"timestamp": "2026-11-23T19:10:00.123Z"}
    payload = json.dumps(message, separators=(",", ":")).encode()
    length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2)
    return b"\x81" + length + payload


def fan_out() -> None:
    """Serve without asyncio. A client that does not read ends it all: BlockingIOError."""
    listener, selector = socket.create_server(("127.0.0.1", 0), backlog=1024), selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    life.ready(listener.getsockname()[1])
    rooms: dict[str, list[socket.socket]] = {"": []}
    room_of: dict[socket.socket, str] = {}
    frames: dict[tuple[str, bytes], bytes] = {}
    while True:
        for key, _ in selector.select():
            sock = key.fileobj
            if sock is listener:
                sock = listener.accept()[0]
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(sock, selectors.EVENT_READ)
                continue
            data = sock.recv(1 << 16)
            if not data:
                return
            room = room_of.get(sock)
            if room is None:
                sock.send(SWITCH)
                room_of[sock] = ""
                rooms[""].append(sock)
                continue
            frame = frames.get((room, data))
            if frame is not None:
                for client in rooms[room]:
                    client.send(frame)
                continue
            for raw, said in texts(data):
                if said.get("type") == "join-room":
                    room = room_of[sock] = said["room"]
                    rooms[""].remove(sock)
                    rooms.setdefault(room, []).append(sock)
                    continue
                frame = frames[room, raw] = ready_made(said, room)
                for client in rooms[room]:
                    client.send(frame)


if work == "echo":
    life.run(echo, loop)
else:
    fan_out()
