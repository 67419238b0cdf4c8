"""All benchmarks in one run, and a table with each goal, what was measured, and whether the goal is reached:

    uv run --extra test --extra bench python tests/benchmarks/run_all.py --before PATH

PATH is a checkout of an older commit (`git worktree add PATH COMMIT`). No test: a missed goal is in the table, and the
exit code is 0 all the same. Servers run on one core and the load on another one. Machines are shared, so look at the
ratios, because all contenders of one part run in turns. If other programs are busy, more and shorter rounds help
(`--pairs 20 --seconds 0.1`), and the server's CPU time, which other programs change less, says more than rates do.
"""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(1, str(Path(__file__).parents[1]))  # where the tests' tools are

import contenders
import measure
import table

from wslearn.process import allow_open_files


def progress(line: str, began: float = perf_counter()) -> None:
    """Print a line to standard error, after how many seconds of the run."""
    print(f"{perf_counter() - began:4.0f} s  {line}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, metavar="PATH", help="checkout of an older commit")
    parser.add_argument("--only", help=f"parts, separated by commas: {', '.join(table.PARTS)}")
    parser.add_argument("--pairs", type=int, default=5, help="rounds, in which each takes one turn (5)")
    parser.add_argument("--seconds", type=float, default=0.4, help="how long one measurement takes (0.4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to this file")
    given = parser.parse_args(arguments)
    parts = given.only.split(",") if given.only else list(table.PARTS)
    if unknown := set(parts) - set(table.PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {', '.join(table.PARTS)}")
    most = max(getattr(table.PARTS[name], "clients", 0) for name in parts)
    if (allowed := allow_open_files(most)) < most:
        parser.error(f"this system allows {allowed} connections a process, and {most} are needed (ulimit -n)")
    try:
        found, left_out = contenders.contenders(given.before)
    except ValueError as error:
        parser.error(str(error))
    busy = f", load {os.getloadavg()[0]:.1f} before the run" if hasattr(os, "getloadavg") else ""
    intro = [
        f"{os.cpu_count()} cores{busy}, {platform.platform()}, Python {platform.python_version()}",
        ", ".join(f"{one.name} {one.version}".strip() for one in found.values()),
        *left_out,
        f"Each number is the median of {given.pairs} rounds (least–most). Holds: the median, and how many rounds do.",
    ]
    results = {}
    for name in parts:
        progress(f"{name} …")
        results[name] = table.PARTS[name].measure(found, measure.Run(given.pairs, given.seconds, progress))
    if given.json:
        given.json.write_text(json.dumps({"head": intro, "samples": results}, indent=1) + "\n", encoding="utf-8")
    print(*intro, "", table.goals(results), "", table.details(results), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
