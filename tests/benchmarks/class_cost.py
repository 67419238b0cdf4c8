"""What `wslearn class` costs with 200 phones: from a vote to the board, joining at once, memory.

    uv run --extra test python tests/benchmarks/class_cost.py --pages 10 --rounds 3

The command, the programs, the pages in Chromium and this one, which is the board, are processes of their own on the
same cores. So the time of a vote holds all of their work, too.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from contenders import Child
from websockets.asyncio.client import connect

PHONES, AT_ONCE = 200, 100
#: Seconds for a task of the phones, at most, and for their end.
LONGEST, END = 300, 30
#: In how many seconds everybody votes.
SPREADS = {"one after another": 20.0, "within 2 s": 2.0}
#: The last choice is that of the pages, so the counts on the board tell whose vote has arrived.
CHOICES, OF_PAGES = ["a", "b", "c", "d"], 3
WORKERS = Path(__file__).with_name("class_phones.py")


def main() -> None:
    """Measure, and print a line for each goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=0, help="so many of the 200 phones are pages in Chromium")
    parser.add_argument("--projector", action="store_true", help="the board's page is open, too, and its paint counts")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for number in range(1, options.rounds + 1):
        print(f"round {number}, load {os.getloadavg()[0]:.1f}", flush=True)
        asyncio.run(measure({"programs": PHONES - options.pages, "pages": options.pages}, options.projector))


async def measure(counts: dict[str, int], projector: bool) -> None:
    """Run a class once, with so many phones of each kind."""
    with ExitStack() as stack:
        command = stack.enter_context(Child([sys.executable, "-m", "wslearn", "class", "--port", "0", "--json"]))
        addresses = json.loads(command.line())
        workers: dict[str, Child] = {}
        for kind in filter(counts.get, counts):
            arguments = [sys.executable, str(WORKERS), kind, addresses["url"], addresses["board_url"]]
            workers[kind] = stack.enter_context(Child(arguments))
            stack.callback(workers[kind].wait, END)
            stack.callback(workers[kind].stdin.close)
        memory = [command.memory_info().rss]
        print(f"{AT_ONCE} phones that join at once: {ask(workers['programs'], join=AT_ONCE):.2f} s", flush=True)
        ask(workers["programs"], join=counts["programs"] - AT_ONCE)
        if "pages" in workers:
            ask(workers["pages"], join=counts["pages"], projector=projector)
        async with connect(addresses["board_url"].replace("http", "ws") + "ws", max_size=None) as board:
            for shown in (False, True):
                for name, seconds in SPREADS.items():
                    before = {kind: busy(child) for kind, child in {"command": command, **workers}.items()}
                    took = await votes(board, workers, seconds, shown)
                    work = {kind: busy({"command": command, **workers}[kind]) - used for kind, used in before.items()}
                    print(f"{PHONES} votes {name}, results {'shown' if shown else 'hidden'}: {in_words(took)}")
                    print("    seconds on a core:", *(f"{kind} {used:.1f}" for kind, used in work.items()), flush=True)
                    memory.append(command.memory_info().rss)
        print(f"memory of the command: {memory[0] / 2**20:.0f} MiB at first, {max(memory) / 2**20:.0f} MiB with phones")


def ask(worker: Child, **what: object):
    """Let the phones of a process do something, and return what it tells of that."""
    return worker.ask(json.dumps(what), LONGEST)


def busy(process: Child) -> float:
    """Return for how many seconds a process and its children have used a core."""
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


async def votes(board, workers: dict[str, Child], seconds: float, shown: bool) -> dict[str, list[float]]:
    """Let each phone vote within so many seconds; return how long the votes were on their way to the board.

    With hidden results the board doesn't tell which votes have arrived, so they count in the order of their sending.
    """
    await board.send(json.dumps({"type": "ask", "question": f"In {seconds:g} s?", "choices": CHOICES}))
    if shown:
        await board.send(json.dumps({"type": "show"}))
    while not (poll := (await state_of(board))["poll"]) or poll["voted"] or poll["shown"] != shown:
        pass
    asked = {"vote": poll["poll"], "seconds": seconds}
    of = {"programs": list(range(OF_PAGES)), "pages": [OF_PAGES]}
    voting = [asyncio.to_thread(ask, worker, **asked, choices=of[kind]) for kind, worker in workers.items()]
    voting = asyncio.gather(*voting)
    seen: dict[str, list[float]] = {"programs": [], "pages": [], "all": []}
    while len(seen["all"]) < PHONES:
        poll, now = (await state_of(board))["poll"], time.time()
        arrived = {"pages": poll["counts"][OF_PAGES], "programs": sum(poll["counts"][:OF_PAGES]), "all": poll["voted"]}
        for kind, count in arrived.items():
            seen[kind] += [now] * (count - len(seen[kind]))
    told = await voting
    sent = {kind: sorted(one["sent"]) for kind, one in zip(workers, told, strict=True)}
    sent["all"] = sorted(at for times in sent.values() for at in times)
    took = {kind: passed(seen[kind], sent[kind]) for kind in (sent if shown and len(workers) > 1 else ["all"])}
    if painted := told[-1].get("painted"):
        took["all, painted by the board's page"] = passed(painted, sent["all"])
    return took


def passed(ends: list[float], begins: list[float]) -> list[float]:
    """Return how long each took."""
    return [end - begin for end, begin in zip(ends, begins, strict=True)]


def in_words(took: dict[str, list[float]]) -> str:
    """Return medians and the slowest ones."""
    return "; ".join(
        f"{kind}: {median(times) * 1000:.0f} ms median, "
        f"{quantiles(times, n=100, method='inclusive')[98] * 1000:.0f} ms p99"
        for kind, times in took.items()
    )


async def state_of(board) -> dict:
    """Return the next state of the board, which also gets the frames of votes."""
    while (message := json.loads(await board.recv()))["type"] != "board":
        pass
    return message


if __name__ == "__main__":
    main()
