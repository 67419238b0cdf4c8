"""Many clients in one room of a cluster, and everything goes wrong: what is missing, doubled or out of order?

    uv run --extra test python tests/hubs/storm_nats.py --clients 300
    uv run --extra test python tests/hubs/storm_nats.py --clients 60 --case engine-killed --case server-cut-off

Each client is a `Subscription`, and some of them send. Every message that was acknowledged must have come to every
client once, in one order, unless the client was told of a gap. No run takes longer than two minutes.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import pairwise

from websockets.asyncio.client import connect

from wslearn.client import Gap, Message, Subscription
from wslearn.hubs import Cluster
from wslearn.network import SimulatedNetwork
from wslearn.process import allow_open_files

ROOM = "storm"
#: Messages a second of all senders together, and how many clients send.
RATE, SENDERS = 12.0, 6
#: The bound on the end of a run, in seconds: until then everything must have arrived.
PATIENCE = 60.0


class One:
    """A client, and what it has received: messages, and the gaps that it was told of."""

    def __init__(self, number: int, subscription: Subscription, slow: bool = False) -> None:
        self.number, self.subscription, self.slow = number, subscription, slow
        self.items: list[Message | Gap] = []
        self.joined_at = 0

    async def read(self) -> None:
        async for item in self.subscription:
            self.items.append(item)
            if self.slow:
                await asyncio.sleep(0.2)

    @property
    def last(self) -> int:
        return next((item.offset for item in reversed(self.items) if isinstance(item, Message)), self.joined_at)


class Storm:
    """Clients on all servers of a cluster, while `case` happens."""

    def __init__(self, cluster: Cluster, clients: int, slow: int = 0, networks: bool = False) -> None:
        self.cluster, self.count, self.slow, self.with_networks = cluster, clients, slow, networks
        self.networks: list[SimulatedNetwork] = []
        self.clients: list[One] = []
        #: Offset -> text of everything that was acknowledged, and seconds from a text's sending to its offset.
        self.stored: dict[int, str] = {}
        self.waited: list[float] = []
        self.doubled_acks = 0
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Storm":
        urls = self.cluster.urls
        if self.with_networks:
            self.networks = [await self._stack.enter_async_context(SimulatedNetwork(url)) for url in urls]
            urls = [network.url for network in self.networks]
        for number in range(self.count):
            turned = urls[number % len(urls) :] + urls[: number % len(urls)]
            subscription = Subscription(turned, ROOM, gaps_in_stream=True, base=0.1, cap=1.0, silence=10.0)
            one = One(number, subscription, slow=number < self.slow)
            self.clients.append(one)
        for start in range(0, self.count, 50):
            await asyncio.gather(*(self._enter(one) for one in self.clients[start : start + 50]))
        return self

    async def _enter(self, one: One) -> None:
        await self._stack.enter_async_context(one.subscription)
        one.joined_at = one.subscription.place.offset or 0
        self._tasks.append(asyncio.create_task(one.read()))

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        closing = [asyncio.ensure_future(one.subscription.close()) for one in self.clients]
        if closing:
            await asyncio.wait(closing, timeout=10)
        await self._stack.aclose()

    async def send(self, number: int, until: float, rate: float) -> None:
        """Send one message after another."""
        one, count = self.clients[-1 - number], 0
        while time.monotonic() < until:
            began = time.monotonic()
            text = f"{number}-{count}"
            offset = await one.subscription.send(text)
            self.waited.append(time.monotonic() - began)
            self.doubled_acks += offset in self.stored
            self.stored[offset] = text
            count += 1
            await asyncio.sleep(max(0.0, random.uniform(0.5, 1.5) / rate - (time.monotonic() - began)))

    async def run(self, seconds: float, case: Callable[["Storm"], Awaitable[object]]) -> dict[str, object]:
        """Let them send for so many seconds while the case happens; return what came of it."""
        until = time.monotonic() + seconds
        senders = [asyncio.create_task(self.send(number, until, RATE / SENDERS)) for number in range(SENDERS)]
        await asyncio.sleep(1)
        happened = asyncio.create_task(self._happen(case))
        async with asyncio.timeout(seconds + 2 * PATIENCE):
            await asyncio.gather(*senders, happened)
            last = max(self.stored)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and any(one.last < last for one in self.clients):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return self.table()

    async def _happen(self, case: Callable[["Storm"], Awaitable[object]]) -> None:
        await case(self)

    def table(self) -> dict[str, object]:
        """Count what was wanted, and what is wrong."""
        found: Counter[str] = Counter()
        for one in self.clients:
            had = [item for item in one.items if isinstance(item, Message)]
            offsets = [message.offset for message in had]
            covered = {
                offset
                for item in one.items
                if isinstance(item, Gap)
                for offset in self.stored
                if item.after < offset <= item.floor
            }
            gaps = [item for item in one.items if isinstance(item, Gap)]
            wanted = {offset for offset in self.stored if offset > one.joined_at}
            found["wanted"] += len(wanted)
            absent = wanted - set(offsets)
            found["missing"] += len(absent - covered)
            found["admitted"] += len(absent & covered)
            texts = Counter(message.message for message in had)
            found["doubled"] += sum(count - 1 for count in texts.values())
            found["reordered"] += sum(a > b for a, b in pairwise(offsets))
            found["recovered false"] += len(gaps)
        waited = sorted(self.waited)
        names = ("wanted", "missing", "doubled", "reordered", "admitted", "recovered false")
        row: dict[str, object] = {name: found[name] for name in names}
        row["sent"] = len(self.waited)
        row["p50 ms"] = round(1000 * waited[len(waited) // 2], 1)
        row["longest s"] = round(waited[-1], 1)
        return row


# The cases


async def nothing(storm: Storm) -> None:
    await asyncio.sleep(5)


async def connections_cut(storm: Storm) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for network in storm.networks:
            for link in random.sample(sorted(network.links, key=id), min(3, len(network.links))):
                link.cut()
        await asyncio.sleep(0.3)


async def servers_killed(storm: Storm) -> None:
    for member in storm.cluster.servers:
        await storm.cluster.kill(member.letter)
        await storm.cluster.ready(member.letter)
        await asyncio.sleep(3)


async def rolling_restart(storm: Storm) -> None:
    await storm.cluster.rolling_restart()


async def engine_killed(storm: Storm) -> None:
    await storm.cluster.kill("engine", 3)
    await storm.cluster.ready("engine")
    await asyncio.sleep(3)


async def engine_frozen(storm: Storm) -> None:
    storm.cluster.freeze("engine")
    await asyncio.sleep(3)
    storm.cluster.resume("engine")
    await asyncio.sleep(3)


async def server_frozen(storm: Storm) -> None:
    storm.cluster.freeze("b")
    await asyncio.sleep(3)
    storm.cluster.resume("b")
    await asyncio.sleep(3)


async def server_cut_off(storm: Storm) -> None:
    storm.cluster.cut_off("b")
    await asyncio.sleep(5)
    storm.cluster.resume("b")
    await asyncio.sleep(3)


async def joined_on_a_lagging_server(storm: Storm) -> None:
    """Clients of a, which is killed, come to b, which has heard nothing for two seconds."""
    storm.cluster.cut_off("b")
    await asyncio.sleep(1)
    await storm.cluster.kill("a", 3)
    await asyncio.sleep(1)
    storm.cluster.resume("b")
    await storm.cluster.ready("a")
    await asyncio.sleep(3)


async def slow_clients(storm: Storm) -> None:
    """Three read 5 messages a second, and one that never reads is to be dropped: the others must not wait."""
    async with connect(storm.cluster.urls[0], max_queue=1, proxy=None) as deaf:
        await deaf.send(json.dumps({"type": "join-room", "room": ROOM}))
        await asyncio.sleep(10)


CASES: dict[str, tuple[Callable[[Storm], Awaitable[object]], float]] = {
    "nothing": (nothing, 6),
    "connections-cut": (connections_cut, 33),
    "servers-killed": (servers_killed, 15),
    "rolling-restart": (rolling_restart, 15),
    "engine-killed": (engine_killed, 10),
    "engine-frozen": (engine_frozen, 10),
    "server-frozen": (server_frozen, 10),
    "server-cut-off": (server_cut_off, 12),
    "lagging-server": (joined_on_a_lagging_server, 10),
    "slow-clients": (slow_clients, 12),
}


async def play(name: str, clients: int) -> dict[str, object]:
    case, seconds = CASES[name]
    networks = name in ("server-cut-off", "lagging-server")
    slow = 3 if name == "slow-clients" else 0
    async with Cluster("feed", 3, network=networks) as cluster:
        async with Storm(cluster, clients, slow, networks=name == "connections-cut") as storm:
            return await storm.run(seconds, case)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--case", action="append", choices=CASES)
    arguments = parser.parse_args()
    allow_open_files(3 * arguments.clients)
    logging.getLogger("wslearn").setLevel(logging.ERROR)
    wrong = 0
    for name in arguments.case or CASES:
        row = await play(name, arguments.clients)
        wrong += sum(int(str(row[key])) for key in ("missing", "doubled", "reordered"))
        print(f"{name:<16}", *(f"{key} {value}" for key, value in row.items()), sep="  ", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
