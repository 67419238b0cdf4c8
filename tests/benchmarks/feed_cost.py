"""What a message through feed costs, compared with rooms, in one run: `python tests/benchmarks/feed_cost.py`.

The goal is at most 1.15 times as much, in CPU of the server and in time until everybody has the message. The servers
take turns; each number is the median of their rounds.
"""

import json
import socket
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GOAL, ROUNDS, MESSAGES = 1.15, 15, 40
HEAD = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def send(client: socket.socket, **message: str) -> None:
    data = json.dumps(message).encode()
    client.sendall(bytes([0x81, 0xFE]) + len(data).to_bytes(2) + bytes(4) + data)  # a mask of zeros


def read_frame(client: socket.socket) -> int:
    head = client.recv(4, socket.MSG_WAITALL)
    size = 4 + int.from_bytes(head[2:]) if head[1] == 126 else 2 + head[1]
    client.recv(size - 4, socket.MSG_WAITALL)
    return size


def connect(port: int, count: int) -> list[socket.socket]:
    clients = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(count)]
    for client in clients:
        client.sendall(HEAD.encode())
        send(client, type="join-room", room="tea")
    silent = 0
    while silent < 5:  # until the last presence has come
        time.sleep(0.5 + count / 1000)
        silent += 1
        for client in clients:
            client.setblocking(False)
            with suppress(BlockingIOError):
                while client.recv(1 << 16):
                    silent = 0
            client.settimeout(20)
    return clients


def cpu(pid: int) -> float:
    """Return the CPU time of a process in seconds: Linux counts it in ns."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def turn(clients: list[socket.socket], pid: int, name: str, first: int) -> tuple[float, float]:
    """Send some messages, one after the other, and return ms of CPU and ms of time for each."""
    used, begin = cpu(pid), time.perf_counter()
    for number in range(first, first + MESSAGES):
        with_id = {"id": str(number)} if name == "feed, with id" else {}
        send(clients[0], type="room-message", message="x" * 100, **with_id)
        size = read_frame(clients[0])
        for client in clients[1:]:
            client.recv(size, socket.MSG_WAITALL)
        if with_id:
            read_frame(clients[0])
    passed = time.perf_counter() - begin
    return (cpu(pid) - used) / MESSAGES * 1000, passed / MESSAGES * 1000


for members in map(int, sys.argv[1:] or (100, 1000)):
    processes, turns = {}, {"rooms": [], "feed": [], "feed, with id": []}
    for kind in ("rooms", "feed"):
        options = "--port 0 --json --quiet --rate none --max-connections none --max-unsent none --stall-timeout none"
        command = [sys.executable, "-m", "wslearn", "serve", kind, *options.split()]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        port = int(json.loads(process.stdout.readline())["url"].rstrip("/").rpartition(":")[2])
        processes[kind] = (connect(port, members), process)
    for number in range(ROUNDS):
        for name, taken in turns.items():
            clients, process = processes[name.partition(",")[0]]
            taken.append(turn(clients, process.pid, name, number * MESSAGES))
    for what, kind in enumerate(("CPU", "time")):
        base = statistics.median(one[what] for one in turns["rooms"])
        for name, taken in turns.items():
            ratio = statistics.median(one[what] / other[what] for one, other in zip(taken, turns["rooms"], strict=True))
            verdict = "" if name == "rooms" else "reached" if ratio <= GOAL else f"NOT reached: goal {GOAL}"
            print(f"{members:5} members  {kind:4}  {name:14} {ratio:5.2f} × {base:6.2f} ms  {verdict}")
    for _, process in processes.values():
        process.terminate()
