"""All benchmarks in one run, wslearn against its peers, with a table of ratios and a verdict on each goal:

    uv run --extra test --extra bench python tests/benchmarks/run_all.py

No test: a missed goal is said, and the exit code is 0 all the same. It takes some ten minutes; with --quick two, and
then less is measured. Node's `ws` is installed with npm at the first run, outside the repository. Machines are
shared, so look at the ratios: each pair is measured in turns, in this one run.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import contenders
import costs
import growth
import probe_overhead
import report
from pairs import compare_all

from wslearn.process import allow_open_files

PARTS = ("echo", "fan-out", "rooms", "memory", "start", "probes", "growth", "notebooks")
SIZES = {"32 B": 32, "4 KiB": 4096}


def plan(quick: bool) -> dict:
    """Return how much is measured: clients, connections, time of one measurement in seconds."""
    if quick:
        return {
            "seconds": 0.2, "echo": [50], "clients": [10, 100, 1000], "idle": 500, "rounds": 2, "probes": 200,
            "growth": [10, 100, 300, 1000], "memory": [100, 300, 600, 1000],
        }  # fmt: skip
    return {
        "seconds": 0.4, "echo": [1, 50], "clients": [10, 100, 1000, 4000], "idle": 2000, "rounds": 5, "probes": 500,
        "growth": [10, 100, 500, 1000, 2000, 3000, 4000], "memory": [100, 500, 1000, 2000, 3000, 4000],
    }  # fmt: skip


class Progress:
    """Lines on stderr: what was measured, and after how many seconds of the run."""

    def __init__(self) -> None:
        self.began = perf_counter()

    def __call__(self, line: str) -> None:
        print(f"{perf_counter() - self.began:4.0f} s  {line}", file=sys.stderr, flush=True)


async def messages(part: str, peers: list, pairs: int, how: dict, say) -> list:
    """Measure echo, fan-out or rooms against every peer."""
    if part == "echo":
        works = [(f"echo, {n}, {name}", "echo", n, size) for n in how["echo"] for name, size in SIZES.items()]
    elif part == "fan-out":
        works = [(f"fan-out, {n:,}", "broadcast", n, 128) for n in how["clients"]]
    else:
        works = [("rooms, 1,000 in 100", "rooms", 1000, 128)]
    rows = []
    for name, work, clients, size in works:
        async for row in compare_all(name, work, clients, size, peers, pairs, how["seconds"]):
            say(f"{name}: {row.ratio:.2f} times {row.peer}")
            rows.append(row)
    return rows


async def measure(parts: list[str], pairs: int, quick: bool, picture: Path) -> dict:
    """Measure these parts, and return the results."""
    say, how = Progress(), plan(quick)
    peers, left_out = contenders.peers()
    for line in left_out:
        say(line)
    results = {
        "machine": report.machine(), "contenders": report.named([contenders.wslearn(), *peers]),
        "left_out": left_out, "rows": [],
    }  # fmt: skip
    most = allow_open_files(10_000)
    for name in ("clients", "growth", "memory"):
        if over := [size for size in how[name] if size > most]:
            how[name] = [size for size in how[name] if size <= most]
            left_out.append(f"{name}: {over} are left out: this system allows {most} connections a process (ulimit -n)")
    same_loop = [peer for peer in peers if not peer.name.endswith("(asyncio)")]
    for part in parts:
        if part in ("echo", "fan-out", "rooms"):
            results["rows"] += await messages(part, peers, pairs, how, say)
        elif part == "memory":
            servers = [peer for peer in same_loop if peer.name != "floor"]
            results["rows"] += await costs.connection_rows(servers, how["idle"], how["rounds"], say)
        elif part == "start":
            results["rows"] += await costs.start_rows(peers, pairs, say)
        elif part == "probes":
            results["probes"] = await probe_overhead.overhead(how["probes"])
            say("probes measured")
        elif part == "growth":
            times = await growth.fan_out_times(how["growth"], how["rounds"], how["seconds"], say)
            mibs = await growth.memory(how["memory"], how["rounds"], say)
            growth.draw(times, mibs, str(picture))
            sentences = growth.describe(times, mibs)[2]
            results["growth"] = {"fan_out_ms": times, "memory_mib": mibs, "sentences": sentences}
        else:
            results["notebooks"] = await costs.notebooks(say)
    return results | {"goals": report.judge(results), "seconds": perf_counter() - say.began}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"parts, separated by commas: {', '.join(PARTS)}")
    parser.add_argument("--pairs", type=int, help="pairs of each comparison (5; with --quick 3)")
    parser.add_argument("--quick", action="store_true", help="less of everything, and no notebooks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the results go; the picture lies beside it")
    given = parser.parse_args()
    parts = given.only.split(",") if given.only else [part for part in PARTS if not (given.quick and part == PARTS[-1])]
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    file = given.json or Path(tempfile.gettempdir()) / "wslearn-benchmarks.json"
    picture = file.with_suffix(".png")
    pairs = max(1, given.pairs or (3 if given.quick else 5))
    try:
        results = asyncio.run(measure(parts, pairs, given.quick, picture))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    file.write_text(json.dumps(report.as_json(results), indent=1) + "\n", encoding="utf-8")
    print(report.text(results))
    print(f"\nAfter {results['seconds']:.0f} s. Results: {file}" + (f", {picture}" if "growth" in parts else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
