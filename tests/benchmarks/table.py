"""The rows of the table: what is compared, the goal, and whether it was reached in this run.

Statistics are the standard library's. pyperf compares its own files of one function's many runs, each made alone, and
does not keep pairs together; scipy's tests need more than five pairs. A median, and the least and the most beside it,
say what five pairs can say.
"""

from dataclasses import dataclass
from math import nan
from statistics import median

from measure import Idle, Messages, Notebooks, Samples

WS = "wslearn"
#: One room of lesson 04, and the same of lesson 09, which keeps its messages; ids are acknowledged.
ROOM, FEEDS = "wslearn as rooms, room", ("wslearn as feed, room", "wslearn as feed, acknowledged")
#: What is measured, by the name with which `--only` chooses it. All rows of a part come from the same samples.
PARTS: dict[str, Messages | Idle | Notebooks] = {
    "echo": Messages(
        "echo", 50, 32, (WS, "before", "Node ws", "aiohttp", "callback", "picows", "starlette", "tornado", "websockets")
    ),
    "echo-4k": Messages("echo", 50, 4096, (WS, "Node ws", "aiohttp", "picows", "websockets")),
    "kernel": Messages("echo", 50, 32, ("wslearn (asyncio)", "websockets (asyncio)")),
    "fan-out": Messages("broadcast", 1000, 128, (WS, "Node ws", "websockets", "floor")),
    "growth": Messages("broadcast", 10_000, 128, (WS, "wslearn at 100")),
    "rooms": Messages("rooms", 1000, 128, (WS, "Node ws")),
    "feed": Messages("room", 100, 100, (ROOM, *FEEDS)),
    "feed-1000": Messages("room", 1000, 100, (ROOM, *FEEDS)),
    "idle": Idle(2000, (WS, "Node ws", "websockets")),
    "notebooks": Notebooks(),
}


@dataclass(frozen=True)
class Row:
    """A comparison: what `mine` has of `quantity`, times what `theirs` has, or without `theirs` as it is.

    A rate should be at least the goal, and everything else at most.
    """

    part: str
    work: str
    quantity: str
    theirs: str = ""
    goal: float | None = None
    mine: str = WS

    def values(self, samples: Samples) -> list[float]:
        """Return the value of each round. Raises KeyError if one of the two was not measured."""
        mine = [sample[self.quantity] for sample in samples[self.mine]]
        if not self.theirs:
            return mine
        # A measurement that is too short for the system's clock of CPU time has none.
        pairs = zip(mine, samples[self.theirs], strict=True)
        return [one / other[self.quantity] if other[self.quantity] else nan for one, other in pairs]

    def cells(self, samples: Samples) -> list[str]:
        """Return the row as texts."""
        more = self.quantity == "rate"
        goal = "" if self.goal is None else f"{'≥' if more else '≤'} {self.goal:g}"
        work = f"{self.work}, times {NAMES.get(self.theirs, self.theirs)}" if self.theirs else self.work
        try:
            values = self.values(samples)
        except KeyError:
            return [work, goal, "not measured", ""]
        if self.goal is None:
            return [work, goal, spread(values), ""]
        holds = [value >= self.goal if more else value <= self.goal for value in (median(values), *values)]
        return [work, goal, spread(values), f"{'yes' if holds[0] else 'NO'} ({sum(holds[1:])} of {len(values)})"]


NAMES = {
    "before": "the older commit's",
    "callback": "without a handler",
    "floor": "the floor's",
    "wslearn at 100": "that at 100",
    ROOM: "rooms",
}
#: The columns of the second table: quantity of a sample, head, how many times as much is shown, unit.
COLUMNS = [
    ("rate", "rate", 1, "/s"),
    ("cpu", "server's CPU", 1, " µs"),
    ("memory", "memory", 1, " KiB"),
    ("seconds", "time", 1, " s"),
    ("server", "server busy", 100, " %"),
    ("load", "load busy", 100, " %"),
]
ECHO = "echo, 50 connections, 32 B"
ROWS = [
    Row("echo", ECHO, "rate", "Node ws", 1.25),
    Row("echo", ECHO, "rate", "aiohttp", 1.2),
    *(Row("echo", ECHO, "rate", name) for name in ("picows", "starlette", "tornado", "websockets")),
    Row("echo", ECHO + ", without a handler", "rate", "Node ws", mine="callback"),
    Row("echo", "CPU of a message, 32 B", "cpu", "before", 0.55),
    Row("echo", "CPU of a message, 32 B", "cpu", "callback"),
    Row("echo-4k", "echo, 50 connections, 4 KiB", "rate", "Node ws", 1.2),
    *(Row("echo-4k", "echo, 50 connections, 4 KiB", "rate", name) for name in ("aiohttp", "picows", "websockets")),
    Row("kernel", "echo in asyncio, without uvloop", "rate", "websockets (asyncio)", 1.5, mine="wslearn (asyncio)"),
    Row("fan-out", "fan-out to 1,000, time", "time", "floor", 1.15),
    *(Row("fan-out", "fan-out to 1,000", "rate", name) for name in ("Node ws", "websockets")),
    Row("growth", "fan-out, time a client at 10,000", "time", "wslearn at 100", 1.3),
    Row("rooms", "rooms, 1,000 clients in 100", "rate", "Node ws", 1.3),
    *(
        Row(part, f"{mine[11:]}, {PARTS[part].clients:,} clients, {quantity}", quantity, ROOM, 1.15, mine)
        for part in ("feed", "feed-1000")
        for mine in FEEDS
        for quantity in ("cpu", "time")
    ),
    Row("idle", "connections a second", "rate", "Node ws", 0.65),
    Row("idle", "connections a second", "rate", "websockets"),
    Row("idle", "idle connection, of 2,000, KiB", "memory", "", 9),
    *(Row("idle", "idle connection, of 2,000", "memory", name) for name in ("Node ws", "websockets")),
    Row("notebooks", "all notebooks, time", "seconds", "before", 0.75),
]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: list[float], unit: str = "") -> str:
    """Return the median of these values, and the least and the most of them."""
    return f"{number(median(values))}{unit} ({number(min(values))}–{number(max(values))})"


def aligned(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def goals(results: dict[str, Samples]) -> str:
    """Return the table of goals, of the parts that were measured."""
    rows = [row.cells(results[row.part]) for row in ROWS if row.part in results]
    return aligned([["work", "goal", "measured", "holds"], *rows])


def details(results: dict[str, Samples]) -> str:
    """Return the table of what each contender did. A load client that is always busy may have been the limit."""
    lines = [["part", "who", *(head for _, head, _, _ in COLUMNS)]]
    for part, samples in results.items():
        for name, rounds in samples.items():
            cells = [
                spread([times * one[quantity] for one in rounds], unit) if quantity in rounds[0] else ""
                for quantity, _, times, unit in COLUMNS
            ]
            lines.append([part, name, *cells])
    return aligned(lines)
