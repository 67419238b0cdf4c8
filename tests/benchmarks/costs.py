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


async def ready(contender: Contender) -> tuple[float, float]:
    """Return the seconds from the start of the process to its line, on the clock and of CPU time."""
    began = perf_counter()
    async with contender.serve("echo") as serving:
        return perf_counter() - began, serving.cpu()


async def command(text: str) -> tuple[float, float]:
    """Return the seconds that `python -c` needs for this, from start to end, on the clock and of CPU time."""
    began = perf_counter()
    code = f"{text}\nimport time\nprint(time.process_time())"
    async with children.Child([sys.executable, "-c", code]) as child:
        cpu = float(await child.line())
        await child.ended()
        return perf_counter() - began, cpu


async def start_rows(peers: list[Contender], pairs: int, say) -> list[Row]:
    """Measure starting against a bare server of the same library, and importing against Python's own start."""
    peer = next(one for one in peers if one.name == "websockets")
    starts, imports = [], []
    for number in range(-1, pairs):  # the first ones warm up: files read, bytecode written
        turn = 1 if number % 2 else -1
        started = [await ready(one) for one in (opponent(peer), peer)[::turn]][::turn]
        imported = [await command(text) for text in ("import wslearn", "pass")[::turn]][::turn]
        if number >= 0:
            starts.append(started)
            imports.append(imported)
            for what, (clock, cpu) in (("start", started[0]), ("import", imported[0])):
                say(f"{what}: {clock:.3f} s, {cpu:.3f} s of it CPU time")
    rows = []
    for work, other, values in (("ready to serve", peer.name, starts), ("import wslearn", "bare Python", imports)):
        clock = [[pair[who][0] for pair in values] for who in (0, 1)]
        cpu = [(mine[1] * 1e6, theirs[1] * 1e6) for mine, theirs in values]
        rows.append(Row(work, other, "s", *clock, more=False, cpu=cpu))
    return rows


async def notebooks(say) -> dict[str, float]:
    """Return how long each notebook runs, in seconds, its kernel's start and end included."""
    found = {}
    for path in sorted((HERE.parents[1] / "notebooks").glob("[0-9]*.ipynb")):
        async with children.Child([sys.executable, str(HERE / "notebook_seconds.py"), path.stem]) as child:
            found[path.stem] = json.loads(await child.line(patience=300))
        say(f"notebook {path.stem}: {found[path.stem]:.1f} s")
    return found
