"""What several servers cost, and what they gain, in one run: latency, memory, deliveries a second.

    uv run --extra test python tests/hubs/measure_nats.py

- Latency: from one client's `send` to another one's receipt, over one server with its own memory, over one server and
  NATS, and a bare JetStream publish that is received by a consumer. Goal: NATS ≤ memory + 1.5 × bare.
- Memory of an idle server, with and without a hub. Goal: 15 MiB more at most.
- Deliveries a second by one and by three servers. Goal: 1.6 times as many, where there are cores for all of them. The
  processor time of the busiest server tells what would be possible with a core for each.
"""

import asyncio
import json
import statistics
import time
from contextlib import AsyncExitStack

import nats
import psutil
from support import HANDSHAKE, frame
from websockets.asyncio.client import connect

from wslearn.hubs import Cluster, Engine
from wslearn.process import ServerProcess

ROUNDS, TURNS, RECEIVERS, MESSAGES = 300, 7, 300, 400


async def message_time(url: str) -> float:
    """Return the median time of a message from one client to another one of the same server, in milliseconds."""
    async with connect(url, proxy=None) as ann, connect(url, proxy=None) as bob:
        for ws in (bob, ann):
            await ws.send(json.dumps({"type": "join-room", "room": "tea"}))
            while json.loads(await ws.recv())["type"] != "joined":
                pass
        await asyncio.sleep(0.5)
        times, drain = [], asyncio.create_task(_discard(ann))
        for _ in range(ROUNDS):
            began = time.perf_counter()
            await ann.send('{"type":"room-message","message":"hi"}')
            while b"room-message" not in await bob.recv(decode=False):
                pass
            times.append(time.perf_counter() - began)
        drain.cancel()
        return 1000 * statistics.median(times)


async def bare_time(engine: Engine) -> float:
    """Return the median time of a JetStream publish until a consumer has received the message, in milliseconds."""
    connection = await nats.connect(engine.url, token=engine.token)
    stream = connection.jetstream()
    await stream.add_stream(name="BARE", subjects=["bare"])
    await stream.purge_stream("BARE")
    received = asyncio.Event()

    async def hear(message) -> None:
        received.set()

    await stream.subscribe("bare", stream="BARE", ordered_consumer=True, cb=hear)
    times = []
    for _ in range(ROUNDS):
        received.clear()
        began = time.perf_counter()
        await stream.publish("bare", b"hi")
        await received.wait()
        times.append(time.perf_counter() - began)
    await connection.close()
    return 1000 * statistics.median(times)


def resident(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 2**20


class Counting(asyncio.Protocol):
    """A client that only counts, so that it costs little: text frames that say room-message."""

    def __init__(self, host: str) -> None:
        self.host, self.count, self.joined = host, 0, asyncio.Event()
        self.left = b""

    def connection_made(self, transport) -> None:
        transport.write(HANDSHAKE.format(path="/", host=self.host, more="").encode())
        transport.write(frame(1, b'{"type":"join-room","room":"tea"}'))

    def data_received(self, data: bytes) -> None:
        word = b'"type":"room-message"'
        whole = self.left + data
        self.count += whole.count(word)
        self.left = whole[-len(word) + 1 :]
        if b'"type":"joined"' in whole:
            self.joined.set()


async def deliveries(cluster: Cluster) -> tuple[float, float]:
    """Return deliveries a second, and deliveries for each second of the busiest server's processor time."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(RECEIVERS):
            member = cluster.servers[number % len(cluster.servers)]
            transport, client = await loop.create_connection(
                lambda member=member: Counting(f"127.0.0.1:{member.port}"), "127.0.0.1", member.port
            )
            stack.callback(transport.abort)
            clients.append(client)
        async with asyncio.timeout(60):
            await asyncio.gather(*(client.joined.wait() for client in clients))
            senders = [await stack.enter_async_context(connect(url, proxy=None)) for url in cluster.urls]
            for ws in senders:
                await ws.send('{"type":"join-room","room":"tea"}')
            await asyncio.sleep(1.5)
            processes = [psutil.Process(member.pid) for member in cluster.servers]
            before = [sum(process.cpu_times()[:2]) for process in processes]
            began = time.perf_counter()

            async def send(ws, count: int) -> None:
                for _ in range(count):
                    await ws.send('{"type":"room-message","message":"hi"}')

            drains = [asyncio.create_task(_discard(ws)) for ws in senders]
            await asyncio.gather(*(send(ws, MESSAGES // len(senders)) for ws in senders))
            wanted = MESSAGES // len(senders) * len(senders)
            while any(client.count < wanted for client in clients):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            seconds = time.perf_counter() - began
            busiest = max(sum(p.cpu_times()[:2]) - first for p, first in zip(processes, before, strict=True))
            for drain in drains:
                drain.cancel()
    return wanted * RECEIVERS / seconds, wanted * RECEIVERS / busiest


async def _discard(ws) -> None:
    async for _ in ws:
        pass


async def main() -> None:
    async with ServerProcess("feed", "--rate", "none") as alone, Cluster("feed", 1, "--rate", "none") as one:
        await asyncio.sleep(2)
        rss = resident(alone.pid), resident(one.servers[0].pid)
        memory, over, bare = [], [], []
        for _ in range(TURNS):  # in turns, because the machine is shared
            memory.append(await message_time(alone.url))
            over.append(await message_time(one.urls[0]))
            bare.append(await bare_time(one.engine))
        a, b, c = map(statistics.median, (memory, over, bare))
        verdict = "reached" if b <= a + 1.5 * c else "missed"
        print(f"message: memory {a:.2f} ms, NATS {b:.2f} ms, bare {c:.2f} ms; goal {a + 1.5 * c:.2f} ms: {verdict}")
        more = rss[1] - rss[0]
        print(f"idle: alone {rss[0]:.1f} MiB, with a hub {rss[1]:.1f} MiB, {more:.1f} more; goal 15: ", end="")
        print("reached" if more <= 15 else "missed")
    results = {1: [], 3: []}
    for count in (1, 3, 1, 3):
        async with Cluster("feed", count, "--rate", "none", "--max-unsent", "none") as cluster:
            results[count].append(await deliveries(cluster))
    one, three = ([max(column) for column in zip(*results[count], strict=True)] for count in (1, 3))
    print(f"deliveries a second: one server {one[0]:,.0f}, three {three[0]:,.0f}: {three[0] / one[0]:.2f} times")
    print(f"for each second of the busiest server: {one[1]:,.0f} and {three[1]:,.0f}: {three[1] / one[1]:.2f} times")


if __name__ == "__main__":
    asyncio.run(main())
