"""How late the simulated network delivers: `python tests/network/accuracy.py`. No test: it judges nothing.

The echo server has its own process. For each delay: round trips through the network, and as many without it between
them, so that a busy machine troubles both alike. Error = (round trip - the median one without the network) / 2 - delay.
"""

import argparse
import asyncio
from statistics import median, quantiles
from time import perf_counter

from websockets.asyncio.client import ClientConnection, connect

from wslearn import ServerProcess
from wslearn.network import SimulatedNetwork

DELAYS = (1, 2, 5, 10, 25, 50, 100, 200)


async def round_trip(ws: ClientConnection) -> float:
    start = perf_counter()
    await ws.send(b"x" * 32)
    await ws.recv()
    return perf_counter() - start


async def errors(url: str, delay: float, samples: int) -> tuple[list[float], float]:
    """Return by how much each round trip was late, one way, and the median without the network. In seconds."""
    through, without = [], []
    async with SimulatedNetwork(url, delay=delay) as net, connect(net.url) as far, connect(url) as near:
        for number in range(-5, samples):
            times = await round_trip(far), await round_trip(near)
            if number >= 0:  # the first ones warm up
                through.append(times[0])
                without.append(times[1])
    baseline = median(without)
    return [(time - baseline) / 2 - delay for time in through], baseline


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=100, help="round trips for each delay (at least 2)")
    samples = max(2, parser.parse_args().samples)
    print("one way    error: median       p95   round trip without network   (ms)")
    async with ServerProcess("echo", "--plain") as server:
        for delay in DELAYS:
            late, baseline = await errors(server.url, delay / 1000, samples)
            p95 = quantiles(late, n=20)[-1]
            print(f"{delay:7} {median(late) * 1000:16.3f} {p95 * 1000:9.3f} {baseline * 1000:28.3f}")


if __name__ == "__main__":
    asyncio.run(main())
