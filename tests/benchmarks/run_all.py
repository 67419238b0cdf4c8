"""All benchmarks in one run, and a table with each goal, what was measured, and whether the goal is reached:

    uv run --extra test --extra bench python tests/benchmarks/run_all.py --before PATH

PATH is a checkout of an older commit (`git worktree add PATH COMMIT`). No test: a missed goal is in the table, and the
exit code is 0 all the same. Node's `ws` is installed with npm at the first run, outside the repository. Servers run on
one core and the load on another one. Machines are shared, so look at the ratios, because all contenders of one part run
in turns. If other programs are busy, more and shorter rounds help: `--pairs 20 --seconds 0.1`.
"""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from time import perf_counter

import children
import measure
import table
from contenders import contenders

from wslearn.process import allow_open_files


def progress(line: str, began: float = perf_counter()) -> None:
    """Print a line to standard error, after how many seconds of the run."""
    print(f"{perf_counter() - began:4.0f} s  {line}", file=sys.stderr, flush=True)


def head(found: dict, left_out: list[str], pairs: int) -> str:
    """Return what the numbers depend on, and how to read them."""
    load = f", load {os.getloadavg()[0]:.1f} before the run" if hasattr(os, "getloadavg") else ""
    pin = children.cores()
    where = f"servers on core {pin[0]}, load on core {pin[1]}" if pin else "not pinned"
    return "\n".join(
        [
            f"{os.cpu_count()} cores ({where}){load}, {platform.platform()}, Python {platform.python_version()}",
            ", ".join(f"{one.name} {one.version}".strip() for one in found.values()),
            *left_out,
            f"Each number is the median of {pairs} rounds (least–most). Holds: the median, and how many rounds do.",
            "By CPU time: the same from the server's CPU time alone, which other programs on the machine change less.",
            "",
        ]
    )


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
        found, left_out = contenders(given.before)
    except ValueError as error:
        parser.error(str(error))
    run = measure.Run(max(1, given.pairs), given.seconds, progress)
    intro, results = head(found, left_out, run.pairs), {}
    for name in parts:
        progress(f"{name} …")
        results[name] = table.PARTS[name].measure(found, run)
    if given.json:
        given.json.write_text(json.dumps({"head": intro, "samples": results}, indent=1) + "\n", encoding="utf-8")
    print(f"{intro}\n{table.goals(results)}\n\n{table.details(results)}")
    if "echo" in results:
        print(f"\n{table.driven(results['echo'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
