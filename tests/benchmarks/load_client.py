"""One connection of the load client: a socket, frames made by hand, and bytes counted."""

import select
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

#: Longest wait for one answer, in seconds.
PATIENCE = 20.0

KEY = b"\x12\x34\x56\x78"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: The first byte of a ping (RFC 6455, section 5.2). Nothing else here has it: texts are ASCII.
PING = 0x89

OneSocket = getattr(selectors, "PollSelector", selectors.SelectSelector)


def masked(text: str, first: int = 0x81) -> bytes:
    """Return a client's text frame, or another kind whose `first` byte is given (RFC 6455, section 5.2)."""
    payload, size = text.encode("latin-1"), len(text)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([first]) + length + KEY + bytes(byte ^ KEY[i % 4] for i, byte in enumerate(payload))


class Client:
    """One connection. `size`: bytes of the frame that it gets; `missing`: how many of them have not come yet."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock, self.number, self.pending, self.size, self.missing = sock, number, b"", 0, 0

    def shake(self) -> None:
        """Read the response of the opening handshake. Raises RuntimeError if it is not 101."""
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := self.sock.recv(4096)):
                raise RuntimeError(f"client {self.number}: closed in the handshake after {head!r}")
            head += data
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"client {self.number}: expected 101, got {head!r}")
        self.pending = head.partition(b"\r\n\r\n")[2]
        self.sock.setblocking(False)

    def send(self, frame: bytes) -> None:
        if self.sock.send(frame) != len(frame):
            raise RuntimeError(f"client {self.number}: the server has stopped reading")

    def read(self, buffer: bytearray, missing: int) -> int:
        """Read what is here, waiting for it if need be; return how many of the `missing` bytes are missing still."""
        try:
            got = self.sock.recv_into(buffer)
        except BlockingIOError:
            if not self.wait(PATIENCE):
                raise TimeoutError(f"client {self.number} received nothing for {PATIENCE:g} s") from None
            got = self.sock.recv_into(buffer)
        return self.took(buffer, got, missing)

    def took(self, buffer: bytearray, got: int, missing: int) -> int:
        """Return how many of the `missing` bytes are missing still, when `got` bytes have come into the buffer."""
        if got == 0:
            raise RuntimeError(f"client {self.number}: the server has closed the connection")
        if buffer[0] == PING or got > missing:
            got -= self.pings_beside(bytes(buffer[:got]), missing)
        return missing - got

    def pings_beside(self, data: bytes, missing: int) -> int:
        """Answer the pings before and after a frame; return how many bytes they are.

        Raises RuntimeError if there is anything else: no other message is on its way.
        """
        before = self.answer_pings(data)
        after = self.answer_pings(data[before + missing :])
        if len(data) - before - after > missing:
            raise RuntimeError(f"client {self.number}: expected {missing} bytes, got {data!r}")
        return before + after

    def wait(self, seconds: float) -> bool:
        """Wait at most so long until there is something to read, and return whether there is."""
        with OneSocket() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def receives(self, mark: bytes, until: float) -> bool:
        """Read up to the frame with this mark, whose size is remembered; return whether it came by then."""
        while True:
            for size, payload in self.frames():
                if mark in payload:
                    self.size = size
                    return True
            if not self.wait(max(0.0, until - perf_counter())):
                return False
            data = self.sock.recv(1 << 16)
            if not data:
                raise RuntimeError(f"client {self.number}: the server has closed the connection")
            self.pending += data

    def answer_pings(self, data: bytes) -> int:
        """Answer the pings with which `data` begins; return how many bytes they are."""
        at = 0
        while data[at : at + 1] == bytes([PING]):
            end = at + 2 + data[at + 1]
            self.send(masked(data[at + 2 : end].decode("latin-1"), first=0x8A))
            at = end
        return at

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield size and payload of each whole text frame among the pending bytes, answering pings."""
        while len(self.pending) >= 2:
            kind, second = self.pending[:2]
            length, head = second & 0x7F, 2
            if length == 126:
                if len(self.pending) < 4:
                    return
                length, head = int.from_bytes(self.pending[2:4]), 4
            if len(self.pending) < head + length:
                return
            payload = self.pending[head : head + length]
            if kind == PING:
                self.answer_pings(self.pending[: head + length])
            self.pending = self.pending[head + length :]
            if kind == 0x81:
                yield head + length, payload


@contextmanager
def watch(clients: list[Client]) -> Iterator[Callable[[], list[tuple]]]:
    """Yield a call that waits for what comes, and returns each such client with its socket's `recv_into` and `send`.

    Bare epoll where there is one: `selectors` would make this client slower than the fastest server.
    """
    entries = {one.sock.fileno(): (one, one.sock.recv_into, one.sock.send) for one in clients}
    epoll = hasattr(select, "epoll")
    with select.epoll() if epoll else selectors.DefaultSelector() as poll:
        for file in entries:
            poll.register(file, select.EPOLLIN if epoll else selectors.EVENT_READ)

        def ready() -> list[tuple]:
            files = [file for file, _ in poll.poll(PATIENCE)] if epoll else [key.fd for key, _ in poll.select(PATIENCE)]
            if not files:
                raise TimeoutError(f"{len(entries)} clients received nothing for {PATIENCE:g} s")
            return [entries[file] for file in files]

        yield ready
