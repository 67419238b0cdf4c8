"""How time and memory grow with the clients: measured, fitted with a line, and drawn."""

from dataclasses import dataclass
from statistics import median

import costs
import matplotlib
import numpy as np
from contenders import wslearn
from pairs import WARM_UP, session

from wslearn.theme import BLUE, LIGHT_GREY, ORANGE


@dataclass(frozen=True)
class Line:
    """value = constant + slope * clients; `r2` is the share of the variance explained, `off` the largest deviation."""

    constant: float
    slope: float
    r2: float
    off: float


def fit(clients: list[int], values: list[float]) -> Line:
    """Fit a line by least squares of the relative deviations, so that the small sizes count as much as the large."""
    x, y = np.array(clients, float), np.array(values, float)
    slope, constant = np.polyfit(x, y, 1, w=1 / y)
    line = constant + slope * x
    r2 = 1 - float(((y - line) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    return Line(float(constant), float(slope), r2, float(np.abs(line / y - 1).max()))


async def fan_out_times(sizes: list[int], rounds: int, seconds: float, say) -> dict[int, list[float]]:
    """Return milliseconds a message at each count of clients. In each round a new server gets more and more of them."""
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        async with session(wslearn(), "broadcast", sizes[0], 128) as growing:
            await growing.measure(WARM_UP)
            for size in sizes:
                await growing.load.ask(f"connect {size}")
                measured = await growing.measure(seconds)
                found[size].append(size / measured.rate * 1000)
        say("fan-out, ms a message: " + ", ".join(f"{size:,}: {found[size][-1]:.2f}" for size in sizes))
    return found


async def memory(sizes: list[int], rounds: int, say) -> dict[int, list[float]]:
    """Return the server's memory in MiB at each count of idle connections, of a new process in each round."""
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, mib in await costs.memory_growth(sizes):
            found[size].append(mib)
        say("memory, MiB: " + ", ".join(f"{size:,}: {found[size][-1]:.1f}" for size in sizes))
    return found


def describe(times: dict[int, list[float]], mibs: dict[int, list[float]]) -> tuple[Line, Line, list[str]]:
    """Return both lines, and a sentence on each."""
    time = fit(list(times), [median(values) for values in times.values()])
    space = fit(list(mibs), [median(values) for values in mibs.values()])
    return (
        time,
        space,
        [
            f"fan-out: {time.constant * 1000:.0f} µs + {time.slope * 1000:.2f} µs a client"
            f" (R² {time.r2:.4f}, at most {time.off:.0%} off the line)",
            f"memory: {space.constant:.1f} MiB + {space.slope * 1024:.1f} KiB a connection"
            f" (R² {space.r2:.4f}, at most {space.off:.0%} off the line)",
        ],
    )


def draw(times: dict[int, list[float]], mibs: dict[int, list[float]], file: str) -> None:
    """Save both as a picture."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.style.use("tableau-colorblind10")
    time, space, sentences = describe(times, mibs)
    figure, both = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained", facecolor="white")
    drawn = [
        ("Time until all have a message", "milliseconds", times, time),
        ("Memory of idle connections", "MiB, the whole process", mibs, space),
    ]
    for ax, (title, unit, measured, line), said in zip(both, drawn, sentences, strict=True):
        end = max(measured) * 1.05
        ends = [line.constant, line.constant + line.slope * end]
        ax.plot([0, end], ends, "--", color=ORANGE, label=said.partition(": ")[2].replace(" (", "\n("))
        for size, values in measured.items():
            label = f"measured: median of {len(values)}, and all" if size == max(measured) else None
            ax.vlines(size, min(values), max(values), color=BLUE, linewidth=1.5)
            ax.plot([size], [median(values)], "o", color=BLUE, label=label, linestyle="none")
        ax.set(title=title, xlabel="clients", ylabel=unit, xlim=(0, end), ylim=(0, None), facecolor="white")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.grid(color=LIGHT_GREY, linewidth=0.8)
        ax.set_axisbelow(True)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)
    figure.savefig(file, dpi=120, facecolor="white")
    plt.close(figure)
