"""A storm: many clients, 60 messages a second, and one kind of fault after another. What goes missing?

    uv run python tests/histories/storm.py                          # 300 clients, 30 s for each case
    uv run python tests/histories/storm.py --clients 30 --seconds 3 cuts joins

A tenth of the clients are `Subscription`s, each through its own simulated network; the others are `Light`.
"""

import argparse
import asyncio
import logging
import random
import socket
import sys
import time
from contextlib import AsyncExitStack

from light import Light

from wslearn.client import Gap, Subscription
from wslearn.common import tasks
from wslearn.histories import History, Verdict, judge
from wslearn.histories.person import Person
from wslearn.histories.tap import Tap
from wslearn.hubs import MemoryHub
from wslearn.limits import Limits
from wslearn.servers.feed import FeedServer

#: Messages a second, and cuts a second; seconds between two restarts.
RATE, CUTS, RESTART = 60, 40, 2.5
#: A slow client is dropped when this many bytes are unsent; its texts are so long.
UNSENT, LONG = 64 * 1024, 1000
CASES = ("cuts", "restart", "new-hub", "slow", "joins")


class SmallBuffers(FeedServer):
    """A feed that notices soon when a client does not read: the system takes few bytes."""

    limits = Limits(rate=20, max_unsent=UNSENT)

    async def handler(self, ws):
        ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        await super().handler(ws)


class Subscribed:
    """A `Subscription` with the methods of a `Light`."""

    def __init__(self, who: str, history: History) -> None:
        self.who, self.history = who, history
        self.slow = False

    async def live(self, address, rng) -> None:
        async with Tap(f"ws://127.0.0.1:{address()}/", self.who, self.history) as self.tap:
            person = self.person = Person(self.who, "tea", self.tap, self.history)
            async with Subscription(self.tap.url, "tea", base=0.05, cap=0.2, gaps_in_stream=True) as tea:
                self.sub = tea
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.send(tea))
                    async for item in tea:
                        if isinstance(item, Gap):
                            person.tell()
                        else:
                            text = sys.intern(item.message)
                            person.hear({"type": "room-message", "message": text, "offset": item.offset})

    async def send(self, tea) -> None:
        while True:
            await tea.send(await self.person.next())

    @property
    def joined(self) -> bool:
        return hasattr(self, "person") and self.tap.joined

    @property
    def heard(self) -> set[str]:
        return self.person.heard

    @property
    def waiting(self) -> bool:
        return bool(self.person.written - self.history.stored)

    def cut(self) -> None:
        self.tap.cut()

    def write(self, text: str) -> None:
        self.person.write(text)


class Storm:
    """One case."""

    hub_class = MemoryHub

    def __init__(self, case: str, clients: int, seconds: float, seed: int) -> None:
        self.case, self.seconds, self.rng = case, seconds, random.Random(f"{case} {seed}")
        self.history = History()
        self.names = [f"client-{number}" for number in range(clients)]
        self.clients: list = []
        self.tasks: list[asyncio.Task] = []
        self.sent = self.cuts = self.dropped = 0
        self.restarting: asyncio.Task | None = None

    async def run(self) -> Verdict:
        """Let the storm blow for its time, and return what is wrong."""
        self.hub = self.hub_class()
        async with AsyncExitStack() as stack:
            await self.start(0)
            stack.push_async_callback(self.end)
            early = len(self.names) // (3 if self.case == "joins" else 1)
            for name in self.names[:early]:
                self.enter(name)
            await self.until(lambda: all(client.joined for client in self.clients))
            faults = {"cuts": self.cut, "restart": self.restart, "new-hub": self.restart, "slow": self.stall}
            fault = faults[self.case]() if self.case in faults else self.join(self.names[early:])
            late = asyncio.get_running_loop().time() + self.seconds
            blowing = [asyncio.create_task(one) for one in (self.publish(late), fault)]
            if self.case in ("restart", "new-hub"):
                blowing.append(asyncio.create_task(self.cut()))
            await blowing[0]
            await tasks.end(blowing, 30, "storm", [self.restarting] if self.restarting else [])
            for client in self.clients:
                if client.slow and client.transport:
                    client.transport.resume_reading()
            await self.until(lambda: not any(client.waiting or not client.joined for client in self.clients))
            self.clients[0].write("bye")
            await self.until(lambda: all("bye" in client.heard for client in self.clients))
        return judge(self.history)

    async def end(self) -> None:
        await tasks.end(self.tasks, 10, "storm")
        for client in self.clients:
            if isinstance(client, Light):
                client.cut()
        self.count_dropped()
        await self.server.stop()
        await self.hub.close()

    async def start(self, port: int) -> None:
        kind = SmallBuffers if self.case == "slow" else FeedServer
        self.server = await kind(port=port, hub=self.hub).start()

    def count_dropped(self) -> int:
        """Return how many clients were dropped because they read too slowly, among the last events of the log."""
        self.dropped = max(self.dropped, sum("too slowly" in (event.text or "") for event in self.server.log))
        return self.dropped

    def enter(self, name: str) -> None:
        """Let a client come."""
        number = len(self.clients)
        slow = self.case == "slow" and number % 10 == 1
        client = Subscribed(name, self.history) if number % 10 == 0 else Light(name, self.history, slow)
        self.clients.append(client)
        port = self.server.port
        self.tasks.append(asyncio.create_task(client.live(lambda: port, self.rng)))

    async def until(self, condition) -> None:
        """Wait for two minutes at most."""
        await self.history.until(condition, 24)

    async def publish(self, late: float) -> None:
        """Let somebody write, 60 times a second or as often as it can be stored; half of the cuts come right after."""
        loop = asyncio.get_running_loop()
        while loop.time() < late or (self.case == "slow" and not self.count_dropped() and loop.time() < late + 30):
            client = self.rng.choice([one for one in self.clients if one.joined and not one.slow] or [None])
            if client:
                self.sent += 1
                client.write(f"{self.sent}" + (" " + "x" * LONG if self.case == "slow" else ""))
                if self.case != "slow" and self.case != "joins" and self.rng.random() < CUTS / RATE / 2:
                    await asyncio.sleep(0)
                    client.cut()
                    self.cuts += 1
            await asyncio.sleep(1 / RATE)
            while self.sent - len(self.history.stored) > RATE and loop.time() < late:  # noqa: ASYNC110 - no event
                await asyncio.sleep(1 / RATE)

    async def cut(self) -> None:
        """Cut connections at random."""
        while True:
            await asyncio.sleep(self.rng.expovariate(CUTS / 2))
            self.rng.choice(self.clients).cut()
            self.cuts += 1

    async def restart(self) -> None:
        """Kill the server, and start it again, with its hub or with a new one; wait until all clients are back."""
        while True:
            await asyncio.sleep(min(RESTART, self.seconds / 3))
            self.restarting = asyncio.create_task(self.restart_once())
            await asyncio.shield(self.restarting)  # the storm's end must not leave it without a server
            await self.until(lambda: all(client.joined for client in self.clients))

    async def restart_once(self) -> None:
        port, old = self.server.port, self.hub
        for ws in list(self.server.sockets):
            ws.transport.abort()
        await self.server.stop()
        if self.case == "new-hub":
            self.hub = self.hub_class()
        await self.start(port)
        if old is not self.hub:
            await old.close()
        self.cuts += 1

    async def stall(self) -> None:
        """Let slow clients stop reading for a second or two, again and again."""
        slow = [client for client in self.clients if client.slow]

        async def doze(client) -> None:
            while True:
                await asyncio.sleep(self.rng.uniform(0, 0.5))
                if client.transport:
                    client.transport.pause_reading()
                    transport = client.transport
                    await asyncio.sleep(self.rng.uniform(2, 3))
                    if client.transport is transport:
                        transport.resume_reading()

        async with asyncio.TaskGroup() as group:
            for client in slow:
                group.create_task(doze(client))

    async def join(self, names: list[str]) -> None:
        """Let the others come, one after another, at any moment between two messages."""
        for name in names:
            await asyncio.sleep(self.rng.uniform(0, 2 * self.seconds / len(names)) * 0.9)
            self.enter(name)


def row(case: str, storm: Storm, verdict: Verdict) -> str:
    """Return a line of the table."""
    counts = verdict.counts
    numbers = (storm.sent, storm.cuts or storm.dropped, counts["wanted"], counts["missing"], counts["doubled"],
               counts["reordered"], counts["admitted"], counts["unrecovered"])  # fmt: skip
    return f"{case:9}" + "".join(f"{number:>11,}" for number in numbers)


HEAD = ("sent", "cuts/drops", "wanted", "missing", "doubled", "reordered", "admitted", "unrecov.")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.getLogger("wslearn").setLevel(logging.ERROR)  # networks would tell of each attempt while a server is away
    print(f"{'case':9}" + "".join(f"{name:>11}" for name in HEAD))
    for case in asked.cases or CASES:
        storm, began = Storm(case, asked.clients, asked.seconds, asked.seed), time.monotonic()
        verdict = await storm.run()
        print(row(case, storm, verdict), f"  {time.monotonic() - began:.0f} s", flush=True)
        if not verdict.ok:
            print(verdict)


if __name__ == "__main__":
    asyncio.run(main())
