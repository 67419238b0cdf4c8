"""The load client, lean and in a process of its own: `python load.py WORK PORT [SIZE]`, with SIZE characters a message.

WORK is echo, broadcast, rooms, room, acknowledged or idle. It reads commands on stdin, one a line, answers each with a
line of JSON, and ends at end-of-file:

    connect N     opens connections until there are N, and settles: {"seconds", "cpu"}
    settle 0      waits until nothing is on its way: {}
    measure S     works for about S seconds: {"messages", "deliveries", "seconds", "cpu"}

`seconds` is time on the clock, `cpu` what this process used of it. If the two are close, this client may have been the
limit and not the server.

echo: each client sends when its last message is back. broadcast: one client sends when all copies of its last message
are here. rooms: ten clients in each; one of them speaks, in all rooms at once, when all copies of the last round are
here. room: all are in one room, and one speaks. acknowledged: its messages have ids, and it waits for the server's
acknowledgment, too. So one message is under way at a time, and nothing is hidden in a queue.

What makes it lean: handshakes and masked frames are made beforehand, and a read that is one frame of the expected size
is counted and not parsed; the library reads all others. Copies are read in a shuffled order, one call each: waiting for
one socket does not make the server's other sends wake this process up, whatever order the server has.
"""

import gc
import json
import queue
import random
import select
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from time import perf_counter, process_time

from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from wslearn.process import allow_open_files

ROOM = 10
#: Connections opened at a time: a server's queue of those that it has not accepted yet may be short.
BATCH = 50
#: How often pings are answered while there is no command, in seconds. `websockets` closes after 20 without an answer.
IDLE = 4.0
#: Messages of a measurement, however long they take.
LEAST = 3
#: Longest wait for one answer, in seconds.
PATIENCE = 20.0
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: The first byte of a text message in one frame.
TEXT = 0x80 | Opcode.TEXT


def masked(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


class Client:
    """One connection. `size`: bytes of the frame that it gets."""

    def __init__(self, port: int, number: int) -> None:
        self.number, self.size = number, 0
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(HANDSHAKE % port)

    @cached_property
    def protocol(self) -> Protocol:
        return Protocol(CLIENT)

    def shake(self) -> None:
        """Read the response of the opening handshake. Raises RuntimeError if it is not 101."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += (data := self.sock.recv(4096))
            if not data or not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(f"client {self.number}: expected 101, got {head!r}")
        if rest := head.partition(b"\r\n\r\n")[2]:
            self.texts(rest)

    def texts(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete with `data`, and answer its pings."""
        if not data:
            raise RuntimeError(f"client {self.number}: the server has closed the connection")
        self.protocol.receive_data(data)
        for answer in self.protocol.data_to_send():
            self.sock.sendall(answer)
        return [frame.data for frame in self.protocol.events_received() if frame.opcode is Opcode.TEXT]

    def receives(self, mark: bytes, until: float) -> bool:
        """Read up to the message with this mark, whose size is remembered; return whether it came by then."""
        try:
            while True:
                self.sock.settimeout(max(0.001, until - perf_counter()))
                for text in self.texts(self.sock.recv(1 << 16)):
                    if mark in text:
                        self.size = len(text) + (2 if len(text) < 126 else 4)
                        return True
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(PATIENCE)


@contextmanager
def watch(clients: list[Client]) -> Iterator[Callable[[float], list[tuple]]]:
    """Yield a call that waits for what comes, and returns each such client with its socket's `recv_into` and `send`.

    Bare epoll where there is one: `selectors` would make this client slower than the fastest server.
    """
    entries = {one.sock.fileno(): (one, one.sock.recv_into, one.sock.send) for one in clients}
    epoll = hasattr(select, "epoll")
    with select.epoll() if epoll else selectors.DefaultSelector() as poll:
        for client in clients:
            client.sock.setblocking(False)
            poll.register(client.sock, select.EPOLLIN if epoll else selectors.EVENT_READ)
        if epoll:
            yield lambda seconds: [entries[file] for file, _ in poll.poll(seconds)]
        else:
            yield lambda seconds: [entries[key.fd] for key, _ in poll.select(seconds)]
    for client in clients:
        client.sock.settimeout(PATIENCE)


class Load:
    """All connections to one server, and the work that they do."""

    def __init__(self, work: str, port: int, size: int) -> None:
        self.work, self.port, self.size = work, port, size
        self.clients: list[Client] = []
        self.buffer = bytearray(1 << 16)
        self.marks = self.ids = 0

    def message(self, text: str, **id: str) -> bytes:
        """Return the frame with which a client says `text`; with an `id`, the server acknowledges it."""
        if self.work == "broadcast":
            text = json.dumps({"message": text})
        elif self.work not in ("echo", "idle"):
            text = json.dumps({"type": "room-message", "message": text} | id)
        return masked(text)

    @property
    def senders(self) -> list[Client]:
        return {"echo": self.clients, "rooms": self.clients[::ROOM]}.get(self.work, self.clients[:1])

    def connect(self, wanted: float) -> dict:
        """Open connections until there are `wanted`, and settle."""
        began, cpu = perf_counter(), process_time()
        while (here := len(self.clients)) < wanted:
            batch = [Client(self.port, number) for number in range(here, min(int(wanted), here + BATCH))]
            for client in batch:
                client.shake()
                if self.work not in ("echo", "broadcast", "idle"):
                    room = f"room-{client.number // ROOM if self.work == 'rooms' else 0}"
                    client.sock.sendall(masked(json.dumps({"type": "join-room", "room": room})))
            self.clients += batch
        spent = {"seconds": perf_counter() - began, "cpu": process_time() - cpu}
        self.settle()
        return spent

    def settle(self) -> dict:
        """Send marks until one has reached all its receivers. Then nothing is on its way, and sizes are known.

        A client may have missed an earlier mark: a server can answer the handshake before it counts the client in.
        """
        end = perf_counter() + PATIENCE
        receivers = self.clients[:1] if self.work == "idle" else self.clients
        patience = 0.2  # on a busy machine, 10,000 clients take seconds
        while True:
            self.marks += 1
            mark = f"{self.marks}".ljust(self.size, "m")
            for client in self.senders:
                client.sock.sendall(self.message(mark))
            until = perf_counter() + patience
            without = [client for client in receivers if not client.receives(mark.encode(), until)]
            if not without:
                return {}
            patience *= 2
            if perf_counter() > end:
                raise TimeoutError(f"{len(without)} of {len(receivers)} clients do not receive what they should")

    def answer_pings(self) -> None:
        """Read what has come to idle clients: nothing but pings."""
        with watch(self.clients) as ready:
            while here := ready(0):
                for client, *_ in here:
                    client.texts(client.sock.recv(1 << 16))

    def measure(self, seconds: float) -> dict:
        """Work for so long, and return what was done."""
        work = self.echo if self.work == "echo" else self.rounds
        began, cpu = perf_counter(), process_time()
        messages, deliveries, ended = work(began + seconds, self.message("x" * self.size))
        cpu = process_time() - cpu
        return {"messages": messages, "deliveries": deliveries, "seconds": ended - began, "cpu": cpu}

    def echo(self, end: float, frame: bytes) -> tuple[int, int, float]:
        """Return messages, as many deliveries, and when the last one had come.

        No server can be shown to be faster than this loop, so it looks up beforehand what it can, and calls little.
        """
        buffer, count, going, open_ = self.buffer, 0, True, len(self.clients)
        with watch(self.clients) as ready:
            for client in self.clients:
                client.sock.send(frame)
            while open_:
                if not (here := ready(PATIENCE)):
                    raise TimeoutError(f"{open_} clients received nothing for {PATIENCE:g} s")
                for client, receive, send in here:
                    got = receive(buffer)
                    if (got != client.size or buffer[0] != TEXT) and not client.texts(bytes(buffer[:got])):
                        continue  # it was a part of a frame, or a ping
                    count += 1
                    if going:
                        send(frame)
                    else:
                        open_ -= 1
                now = perf_counter()
                going = going and now < end
        return count, count, now

    def rounds(self, end: float, frame: bytes) -> tuple[int, int, float]:
        """Return messages, deliveries, and when the last one had come."""
        buffer, senders, count = self.buffer, self.senders, 0
        shuffled = random.Random(1).sample(self.clients, len(self.clients))
        plan = [(client, client.sock.recv_into, client.size) for client in shuffled]
        if acknowledged := self.work == "acknowledged":
            plan = [entry for entry in plan if entry[0] is not senders[0]]
        while True:
            if acknowledged:
                self.ids += 1
                frame = self.message("x" * self.size, id=str(self.ids))
            for client in senders:
                client.sock.sendall(frame)
            missing = 2 if acknowledged else 0  # its own message, and the acknowledgment
            while missing:
                missing -= len(senders[0].texts(senders[0].sock.recv(1 << 16)))
            for client, receive, size in plan:
                got = receive(buffer)
                while (got != size or buffer[0] != TEXT) and not client.texts(bytes(buffer[:got])):
                    got = receive(buffer)
            count += 1
            if (now := perf_counter()) >= end and count >= LEAST:
                return count * len(senders), count * len(shuffled), now


def main(work: str, port: str, size: str = "128") -> None:
    allow_open_files(10_100)
    gc.disable()  # nothing here goes in circles
    load = Load(work, int(port), max(8, int(size)))
    commands = {"connect": load.connect, "settle": lambda _: load.settle(), "measure": load.measure}
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=listen, args=[lines], daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=IDLE)
        except queue.Empty:
            load.answer_pings()
            continue
        if not line:
            return
        command, value = line.split()
        print(json.dumps(commands[command](float(value))), flush=True)


def listen(lines: queue.SimpleQueue) -> None:
    """Put the lines of stdin into `lines`, and an empty one at its end. A thread: Windows cannot wait for a pipe."""
    for line in sys.stdin:
        lines.put(line)
    lines.put("")


if __name__ == "__main__":
    main(*sys.argv[1:])
