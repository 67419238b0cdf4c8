"""What a probe adds to a round trip: `python tests/benchmarks/probe_overhead.py`. No test: it judges nothing.

For each transport, on one connection and over the same simulated network with no delay, where overhead shows most:
pairs of a round trip by the probe, as `measure` times it, and one by a loop written by hand, in alternating order, so
that a busy machine troubles both alike. The ratio is that of the two medians; beside it that of each of five parts.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

from wslearn import ServerProcess
from wslearn.latency import Settings
from wslearn.latency.probes import ROUND_TRIP_PROBES, Probe

PARTS = 5


def by_hand(probe: Probe) -> Callable[[], Awaitable[object]]:
    """Return the round trip that one writes with the library alone, on the probe's own connection."""
    payload = probe.payload
    if probe.transport == "websocket":
        ws = probe.ws

        async def exchange() -> None:
            await ws.send(payload)
            await ws.recv()
    else:
        session, url = probe.http.session, f"{probe.http.base}/echo"

        async def exchange() -> None:
            async with session.post(url, data=payload) as response:
                await response.read()

    return exchange


async def seconds(exchange: Callable[[], Awaitable[object]]) -> float:
    begin = perf_counter()
    await exchange()
    return perf_counter() - begin


async def overhead(pairs: int) -> list[dict]:
    """Measure so many pairs for each transport, and return what the probes add."""
    found = []
    async with ServerProcess("comparison") as server:
        for name, kind in ROUND_TRIP_PROBES.items():
            target = server.url if name == "websocket" else server.page_url
            async with kind(Settings(), target, 0) as probe:
                await probe.open()
                hand, times = by_hand(probe), {"hand": [], "probe": []}
                for number in range(-20, pairs):  # the first ones warm up
                    both = [("hand", hand), ("probe", probe.exchange)]
                    for who, exchange in both if number % 2 else both[::-1]:
                        spent = await seconds(exchange)
                        if number >= 0:
                            times[who].append(spent)
            parts = [median(times["probe"][part::PARTS]) / median(times["hand"][part::PARTS]) for part in range(PARTS)]
            mine, theirs = median(times["probe"]), median(times["hand"])
            found.append(
                {"transport": name, "hand_ms": theirs * 1000, "probe_ms": mine * 1000, "ratio": mine / theirs}
                | {"added_ms": (mine - theirs) * 1000, "parts": sorted(parts)}
            )
    return found


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000, help="pairs for each transport (at least 50)")
    pairs = max(50, parser.parse_args().pairs)
    print("transport        by hand    probe (ms)   ratio   of five parts")
    for one in await overhead(pairs):
        print(
            f"{one['transport']:<15} {one['hand_ms']:8.3f} {one['probe_ms']:8.3f} {one['ratio']:12.3f}   "
            + " ".join(f"{part:.3f}" for part in one["parts"])
        )


if __name__ == "__main__":
    asyncio.run(main())
