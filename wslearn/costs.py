"""What clients cost a server: the time until all have a message, and memory while they say nothing. Lessons 03 and 07.

The server runs in its own process. Its clients are plain sockets that only wait, so that the server's work is what is
measured and not theirs, and hundreds fit into a notebook. Everything stays on this machine.
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

#: Time for a server's answer, in seconds.
PATIENCE = 20.0
#: Clients before those whose memory counts: they fill what the process had free already.
WARM_UP = 100
ENDED = "the server has ended a connection"


class Crowd:
    """Connections to one server: `Crowd(url)` begins with none, `grow(n)` makes them n, `close()` ends them.

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
        """Close all connections, without a goodbye."""
        while self._sockets:
            self._sockets.pop().close()

    def grow(self, count: int, message: str = "") -> None:
        """Connect until there are `count`. Each new one says `message`, if there is one, and waits for an answer."""
        allow_open_files(count)
        while len(self._sockets) < count:
            sock = socket.create_connection((self._url.hostname, self._url.port), PATIENCE)
            self._sockets.append(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(self._request())
            status = _exactly(sock, 12)
            if status != b"HTTP/1.1 101":
                raise ConnectionError(f"no WebSocket, but {status.decode()}")
            head = b""
            while not head.endswith(b"\r\n\r\n"):  # nothing follows: these servers do not speak first
                head += _some(sock, 4096)
            if message:
                sock.sendall(_frame(message))
                _frame_size(sock)

    def fan_out_seconds(self, message: str, rounds: int) -> float:
        """Return the time from one client's `message` until all have heard it, in seconds, the shortest of `rounds`.

        What makes another round longer is mostly the rest of the computer, which is not the server's cost.
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
    """Return how long a broadcast takes until all of so many clients have it, in seconds, for each of `counts`."""
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
    """Return how much a server's process grows with so many clients, in bytes, for each of `counts`.

    Each says one message of 4 KB, and then nothing. `compression` is that of `wslearn serve`: `none` or `deflate`.
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
    """Return a text as a client's frame, masked (RFC 6455, section 5.2)."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


def _frame_size(sock: socket.socket) -> int:
    """Read a server's frame, and return how many bytes it has in all. Raises ConnectionError for a close."""
    head = _exactly(sock, 2)
    if head[0] & 0x0F == Opcode.CLOSE:
        raise ConnectionError(ENDED)
    if head[1] == 126:
        head += _exactly(sock, 2)
    payload = int.from_bytes(head[2:], "big") if len(head) == 4 else head[1]
    _exactly(sock, payload)
    return len(head) + payload


def _exactly(sock: socket.socket, count: int) -> bytes:
    """Read so many bytes. Raises ConnectionError where the server ends the connection before."""
    data = _some(sock, count)
    while len(data) < count:
        data += _some(sock, count - len(data))
    return data


def _some(sock: socket.socket, most: int) -> bytes:
    if not (data := sock.recv(most)):
        raise ConnectionError(ENDED)
    return data
