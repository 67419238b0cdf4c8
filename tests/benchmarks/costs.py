"""What is paid once: memory and time of a connection, time until a server or an import is ready, notebooks."""

import json
import sys
from pathlib import Path
from time import perf_counter

import children
from contenders import Contender, opponent, wslearn
from rows import Row

#: Connections before the first look at memory: what a server loads for the first one is not a connection's cost.
BEFORE = 10
HERE = Path(__file__).parent


async def connections(contender: Contender, count: int) -> tuple[float, float]:
    """Start a server, connect so many idle clients, and return KiB a connection, and connections a second."""
    async with contender.serve("echo") as serving, children.load("idle", serving.port) as load:
        await load.ask(f"connect {BEFORE}")
        before = serving.memory()
        seconds = (await load.ask(f"connect {BEFORE + count}"))["seconds"]
        grown = serving.memory() - before
        serving.child.kill()
    return grown / count / 1024, count / seconds


async def connection_rows(peers: list[Contender], count: int, rounds: int, say) -> list[Row]:
    """Measure all in turns, in each second round the other way round; each has a new process every time."""
    all_ = [wslearn(), *peers]
    found: dict[str, list[tuple[float, float]]] = {one.name: [] for one in all_}
    for number in range(rounds):
        for one in all_[:: -1 if number % 2 else 1]:
            found[one.name].append(await connections(one, count))
            kib, rate = found[one.name][-1]
            say(f"{count:,} idle connections, {one.name}: {kib:.1f} KiB each, {rate:,.0f} a second")
    columns = {name: tuple(map(list, zip(*values, strict=True))) for name, values in found.items()}
    mine = columns["wslearn"]
    return [
        *(
            Row(f"memory, {count:,} idle", peer.name, "KiB/connection", mine[0], columns[peer.name][0], more=False)
            for peer in peers
        ),
        *(Row("connecting", peer.name, "connections/s", mine[1], columns[peer.name][1]) for peer in peers),
    ]


async def memory_growth(sizes: list[int]) -> list[tuple[int, float]]:
    """Return the whole process's memory in MiB at so many connections."""
    found = []
    async with wslearn().serve("echo") as serving, children.load("idle", serving.port) as load:
        for size in sizes:
            await load.ask(f"connect {size}")
            found.append((size, serving.memory() / 2**20))
        serving.child.kill()
    return found


async def ready(contender: Contender) -> float:
    """Return the seconds from the start of the process to its line."""
    began = perf_counter()
    async with contender.serve("echo"):
        return perf_counter() - began


async def command(*arguments: str) -> float:
    """Return the seconds that Python needs for this, from start to end."""
    began = perf_counter()
    async with children.Child([sys.executable, *arguments]) as child:
        await child.ended()
        return perf_counter() - began


async def start_rows(peers: list[Contender], pairs: int, say) -> list[Row]:
    """Measure starting against a bare server of the same library, and importing against Python's own start."""
    peer = next(one for one in peers if one.name == "websockets")
    me = opponent(peer)
    starts, imports = [], []
    for number in range(-1, pairs):  # the first ones warm up: files read, bytecode written
        order = (me, peer) if number % 2 else (peer, me)
        spent = [await ready(one) for one in order]
        commands = ("import wslearn", "pass") if number % 2 else ("pass", "import wslearn")
        took = [await command("-c", text) for text in commands]
        if number >= 0:
            starts.append(spent if number % 2 else spent[::-1])
            imports.append(took if number % 2 else took[::-1])
            say(f"start {starts[-1][0]:.3f} s, import {imports[-1][0]:.3f} s")
    rows = []
    for work, other, values in (("ready to serve", peer.name, starts), ("import wslearn", "bare Python", imports)):
        mine, theirs = map(list, zip(*values, strict=True))
        rows.append(Row(work, other, "s", mine, theirs, more=False))
    return rows


async def notebooks(say) -> dict[str, float]:
    """Return how long each notebook runs, in seconds, its kernel's start and end included."""
    found = {}
    for path in sorted((HERE.parents[1] / "notebooks").glob("*.ipynb")):
        async with children.Child([sys.executable, str(HERE / "notebook_seconds.py"), path.stem]) as child:
            found[path.stem] = json.loads(await child.line(patience=300))
        say(f"notebook {path.stem}: {found[path.stem]:.1f} s")
    return found
