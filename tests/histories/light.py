"""A client of `feed` that costs little, so that one process can hold 300 of them: frames by hand, JSON by msgspec."""

import asyncio
import secrets
import socket
import struct
import sys

import msgspec

from wslearn.histories import History

RESET = struct.pack("ii", 1, 0)
HELLO = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
decode, encode = msgspec.json.decode, msgspec.json.encode


def frame(fields: dict) -> bytes:
    """Return a message as one frame of a client, masked with zeros."""
    data = encode(fields)
    length = len(data)
    head = bytes((0x81, 0x80 | length)) if length < 126 else b"\x81\xfe" + length.to_bytes(2, "big")
    return head + b"\0\0\0\0" + data


class Light(asyncio.Protocol):
    """Resumes, has one message in flight, sends it again, and drops what it has had."""

    def __init__(self, who: str, history: History, slow: bool = False) -> None:
        self.who, self.history, self.slow = who, history, slow
        self.session = secrets.token_hex(16)
        self.epoch, self.offset = "", None
        self.asked = None, ""
        self.joined = False
        self.transport = None
        self.number = 0
        #: Ids and texts that are not acknowledged yet; the first one is in flight.
        self.waiting: list[tuple[str, str]] = []
        self.resend_at: asyncio.TimerHandle | None = None
        self.lost = asyncio.Event()
        self.rest, self.in_head = b"", True
        self.heard: set[str] = set()

    async def live(self, address, rng) -> None:
        """Connect again and again."""
        loop = asyncio.get_running_loop()
        while True:
            self.lost.clear()
            self.rest, self.in_head = b"", True
            try:
                sock = socket.socket()
                sock.setblocking(False)
                if self.slow:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                await loop.sock_connect(sock, ("127.0.0.1", address()))
                await loop.create_connection(lambda: self, sock=sock)
                await self.lost.wait()
            except OSError:
                sock.close()
            await asyncio.sleep(rng.uniform(0, 0.1))

    def connection_made(self, transport) -> None:
        self.transport = transport
        resume = {} if self.offset is None else {"epoch": self.epoch, "offset": self.offset}
        self.asked = self.offset, self.epoch
        transport.write(HELLO + frame({"type": "join-room", "room": "tea", "session": self.session, **resume}))

    def connection_lost(self, error) -> None:
        self.transport, self.joined = None, False
        self.lost.set()

    def cut(self) -> None:
        """Reset the connection; what has arrived and was not read is lost."""
        if self.transport:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.transport.abort()

    def write(self, text: str) -> None:
        """Send a text, once those before it are acknowledged."""
        self.history.wrote(self.who, text)
        self.number += 1
        self.waiting.append((str(self.number), text))
        if len(self.waiting) == 1:
            self.send()

    def send(self) -> None:
        if self.waiting and self.joined and self.transport:
            id, text = self.waiting[0]
            self.transport.write(frame({"type": "room-message", "message": text, "id": id}))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        at = data.find(b"\r\n\r\n") + 4 if self.in_head else 0
        if self.in_head and at == 3:
            self.rest = data
            return
        self.in_head = False
        while len(data) - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if len(data) < start + length:
                break
            if data[at] == 0x81:
                self.take(decode(data[start : start + length]))
            at = start + length
        self.rest = data[at:]

    def take(self, fields: dict) -> None:
        match fields["type"]:
            case "room-message" if self.offset is not None and fields["offset"] > self.offset:
                self.offset = fields["offset"]
                text = sys.intern(fields["message"])  # the same text for all clients
                self.heard.add(text)
                self.history.heard(self.who, text, self.offset, self.epoch)
            case "joined":
                self.take_joined(fields)
            case "ack" if self.waiting and fields["id"] == self.waiting[0][0]:
                text = self.waiting.pop(0)[1]
                self.history.acknowledged(self.who, text, fields["offset"], self.epoch)
                self.send()
            case "error":
                self.history.refused(self.who, fields["code"])
                asyncio.get_running_loop().call_later(0.05, self.send)

    def take_joined(self, fields: dict) -> None:
        since, of = self.asked
        self.asked = None, ""
        details = {name: fields[name] for name in ("floor", "recovered", "missed")}
        self.history.joined(self.who, fields["epoch"], fields["offset"], since=since, of=of, **details)
        if not fields["recovered"]:
            self.history.told(self.who)
        if fields["epoch"] != self.epoch:
            self.epoch, self.offset = fields["epoch"], fields["offset"] if self.offset is None else 0
        self.joined = True
        self.send()
