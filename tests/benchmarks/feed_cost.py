"""What a message through feed costs beside rooms, in one run: `python tests/benchmarks/feed_cost.py`. Needs Linux.

Goal: at most 1.15 times the server's CPU, and the time until everybody has the message. The servers take turns.
"""

import json
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

GOAL, ROUNDS, MESSAGES = 1.15, 15, 40
SERVER = """import sys; from importlib import import_module; from wslearn import Limits; from wslearn.cli import serve
Server = getattr(import_module(f"wslearn.servers.{sys.argv[1]}"), f"{sys.argv[1].title()}Server")
Server.keepalive, limits = None, Limits(max_connections=None, max_unsent=None, stall_timeout=None)  # no pings
serve.run(Server(limits=limits), lambda server: str(server.port), "auto")"""
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
HEAD += b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"


def send(client: socket.socket, **message: str) -> None:
    data = json.dumps(message).encode()
    client.sendall(bytes([0x81, 0xFE]) + len(data).to_bytes(2) + bytes(4) + data)  # a mask of zeros


def read_frame(client: socket.socket) -> int:
    head = client.recv(4, socket.MSG_WAITALL)
    size = int.from_bytes(head[2:]) if head[1] == 126 else head[1] - 2
    return 4 + len(client.recv(size, socket.MSG_WAITALL))


def join(port: int, count: int) -> list[socket.socket]:
    clients, silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(count)], 0
    for client in clients:
        client.sendall(HEAD)
        send(client, type="join-room", room="tea")
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


def turn(clients: list[socket.socket], cpu: Path, name: str, first: int) -> tuple[float, float]:
    """Send some messages, one after the other, and return ms of CPU and ms of time for each."""
    used, begin = int(cpu.read_text().split()[0]), time.perf_counter()
    for number in range(first, first + MESSAGES):
        with_id = {"id": str(number)} if "id" in name else {}
        send(clients[0], type="room-message", message="x" * 100, **with_id)
        size = read_frame(clients[0])
        for client in clients[1:]:
            client.recv(size, socket.MSG_WAITALL)
        if with_id:
            read_frame(clients[0])
    return (int(cpu.read_text().split()[0]) - used) / MESSAGES / 1e6, (time.perf_counter() - begin) / MESSAGES * 1e3


for members in map(int, sys.argv[1:] or (100, 1000)):
    servers, turns = {}, {"rooms": [], "feed": [], "feed, with id": []}
    with ExitStack() as stack:
        for kind in ("rooms", "feed"):
            process = subprocess.Popen([sys.executable, "-c", SERVER, kind], stdout=subprocess.PIPE)
            stack.callback(process.kill)
            servers[kind] = join(int(process.stdout.readline()), members), Path(f"/proc/{process.pid}/schedstat")
        for number in range(ROUNDS):
            for name, taken in turns.items():
                taken.append(turn(*servers[name.partition(",")[0]], name, number * MESSAGES))
    for name, taken in turns.items():
        for what, kind in enumerate(("CPU", "time")):
            ratio = statistics.median(one[what] / base[what] for one, base in zip(taken, turns["rooms"], strict=True))
            ms, verdict = statistics.median(one[what] for one in taken), "above the goal" if ratio > GOAL else ""
            print(f"{members:5} members {name:14} {kind:4} {ms:6.2f} ms {ratio:6.2f} {verdict}")
