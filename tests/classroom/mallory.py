"""Mallory's program: everything at once against `wslearn class`, for so many seconds; run by test_under_attack.py.

    python mallory.py http://127.0.0.1:8000/CODE 10

It prints what came back, as a JSON object: how many responses of each status, and connections closed with each code.
"""

import asyncio
import json
import os
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

#: Connections that try to get in, all from one address.
CONNECTIONS = 300
TRICKS = [
    "<img src=x onerror=alert(1)>", "\u202eevil\u202c", "\u2066\u2069\u200b\u200d",
    "A\u0301\u0301\u0301\u0301\u0301\u0301",
    "Ann\u0000", "\ud83d\ude00" * 10, "\u3164", "A" * 100, "مرحبا", "'; drop table people; --", "{{7*7}}", "Phone 1",
]  # fmt: skip
FRAMES = [
    b"\x81\x05hello", b"\xc1\x80abcd", b"\x83\x80abcd", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffabcd",
    b"\x89\xfe\xff\xffabcd",
    b"\x88\x81abcd\x00", b"\x80\x80abcd", b"\x81\x82abcd\x9f\x9f", b"\x01\x80abcd" * 500, b"GET / HTTP/1.1\r\n\r\n",
]  # fmt: skip

found: Counter[str] = Counter()


class Mallory:
    """One attacker with many ways in, until `end`."""

    def __init__(self, url: str, seconds: float) -> None:
        self.host, self.code = url.removeprefix("http://").split("/")
        self.address = tuple(self.host.split(":"))
        self.ws = f"ws://{self.host}/{self.code}/ws"
        self.end = asyncio.get_running_loop().time() + seconds
        self.unanswered, self.all_answered = CONNECTIONS, asyncio.Event()

    def left(self) -> bool:
        """Whether there is time left."""
        return asyncio.get_running_loop().time() < self.end

    def rounds(self, least: int) -> Iterator[None]:
        """Go on as long as there is time, and at least so many times, however slow this machine is."""
        while self.left() or least > 0:
            least -= 1
            yield

    async def run(self) -> None:
        """Do everything at the same time."""
        attacks = [self.guess, self.foreign, self.speak_nonsense, self.never_read, self.half_a_request, self.names]
        crowd = [self.flood(number) for number in range(CONNECTIONS)]
        await asyncio.gather(*(attack() for attack in attacks), *crowd)

    async def raw(self, *parts: bytes, wait: float = 30.0) -> bytes:
        """Send bytes, and return the first that come back."""
        try:
            async with asyncio.timeout(wait):
                reader, writer = await asyncio.open_connection(*self.address)
                try:
                    for part in parts:
                        writer.write(part)
                        await writer.drain()
                    return await reader.read(4096)
                finally:
                    writer.transport.abort()
        except (OSError, TimeoutError):
            return b""

    def request(self, path: str, **headers: str) -> bytes:
        """Return a request for a WebSocket."""
        fields = {
            "Host": self.host, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()

    async def guess(self) -> None:
        """Wrong codes and none, as fast as possible."""
        for _ in self.rounds(10):
            for path in (f"/{secrets.token_hex(3)}/ws", "/", "/ws", f"/{self.code}x/ws", f"/{self.code}/board.html"):
                note("status", await self.raw(self.request(path)))

    async def foreign(self) -> None:
        """Other pages' Origin, other names as Host."""
        for _ in self.rounds(10):
            for headers in (
                {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
                {"Host": "evil.example", "Origin": "http://evil.example"},
                {"Host": f"localhost.evil.example:{self.address[1]}"},
            ):  # fmt: skip
                note("status", await self.raw(self.request(f"/{self.code}/ws", **headers)))

    async def speak_nonsense(self) -> None:
        """Handshake, then what is no frame, or a forbidden one."""
        for _ in self.rounds(2):
            for frame in FRAMES:
                await self.raw(self.request(f"/{self.code}/ws"), frame, wait=0.5)
                found["nonsense"] += 1

    async def never_read(self) -> None:
        """Join, ask for much, and read nothing."""
        loop, held = asyncio.get_running_loop(), []
        for _ in range(5):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.setblocking(False)
            await loop.sock_connect(sock, (self.address[0], int(self.address[1])))
            await loop.sock_sendall(sock, self.request(f"/{self.code}/ws"))
            held.append(sock)
        join = json.dumps({"type": "join-class", "session": secrets.token_hex(16), "name": "Sam"}).encode()
        with suppress(OSError):
            while self.left():
                for sock in held:
                    await loop.sock_sendall(sock, masked(join))
                await asyncio.sleep(0.1)
        found["never read"] += len(held)
        for sock in held:
            sock.close()

    async def half_a_request(self) -> None:
        """Hold connections that never finish a request."""
        held = []
        for _ in range(100):
            with suppress(OSError):
                held.append((await asyncio.open_connection(*self.address))[1])
                held[-1].write(b"GET / HTTP/1.1\r\nX: ")
        while self.left():
            for writer in held:
                writer.write(b"y")
            await asyncio.sleep(0.5)
        for writer in held:
            writer.transport.abort()

    async def names(self) -> None:
        """Join as somebody new again and again, under names that play tricks."""
        for _ in self.rounds(2):
            for name in TRICKS:
                try:
                    async with connect(self.ws, close_timeout=0.2, proxy=None) as ws:
                        await ws.send(
                            json.dumps({"type": "join-class", "session": secrets.token_hex(16), "name": name})
                        )
                        json.loads(await asyncio.wait_for(ws.recv(), 5))
                        found["names"] += 1
                except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                    found["no name"] += 1

    async def flood(self, number: int) -> None:
        """One of 300 connections: it joins, and sends messages as fast as they go, good ones and bad ones.

        Nobody begins before all have been let in or refused: who is closed early would make room for one who is late.
        """
        try:
            async with AsyncExitStack() as stack:
                try:
                    opening = connect(self.ws, close_timeout=0.2, open_timeout=60, proxy=None)
                    ws = await stack.enter_async_context(opening)
                finally:
                    self.unanswered -= 1
                    if not self.unanswered:
                        self.all_answered.set()
                found["let in"] += 1
                await ws.send(
                    json.dumps({"type": "join-class", "session": secrets.token_hex(16), "name": TRICKS[number % 12]})
                )
                await self.all_answered.wait()
                for _ in self.rounds(20):
                    await ws.send(self.something(number))
                    number += 1
                    if number % 20 == 0:  # twice as many as are allowed in a second, and again
                        await asyncio.sleep(1)
        except InvalidHandshake as error:
            found[f"refused with {getattr(getattr(error, 'response', None), 'status_code', None)}"] += 1
        except ConnectionClosed as error:
            found[f"closed with {error.rcvd and error.rcvd.code}"] += 1
        except (OSError, TimeoutError) as error:
            found[type(error).__name__] += 1

    def something(self, number: int) -> str | bytes:
        """Return a message."""
        return [
            json.dumps({"type": "rename", "name": TRICKS[number % len(TRICKS)]}),
            json.dumps({"type": "wall-message", "message": TRICKS[number % len(TRICKS)] * 9, "id": str(number)}),
            json.dumps({"type": "react", "reaction": "\U0001f44d"}),
            json.dumps({"type": "join-class", "session": secrets.token_hex(16)}),
            json.dumps({"type": "vote", "poll": "p1", "choice": 99, "id": "x" * 60}),
            json.dumps({"type": "show"}), json.dumps({"type": "remove", "name": "Phone 1"}),
            "[" * 1000, os.urandom(100), '{"type":"ping"}',
        ][number % 10]  # fmt: skip


def note(what: str, answer: bytes) -> None:
    """Count a response by its status."""
    found[f"{what} {answer[9:12].decode(errors='replace')}"] += 1


def masked(payload: bytes) -> bytes:
    """Return a client's text frame, with a mask of zeros."""
    return bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2) + bytes(4) + payload


async def main() -> None:
    """Attack, and tell what happened."""
    await Mallory(sys.argv[1], float(sys.argv[2])).run()
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
