"""Messages: wslearn and a peer, both running, measured in turns.

A fan-out's time is from the sending of a message to the arrival of its last copy, with one message under way; a rate
of deliveries follows from it. With more messages under way a server could hide the time of one behind the next.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import children
from contenders import Contender, Serving, opponent
from rows import Row

#: Time of the work before the first measurement, in seconds: Node compiles what runs often.
WARM_UP = 0.3


@dataclass(frozen=True)
class Measured:
    """Deliveries a second; the server's CPU time a delivery, in microseconds; the client's share of the time."""

    rate: float
    cpu: float
    client: float


@dataclass(frozen=True)
class Session:
    """A server, and the load client whose connections to it are open."""

    serving: Serving
    load: children.Child

    async def measure(self, seconds: float) -> Measured:
        """Work for so long."""
        await self.load.ask("settle 0")
        cpu = self.serving.cpu()
        done = await self.load.ask(f"measure {seconds}")
        cpu = self.serving.cpu() - cpu
        return Measured(
            done["deliveries"] / done["seconds"], cpu / done["deliveries"] * 1e6, done["cpu"] / done["seconds"]
        )


@asynccontextmanager
async def session(contender: Contender, work: str, clients: int, size: int) -> AsyncIterator[Session]:
    """Run a server with so many clients for a block."""
    async with contender.serve(work) as serving, children.load(work, serving.port, size) as load:
        try:
            await load.ask(f"connect {clients}")
            yield Session(serving, load)
        finally:
            serving.child.kill()  # before its clients: else it would have much to say of their end


async def compare_all(
    name: str, work: str, clients: int, size: int, peers: list[Contender], pairs: int, seconds: float
) -> AsyncIterator[Row]:
    """Yield a row for each peer. wslearn runs all the time, each peer in its turn."""
    async with AsyncExitStack() as stack:
        mine: dict[Contender, Session] = {}
        for peer in peers:
            me = opponent(peer)
            if me not in mine:
                mine[me] = await stack.enter_async_context(session(me, work, clients, size))
                await mine[me].measure(WARM_UP)
            async with session(peer, work, clients, size) as theirs:
                await theirs.measure(WARM_UP)
                both = await measure_pairs(mine[me], theirs, pairs, seconds)
            yield Row(
                name, peer.name, "messages/s" if work == "echo" else "deliveries/s",
                [m.rate for m, _ in both], [t.rate for _, t in both],
                cpu=[(m.cpu, t.cpu) for m, t in both], client=[(m.client, t.client) for m, t in both], me=me.name,
            )  # fmt: skip


async def measure_pairs(mine: Session, theirs: Session, pairs: int, seconds: float) -> list[tuple[Measured, Measured]]:
    """Measure both alternately: first the one first, then the other."""
    both = []
    for number in range(pairs):
        order = (mine, theirs) if number % 2 else (theirs, mine)
        first, second = [await one.measure(seconds) for one in order]
        both.append((first, second) if number % 2 else (second, first))
    return both
