"""The load client, lean and in a process of its own: `python load.py WORK PORT [--size BYTES]`.

WORK is echo, broadcast, rooms or idle. It reads commands on stdin, one a line, answers each with a line of JSON, and
ends at end-of-file:

    connect N     opens connections until there are N, and settles: {"connections", "seconds", "cpu"}
    settle 0      waits until nothing is on its way: {}
    measure S     works for about S seconds: {"messages", "deliveries", "seconds", "cpu"}

`seconds` is time on the clock, `cpu` what this process used of it. If the two are close, this client may have been the
limit and not the server.

echo: each client sends when its last message is back. broadcast: one client sends when all copies of its last message
are here. rooms: ten clients in each; one of them speaks, in all rooms at once, when all copies of the last round are
here. So one message is under way at a time, and nothing is hidden in a queue.

What makes it lean: handshakes and masked frames are made beforehand, bytes are counted and no frame is parsed while
time is taken. The sizes of the frames are known from marks, messages of the same length, that are sent before. Copies
are read in a shuffled order, one call each: waiting for one socket does not make the server's other sends wake this
process up, whatever order the server has.
"""

import argparse
import gc
import json
import queue
import random
import socket
import sys
import threading
from time import perf_counter, process_time

from load_client import HANDSHAKE, PATIENCE, PING, Client, masked, watch

from wslearn.process import allow_open_files

ROOM = 10
#: Connections opened at a time: a server's queue of those that it has not accepted yet may be short.
BATCH = 50
#: How often pings are answered while there is no command, in seconds. `websockets` closes after 20 without an answer.
IDLE = 4.0
#: Messages of a measurement, however long they take.
LEAST = 3


class Load:
    """All connections to one server, and the work that they do."""

    def __init__(self, work: str, port: int, size: int) -> None:
        self.work, self.port, self.size = work, port, size
        self.clients: list[Client] = []
        self.shuffled: list[Client] = []
        self.buffer = bytearray(1 << 16)
        self.marks = 0
        self.frame = masked(self.message("x" * size))

    def message(self, text: str) -> str:
        """Return what a client sends to say `text`."""
        if self.work == "broadcast":
            return json.dumps({"message": text})
        if self.work == "rooms":
            return json.dumps({"type": "room-message", "message": text})
        return text

    @property
    def senders(self) -> list[Client]:
        return {"echo": self.clients, "rooms": self.clients[::ROOM]}.get(self.work, self.clients[:1])

    def connect(self, wanted: int) -> dict:
        """Open connections until there are `wanted`, and settle."""
        began, cpu = perf_counter(), process_time()
        while len(self.clients) < wanted:
            batch = []
            for _ in range(min(BATCH, wanted - len(self.clients))):
                sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.sendall(HANDSHAKE % self.port)
                batch.append(Client(sock, len(self.clients) + len(batch)))
            for client in batch:
                client.shake()
            self.clients += batch
            if self.work == "rooms":
                for client in batch:
                    client.send(masked(json.dumps({"type": "join-room", "room": f"room-{client.number // ROOM}"})))
        spent = {"seconds": perf_counter() - began, "cpu": process_time() - cpu}
        self.shuffled = random.Random(len(self.clients)).sample(self.clients, len(self.clients))
        self.settle()
        return {"connections": len(self.clients)} | spent

    def settle(self) -> dict:
        """Send marks until one has reached all its receivers. Then nothing is on its way, and sizes are known.

        A client may have missed an earlier mark: a server can answer the handshake before it counts the client in.
        """
        end = perf_counter() + PATIENCE
        receivers = self.clients[:1] if self.work == "idle" else self.clients
        while True:
            self.marks += 1
            mark = f"{self.marks}".ljust(self.size, "m")
            for client in self.senders:
                client.send(masked(self.message(mark)))
            until = perf_counter() + min(2.0, 0.2 * self.marks)
            without = [client for client in receivers if not client.receives(mark.encode(), until)]
            if not without:
                return {}
            if perf_counter() > end:
                raise TimeoutError(f"{len(without)} of {len(receivers)} clients do not receive what they should")

    def answer_pings(self) -> None:
        """Read what has come to idle clients: nothing but pings."""
        for client in self.clients:
            client.receives(b"\0", until=0.0)  # which no text has

    def measure(self, seconds: float) -> dict:
        """Work for so long, and return what was done."""
        work = self.echo if self.work == "echo" else self.rounds
        began, cpu = perf_counter(), process_time()
        messages, deliveries, ended = work(began + seconds)
        cpu = process_time() - cpu
        return {"messages": messages, "deliveries": deliveries, "seconds": ended - began, "cpu": cpu}

    def echo(self, end: float) -> tuple[int, int, float]:
        """Return messages, as many deliveries, and when the last one had come.

        No server can be shown to be faster than this loop, so it looks up beforehand what it can, and calls little.
        """
        frame, buffer, count, going, open_ = self.frame, self.buffer, 0, True, len(self.clients)
        with watch(self.clients) as ready:
            for client in self.clients:
                client.missing = client.size
                client.send(frame)
            while open_:
                for client, receive, send in ready():
                    got = receive(buffer)
                    if got != client.missing or buffer[0] == PING:  # a part of a frame, or a ping beside it
                        client.missing = client.took(buffer, got, client.missing)
                        if client.missing:
                            continue
                    client.missing = client.size
                    count += 1
                    if going:
                        send(frame)
                    else:
                        open_ -= 1
                now = perf_counter()
                going = going and now < end
        return count, count, now

    def rounds(self, end: float) -> tuple[int, int, float]:
        """Return messages, deliveries, and when the last one had come."""
        frame, buffer, senders, count = self.frame, self.buffer, self.senders, 0
        plan = [(client, client.size) for client in self.shuffled]
        while True:
            for client in senders:
                client.send(frame)
            for client, size in plan:
                missing = client.read(buffer, size)
                while missing:
                    missing = client.read(buffer, missing)
            count += 1
            if (now := perf_counter()) >= end and count >= LEAST:
                return count * len(senders), count * len(plan), now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=["echo", "broadcast", "rooms", "idle"])
    parser.add_argument("port", type=int)
    parser.add_argument("--size", type=int, default=128, help="characters of a message's text (at least 8)")
    given = parser.parse_args()
    allow_open_files(10_100)
    gc.disable()  # nothing here goes in circles
    load = Load(given.work, given.port, max(8, given.size))
    commands = {
        "connect": lambda value: load.connect(int(value)),
        "settle": lambda _: load.settle(),
        "measure": lambda value: load.measure(float(value)),
    }
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
        print(json.dumps(commands[command](value)), flush=True)


def listen(lines: queue.SimpleQueue) -> None:
    """Put the lines of stdin into `lines`, and an empty one at its end. A thread: Windows cannot wait for a pipe."""
    for line in sys.stdin:
        lines.put(line)
    lines.put("")


if __name__ == "__main__":
    main()
