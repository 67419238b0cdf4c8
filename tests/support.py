"""What several tests need: raw sockets, waits with a bound, what is still there."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from random import SystemRandom
from urllib.parse import urlsplit

import psutil
from websockets.exceptions import ConnectionClosed

from wslearn.common import patience
from wslearn.limits import TokenBucket
from wslearn.testing.raw import HANDSHAKE, frame

__all__ = [
    "HANDSHAKE", "Clock", "Stopwatch", "closed_with", "frame", "free_ports", "hear", "listening", "no_task_left",
    "raw_websocket", "request", "runs", "stop_rates", "tell", "until",
]  # fmt: skip


class Clock:
    """A clock that a test sets, in seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stopwatch:
    """Counts the time of a block in which this process had its turns: `seconds`, for a bound from above.

    While the machine stands still the watch does too, since each of its turns counts as little more than a pause. What
    waits too long, for a timer or for someone who does not answer, is seen all the same. What blocks the event loop is
    not: measure its `time.process_time`.
    """

    PAUSE = 0.01

    @property
    def seconds(self) -> float:
        """The time that has been counted."""
        return self._clock.now()

    async def __aenter__(self) -> "Stopwatch":
        self._clock = patience.Clock(self.PAUSE, own := patience.waits(threading.current_thread()), own)
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.PAUSE)
            self._clock.tick()


def stop_rates(monkeypatch, clock: Callable[[], float] | None = None) -> None:
    """Let the limits of messages go by another clock: by one that stands still, unless given one.

    By the real one, a machine that stands still for a second lets a second's worth of messages more pass.
    """
    monkeypatch.setattr(TokenBucket.__init__, "__defaults__", (None, clock or Clock()))


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until `condition()` holds: for states that send no event. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


@contextmanager
def no_task_left() -> Iterator[None]:
    """Expect that the block leaves no task on the event loop: at once, not some turns later."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before
    assert not left, f"still on the event loop: {left}"


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that are all free.

    Where a program asks for any port, the system chooses a higher one, so these are likely to stay free for a while.
    """
    while True:
        with ExitStack() as held, suppress(OSError):
            first = SystemRandom().randrange(10_000, 30_000)
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def listening(port: int) -> bool:
    """Return whether something accepts connections at this port of this machine."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def runs(pid: int) -> bool:
    """Whether a process runs: one that has ended may still be in the list for whoever started it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def request(server, text: str, *, more: str = "", path: str = "/", eof: bool = False) -> bytes:
    """Send `text` (`handshake` stands for a good one) as it is, and return all that comes until the end.

    With `eof` the sending half of the connection is closed behind it.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    if text == "handshake":
        text = HANDSHAKE.format(path=path, host=urlsplit(server.url).netloc, more=more)
    writer.write(text.encode("latin-1"))
    if eof:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


async def raw_websocket(server, *, receive_buffer: int | None = None) -> socket.socket:
    """Return a blocking socket on which the opening handshake is done, and whose reading is the test's affair."""

    def shake() -> socket.socket:
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(HANDSHAKE.format(path="/", host=urlsplit(server.url).netloc, more="").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        return sock

    return await asyncio.to_thread(shake)


async def hear(ws, kind: str | None = None) -> dict:
    """Return the next message, or the next of type `kind`, decoded from JSON."""
    async with asyncio.timeout(30):
        while True:
            message = json.loads(await ws.recv())
            if kind in (None, message.get("type")):
                return message


async def tell(ws, **message) -> None:
    """Send a message as JSON."""
    await ws.send(json.dumps(message))


async def closed_with(ws) -> tuple[int, str]:
    """Wait for the end of a connection, whatever still comes, and return its close code and reason."""
    async with asyncio.timeout(30):
        with suppress(ConnectionClosed):
            while True:
                await ws.recv()
    return ws.close_code, ws.close_reason
