"""Measure the costs of clients for a server: the time of a broadcast, the memory of idle clients. Lessons 03 and 07.

The server runs in its own process. Its clients are plain sockets that only wait, so that the measurement is about the
server's work and not theirs, and hundreds of clients fit into a notebook. Everything stays on this machine.
"""

import asyncio
import json
import os
import socket
from base64 import b64encode
from collections.abc import Sequence
from time import perf_counter
from typing import Self
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

from wslearn.process import ServerProcess, allow_open_files

#: Timeout of a server's response, in seconds.
PATIENCE = 20.0
#: Clients before those whose memory counts: they use up the memory that the process had free.
WARM_UP = 100
#: Clients that connect together: while the server answers one of them, the next one asks.
BATCH = 25
ENDED = "the server has ended a connection"


class Crowd:
    """Connections to one server: `grow(n)` makes them n, `close()` ends them.

    With `deflate` they offer compression as browsers do (RFC 7692). Its methods block, so call them in a thread.
    """

    def __init__(self, url: str, *, deflate: bool = False) -> None:
        self._url, self._deflate = urlsplit(url), deflate
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop all connections, without a closing handshake."""
        while self._sockets:
            self._sockets.pop().close()

    def grow(self, count: int, message: str = "") -> None:
        """Connect until there are `count` clients. Each new one sends `message`, if given, and waits for a reply."""
        allow_open_files(count)
        while (here := len(self._sockets)) < count:
            new = [self._ask() for _ in range(min(BATCH, count - here))]
            for sock in new:
                _accepted(sock)
                if message:
                    sock.sendall(_frame(message))
            for sock in new if message else ():
                _frame_size(sock)

    def _ask(self) -> socket.socket:
        sock = socket.create_connection((self._url.hostname, self._url.port), PATIENCE)
        self._sockets.append(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self._request())
        return sock

    def fan_out_seconds(self, message: str, rounds: int) -> float:
        """Return the shortest time of `rounds` from one client's `message` until all have received it, in seconds.

        Longer rounds are mostly caused by other programs, so they do not show the server's cost.
        """
        first, *others = self._sockets
        frame, times = _frame(message), []
        for number in range(rounds + 2):  # two to warm up
            began = perf_counter()
            first.sendall(frame)
            size = _frame_size(first)
            for sock in others:
                _exactly(sock, size)
            if number >= 2:
                times.append(perf_counter() - began)
        return min(times)

    def _request(self) -> bytes:
        offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if self._deflate else ""
        key = b64encode(os.urandom(16)).decode()
        return (
            f"GET / HTTP/1.1\r\nHost: {self._url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
        ).encode()


async def fan_out_growth(counts: Sequence[int] = (100, 200, 400, 600, 800), rounds: int = 20) -> list[float]:
    """Return how long a broadcast takes until all clients have it, in seconds, for each number in `counts`."""
    async with ServerProcess("broadcast", "--rate", "none", "--max-connections", "none") as server:

        def measure() -> list[float]:
            times, message = [], json.dumps({"message": "hello to all of you"})
            with Crowd(server.url) as crowd:
                for count in counts:
                    crowd.grow(count)
                    times.append(crowd.fan_out_seconds(message, rounds))
            return times

        return await asyncio.to_thread(measure)


async def memory_growth(compression: str = "none", counts: Sequence[int] = (50, 100, 150, 200, 250)) -> list[float]:
    """Return how much a server's process grows with clients, in bytes, for each number in `counts`.

    Each client sends one message of 4 KB, and nothing after it. `compression` is `none` or `deflate`.
    """
    import psutil  # it comes with Jupyter's kernel

    options = ("--plain", "--compression", compression, "--max-connections", "none")
    async with ServerProcess("echo", *options) as server:

        def measure() -> list[float]:
            message = json.dumps([n * n for n in range(600)])
            with Crowd(server.url, deflate=compression == "deflate") as crowd:
                sizes = []
                for count in (0, *counts):
                    crowd.grow(WARM_UP + count, message)
                    sizes.append(psutil.Process(server.pid).memory_info().rss)
            return [size - sizes[0] for size in sizes[1:]]

        return await asyncio.to_thread(measure)


def _frame(text: str) -> bytes:
    """Return a string as a client's frame, masked (RFC 6455, section 5.2)."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


def _accepted(sock: socket.socket) -> None:
    """Read the response of an opening handshake. Raises ConnectionError if it is not 101."""
    head = b""
    while b"\r\n\r\n" not in head:  # no message follows, because these servers do not send first
        if not (part := sock.recv(4096)):
            raise ConnectionError(ENDED)
        head += part
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(f"no WebSocket, but {head[:12].decode()}")


def _frame_size(sock: socket.socket) -> int:
    """Read a server's frame, and return its size in bytes. Raises ConnectionError for a close frame."""
    head = _exactly(sock, 2)
    if head[0] & 0x0F == Opcode.CLOSE:
        raise ConnectionError(ENDED)
    if head[1] == 126:
        head += _exactly(sock, 2)
    payload = int.from_bytes(head[2:], "big") if len(head) == 4 else head[1]
    _exactly(sock, payload)
    return len(head) + payload


def _exactly(sock: socket.socket, count: int) -> bytes:
    """Read so many bytes. Raises ConnectionError if the server ends the connection before."""
    data = b""
    while len(data) < count:
        if not (part := sock.recv(count - len(data))):
            raise ConnectionError(ENDED)
        data += part
    return data
