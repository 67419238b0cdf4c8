"""The results as text for people, and as JSON."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from contenders import Contender
from goals import GOALS


def machine() -> dict:
    """Return what the run depends on: cores, system, versions."""
    found = {}
    for package in ("wslearn", "websockets", "uvloop", "msgspec", "aiohttp", "starlette", "uvicorn", "tornado"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": found,
    }


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 10 else f"{value:.3f}"


def table(lines: list[list[str]]) -> list[str]:
    """Return lines with columns as wide as they need to be; the first two and the last are texts."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(widths) - 1
    return [
        "  ".join(
            cell.ljust(width) if place in (0, 1, last) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def text(results: dict) -> str:
    """Return the whole report."""
    here = results["machine"]
    load = "" if here["load"] is None else f", load {here['load']:.1f} before the run"
    lines = [
        f"{here['cores']} cores{load}, {here['system']}, Python {here['python']}",
        ", ".join(f"{name} {shown}" for name, shown in results["contenders"].items()),
        *results["left_out"],
    ]
    if results["rows"]:
        lines += [
            "",
            "Ratio: how many times as good wslearn is as its peer; above 1 it is ahead. Median, least, most of pairs.",
            "CPU: the same for the server's CPU time. Client: how busy the load client was; * where it was the limit.",
            "",
            *table([HEAD, *map(cells, results["rows"])]),
        ]
    if starts := [row for row in results["rows"] if row.work in ("ready to serve", "import wslearn")]:
        lines += ["", "CPU time of it, in seconds; other programs on the machine lengthen it less:"]
        lines += [f"  {row.work} {median(mine for mine, _ in row.cpu) / 1e6:.3f}" for row in starts]
    if probes := results.get("probes"):
        lines += ["", "What a probe of `measure` adds to a round trip written by hand:"]
        lines += [f"  {one['transport']}: {one['ratio']:.3f} times, {one['added_ms'] * 1000:.0f} µs" for one in probes]
    if growth := results.get("growth"):
        lines += ["", "Growth:", *(f"  {sentence}" for sentence in growth["sentences"])]
    if notebooks := results.get("notebooks"):
        lines += ["", "Notebooks, in seconds:"]
        lines += [f"  {name} {spent:.1f}" for name, spent in notebooks.items()]
    lines += ["", *table([["goal", "", "limit", "here", "verdict"], *map(verdict, results["goals"])])]
    return "\n".join(lines)


HEAD = ["work", "peer", "ratio", "least", "most", "CPU", "wslearn", "peer's", "client", "unit"]


def cells(row) -> list[str]:
    shown = ""
    if row.client:
        busy = [(median(pair[who] for pair in row.client), row.client_was_the_limit(who)) for who in (0, 1)]
        shown = "/".join(f"{share:.0%}{'*' if limit else ''}" for share, limit in busy)
    cpu = row.cpu_ratio
    return [
        row.work, row.peer, f"{row.ratio:.2f}", f"{min(row.ratios):.2f}", f"{max(row.ratios):.2f}",
        f"{cpu:.2f}" if cpu else "", number(median(row.mine)), number(median(row.theirs)), shown, row.unit,
    ]  # fmt: skip


def verdict(judged: dict) -> list[str]:
    shown = "" if judged["value"] is None else number(judged["value"])
    return [judged["goal"], "", judged["limit"], shown, judged["verdict"]]


def judge(results: dict) -> list[dict]:
    return [goal.judge(results) for goal in GOALS]


def as_json(results: dict) -> dict:
    return results | {"rows": [row.as_json() for row in results["rows"]]}


def named(contenders: list[Contender]) -> dict[str, str]:
    """Return each contender's version, as it is shown."""
    return {one.name: one.version for one in contenders}
