"""What wslearn wants to reach, and whether it did in this run."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from rows import Row


@dataclass(frozen=True)
class Goal:
    """`value` takes it from the results, or raises KeyError where it was not measured."""

    what: str
    limit: float
    value: Callable[[dict], float]
    at_least: bool = False
    unit: str = ""

    def judge(self, results: dict) -> dict:
        """Return the goal, the value and the verdict: met, missed, or not measured."""
        sign = "≥" if self.at_least else "≤"
        judged = {"goal": self.what, "limit": f"{sign} {self.limit:g}{self.unit}", "value": None}
        try:
            value = self.value(results)
        except KeyError:
            return judged | {"verdict": "not measured"}
        met = value >= self.limit if self.at_least else value <= self.limit
        return judged | {"value": value, "verdict": "met" if met else "missed"}


def row(results: dict, work: str, peer: str | None = None) -> Row:
    """Return the row of this work with this peer, or with any. Raises KeyError where there is none."""
    for found in results["rows"]:
        if found.work == work and peer in (None, found.peer):
            return found
    raise KeyError(work)


def ratio(work: str, peer: str) -> Callable[[dict], float]:
    return lambda results: row(results, work, peer).ratio


def own(work: str) -> Callable[[dict], float]:
    return lambda results: median(row(results, work).mine)


def held(results: dict) -> float:
    """Return the time a client at 4,000 clients, in times that at 100: the median of the rounds."""
    times = results["growth"]["fan_out_ms"]
    return median(many / 4000 / (few / 100) for many, few in zip(times[4000], times[100], strict=True))


GOALS = [
    Goal("fan-out to 1,000, times Node ws", 1.3, ratio("fan-out, 1,000", "Node ws"), at_least=True),
    Goal("fan-out to 1,000, times aiohttp", 1.3, ratio("fan-out, 1,000", "aiohttp"), at_least=True),
    Goal("fan-out to 1,000, time, times the floor's", 1.25, lambda got: 1 / ratio("fan-out, 1,000", "floor")(got)),
    *(
        Goal(f"echo, 50 connections, {size}, times {peer}", 1.0, ratio(f"echo, 50, {size}", peer), at_least=True)
        for peer in ("Node ws", "websockets")
        for size in ("32 B", "4 KiB")
    ),
    Goal("memory of an idle connection, of 2,000", 14, own("memory, 2,000 idle"), unit=" KiB"),
    Goal("time a client at 4,000 clients, times that at 100", 1.3, held),
    Goal("ready to serve", 0.4, own("ready to serve"), unit=" s"),
    Goal("import wslearn, Python's own start included", 0.15, own("import wslearn"), unit=" s"),
    Goal("the whole series of notebooks", 90, lambda results: sum(results["notebooks"].values()), unit=" s"),
]
