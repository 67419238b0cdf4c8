"""A restart under 300 clients that reconnect: all are back, spread in time, none doubled."""

import asyncio
import random
import sys
import time

from support import until

from wslearn import Server
from wslearn.client import stay_connected

CLIENTS = 300
#: The longest time that a client waits, in seconds.
BASE = 2.0
#: What a timer may be early by, in seconds: on Windows before Python 3.13 a tick is 15.6 ms.
TICK = 0.035 if sys.platform == "win32" else 0.002


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


class Noting(random.Random):
    """Notes when each wait was drawn, and how long it is: what a client plans, on however slow a machine."""

    def __init__(self, seed: int, jitter: bool):
        super().__init__(seed)
        self.jitter = jitter
        self.drawn: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        wait = super().uniform(a, b) if self.jitter else b
        self.drawn.append((time.monotonic(), wait))
        return wait


async def waits_after_restart(clients: int, jitter: bool = True) -> list[float]:
    """Return how long each of so many clients planned to wait for the attempt that brought it back.

    They are all back, none of them twice, and none before the time that it planned. How much later they come is the
    affair of a machine that is shared: one that stands still for a second squeezes together all who are due in it.
    """

    async def client(number: int) -> None:
        async def talk(ws) -> None:
            await ws.send(str(number))
            async for _ in ws:
                pass
            raise ConnectionError("the connection has ended")

        await stay_connected(first.url, talk, base=BASE, cap=BASE, rng=rngs[number])

    first = await Register().start()
    rngs = [Noting(number, jitter) for number in range(clients)]
    tasks = [asyncio.create_task(client(number)) for number in range(clients)]
    try:
        await until(lambda: len(first.arrivals) == clients, 50)
        await first.stop()
        async with Register(port=first.port) as second:
            await until(lambda: len(second.arrivals) >= clients, 50)
            assert sorted(number for _, number in second.arrivals) == list(range(clients))
            assert len(second.connections) == clients
            for came, number in second.arrivals:
                drawn, wait = rngs[number].drawn[-1]
                assert came >= drawn + wait - TICK, f"client {number} came {drawn + wait - came:.3f} s too early"
            return [rng.drawn[-1][1] for rng in rngs]
    finally:
        await first.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def most_within(waits: list[float], seconds: float) -> float:
    """Return the largest share of all waits that any window of so many seconds holds."""
    return max(sum(start <= wait < start + seconds for wait in waits) for start in waits) / len(waits)


async def test_all_are_back_spread_in_time_and_none_is_doubled(room_for):
    waits = await waits_after_restart(room_for(CLIENTS))
    # Drawn from two whole seconds, so about 30 of 300 are due in each fifth of one. Who came while there was no server
    # has drawn again, from the same two seconds.
    assert most_within(waits, 0.2) < 0.3
    assert max(waits) - min(waits) > 1.5


async def test_without_jitter_they_come_as_a_herd(room_for):
    assert most_within(await waits_after_restart(room_for(CLIENTS), jitter=False), 0.2) == 1
