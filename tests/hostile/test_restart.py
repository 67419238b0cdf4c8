"""A restart under 300 clients that reconnect: all are back, spread in time, none doubled."""

import asyncio
import random
import time

import pytest
from support import until

from wslearn import Server
from wslearn.client import stay_connected

CLIENTS = 300
#: The longest time that a client waits, in seconds.
BASE = 2.0


class Register(Server):
    """Learns each client's number and keeps it on the line; knows when each came.

    They come when they are accepted: how long their handshakes take then is the affair of a machine that is shared.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.arrivals: list[tuple[float, int]] = []

    def _create_connection(self, *args, **options):
        connection = super()._create_connection(*args, **options)
        connection.came = time.monotonic()
        return connection

    async def handler(self, ws):
        number = int(await ws.recv())
        self.arrivals.append((ws.came, number))
        async for _ in ws:
            pass


async def arrivals_after_restart(clients: int, jitter: bool = True) -> list[float]:
    """Return when each of so many clients was back, in seconds after the server was."""

    async def client(number: int) -> None:
        async def talk(ws) -> None:
            await ws.send(str(number))
            async for _ in ws:
                pass
            raise ConnectionError("the connection has ended")

        rng = random.Random(number) if jitter else AlwaysTheLongest()
        await stay_connected(first.url, talk, base=BASE, cap=BASE, rng=rng)

    first = await Register().start()
    tasks = [asyncio.create_task(client(number)) for number in range(clients)]
    try:
        await until(lambda: len(first.arrivals) == clients, 30)
        await first.stop()
        async with Register(port=first.port) as second:
            back = time.monotonic()
            await until(lambda: len(second.arrivals) >= clients, 30)
            assert sorted(number for _, number in second.arrivals) == list(range(clients))
            assert len(second.connections) == clients
            for task in tasks:
                task.cancel()
            return sorted(when - back for when, _ in second.arrivals)
    finally:
        await first.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class AlwaysTheLongest(random.Random):
    """No jitter: the same wait for everybody."""

    def uniform(self, a: float, b: float) -> float:
        return b


def most_within(arrivals: list[float], seconds: float) -> float:
    """Return the largest share of all arrivals that any window of so many seconds holds."""
    return max(sum(start <= when < start + seconds for when in arrivals) for start in arrivals) / len(arrivals)


@pytest.mark.clock
async def test_all_are_back_spread_in_time_and_none_is_doubled(room_for):
    arrivals = await arrivals_after_restart(room_for(CLIENTS))
    # Waits are drawn from two whole seconds, so about 30 of 300 come in each fifth of one. On a machine that is starved
    # for half a second all that are due in it come together: up to half of them is allowed, where a herd is all.
    assert most_within(arrivals, 0.2) < 0.5
    assert arrivals[-1] - arrivals[0] > 1


@pytest.mark.clock
async def test_without_jitter_they_come_as_a_herd(room_for):
    arrivals = await arrivals_after_restart(room_for(CLIENTS), jitter=False)
    # Spread over two whole seconds, half a second would hold about a third of them.
    assert most_within(arrivals, 0.5) > 0.8
