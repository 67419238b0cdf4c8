"""What `wslearn class` costs with 200 phones: from a vote to the board, joining at once, memory.

    uv run --extra test python tests/benchmarks/class_cost.py --pages 10 --rounds 3

The command, the programs, the pages in Chromium and this one, which is the board, are processes of their own on the
same cores. So the time of a vote holds all of their work, too.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path

import psutil
from websockets.asyncio.client import connect

PHONES, AT_ONCE = 200, 100
#: In how many seconds everybody votes.
SPREADS = {"one after another": 20.0, "within 2 s": 2.0}
#: The last choice is that of the pages, so the counts on the board tell whose vote has arrived.
CHOICES, OF_PAGES = ["a", "b", "c", "d"], 3
WORKERS = Path(__file__).with_name("class_phones.py")


async def main() -> None:
    """Measure, and print a line for each goal."""
    options = parsed()
    for number in range(1, options.rounds + 1):
        print(f"round {number}, load {os.getloadavg()[0]:.1f}", flush=True)
        await measure(PHONES - options.pages, options.pages, options.projector)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=0, help="so many of the 200 phones are pages in Chromium")
    parser.add_argument("--projector", action="store_true", help="the board's page is open, too, and its paint counts")
    parser.add_argument("--rounds", type=int, default=1)
    return parser.parse_args()


async def measure(programs: int, pages: int, projector: bool) -> None:
    """Run a class with so many phones once."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wslearn", "class", "--port", "0", "--json", stdout=asyncio.subprocess.PIPE
    )
    workers: list[Worker] = []
    try:
        addresses = json.loads(await process.stdout.readline())
        memory = [psutil.Process(process.pid).memory_info().rss]
        workers.append(await Worker("programs").start(addresses, programs))
        print(f"{AT_ONCE} phones that join at once: {await workers[0].ask(join=AT_ONCE):.2f} s", flush=True)
        await workers[0].ask(join=programs - AT_ONCE)
        if pages:
            workers.append(await Worker("pages").start(addresses, pages))
            await workers[1].ask(join=pages, projector=projector)
        async with connect(addresses["board_url"].replace("http", "ws") + "ws", max_size=None) as board:
            for shown in (False, True):
                for name, seconds in SPREADS.items():
                    pids = {"command": process.pid} | {worker.kind: worker.process.pid for worker in workers}
                    before = {kind: busy(pid) for kind, pid in pids.items()}
                    took = await votes(board, workers, seconds, shown)
                    work = ", ".join(f"{kind} {busy(pid) - before[kind]:.1f} s" for kind, pid in pids.items())
                    print(f"{PHONES} votes {name}, results {'shown' if shown else 'hidden'}: {in_words(took)}")
                    print(f"    seconds on a core: {work}", flush=True)
                    memory.append(psutil.Process(process.pid).memory_info().rss)
        print(f"memory of the command: {memory[0] / 2**20:.0f} MiB at first, {max(memory) / 2**20:.0f} MiB with phones")
    finally:
        for worker in workers:
            await worker.stop()
        process.terminate()
        await process.wait()


def busy(pid: int) -> float:
    """Return for how many seconds a process and its children have used a core."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


class Worker:
    """A process that plays phones: `ask` sends it a line, and returns what it answers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def start(self, addresses: dict, count: int) -> "Worker":
        """Start it."""
        self.count = count
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(WORKERS), self.kind, addresses["url"], addresses["board_url"]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        return self

    async def ask(self, **what: object):
        """Let it do something, and return what it tells of that."""
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        return json.loads(await self.process.stdout.readline())

    async def stop(self) -> None:
        """End it."""
        self.process.stdin.close()
        await self.process.wait()


async def votes(board, workers: list[Worker], seconds: float, shown: bool) -> dict[str, list[float]]:
    """Let each phone vote within so many seconds; return how long the votes were on their way to the board.

    With hidden results the board doesn't tell which votes have arrived, so they count in the order of their sending.
    """
    await board.send(json.dumps({"type": "ask", "question": f"In {seconds:g} s?", "choices": CHOICES}))
    if shown:
        await board.send(json.dumps({"type": "show"}))
    while not (poll := (await state_of(board))["poll"]) or poll["voted"] or poll["shown"] != shown:
        pass
    asked = {"vote": poll["poll"], "seconds": seconds}
    choices = [{"choices": [OF_PAGES] if worker.kind == "pages" else list(range(OF_PAGES))} for worker in workers]
    voting = [asyncio.create_task(worker.ask(**asked, **own)) for worker, own in zip(workers, choices, strict=True)]
    seen: dict[str, list[float]] = {"programs": [], "pages": [], "all": []}
    while len(seen["all"]) < sum(worker.count for worker in workers):
        poll, now = (await state_of(board))["poll"], time.time()
        arrived = {"pages": poll["counts"][OF_PAGES], "programs": sum(poll["counts"][:OF_PAGES]), "all": poll["voted"]}
        for kind, count in arrived.items():
            seen[kind] += [now] * (count - len(seen[kind]))
    told = [await one for one in voting]
    sent = {worker.kind: sorted(one["sent"]) for worker, one in zip(workers, told, strict=True)}
    sent["all"] = sorted(at for times in sent.values() for at in times)
    kinds = [*sent] if shown and len(workers) > 1 else ["all"]
    took = {kind: [at - before for at, before in zip(seen[kind], sent[kind], strict=True)] for kind in kinds}
    if painted := told[-1].get("painted"):
        took["all, painted by the board's page"] = [
            at - before for at, before in zip(painted, sent["all"], strict=True)
        ]
    return took


def in_words(took: dict[str, list[float]]) -> str:
    """Return medians and the slowest ones."""
    return "; ".join(
        f"{kind}: {statistics.median(times) * 1000:.0f} ms median, {percentile(times, 99) * 1000:.0f} ms p99"
        for kind, times in took.items()
    )


async def state_of(board) -> dict:
    """Return the next state of the board, which also gets the frames of votes."""
    while (message := json.loads(await board.recv()))["type"] != "board":
        pass
    return message


def percentile(values: list[float], percent: int) -> float:
    """Return the value below which so many percent of the values are."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    asyncio.run(main())
