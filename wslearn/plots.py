"""Measurements as pictures: each function draws samples on a matplotlib `ax` and returns it. Lesson 01.

    fig, ax = plt.subplots()
    plots.medians(samples, ax)
    print(plots.describe_medians(samples))      # the same in one line, with its numbers

Transports differ in colour, marker, line and hatch, and each is named where it is drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from wslearn.latency import PUSHES, ROUND_TRIPS, Sample
from wslearn.theme import BLUE, DARK_GREY, GREY, LIGHT_BLUE, LIGHT_GREY, ORANGE, RUST

#: How many messages of each transport a time line shows; more would be thinner than a line.
SHOWN = 8
#: Medians that differ by more than this factor get a logarithmic scale.
WIDE = 30


@dataclass(frozen=True)
class Look:
    """How a transport is drawn."""

    colour: str
    marker: str
    line: str
    hatch: str


LOOKS = {
    "http-new": Look(RUST, "s", ":", "//"),
    "http-keepalive": Look(DARK_GREY, "^", "--", ".."),
    "polling": Look(ORANGE, "D", ":", "xx"),
    "long-polling": Look(LIGHT_BLUE, "v", "-.", "\\\\"),
    "sse": Look(GREY, "P", "--", "++"),
    "websocket": Look(BLUE, "o", "-", ""),
}
#: What a message waits for before it travels itself.
WAITS = {"http-new": "the connection", "polling": "the next poll"}


# Time


def distribution(samples: Sequence[Sample], ax: Axes) -> Axes:
    """Draw which share of the messages took at most so many milliseconds; marks: medians, dotted: theory."""
    _prepare(samples, ax, "How long did the messages take?", "milliseconds", "share of the messages")
    for sample in samples:
        look, middle = LOOKS[sample.transport], _ms(sample.median)
        ax.axvline(_ms(sample.theory), color=look.colour, linestyle=":", alpha=0.5, zorder=1)
        label = f"{sample.transport}: median {_time(sample.median)}, theory {_time(sample.theory)}"
        ax.ecdf([_ms(time) for time in sample.times], color=look.colour, linestyle=look.line, zorder=2)
        # Hollow, so that one mark is seen through another one at the same place.
        ax.plot(
            [middle], [0.5], look.marker, markersize=12, markerfacecolor="none", markeredgewidth=2.5,
            color=look.colour, linestyle=look.line, label=label, zorder=3,
        )  # fmt: skip
    slowest, middles = max(max(s.times) for s in samples), [s.median for s in samples]
    if min(min(s.times) for s in samples) > 0 and max(middles) > WIDE * min(middles):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,g}")
    else:
        ax.set_xlim(0, _room(max(slowest, *(s.theory for s in samples)), 1.05))
    ax.set_ylim(0, 1.02)
    return _legend(ax)


def describe_distribution(samples: Sequence[Sample]) -> str:
    """Return what `distribution` shows in one line."""
    parts = (f"{s.transport} {_time(s.median)} (95 %: {_time(s.p95)})" for s in _some(samples))
    return f"Half of the messages took at most: {'; '.join(parts)}."


def medians(samples: Sequence[Sample], ax: Axes) -> Axes:
    """Draw the median of each transport as a bar, and the time of the network alone as a black line across it."""
    _prepare(samples, ax, "Median time of a message", "milliseconds (line across a bar: theory)", "")
    end = _room(max(max(s.median, s.theory) for s in samples), 1.3)
    for row, sample in enumerate(samples):
        look, time, theory = LOOKS[sample.transport], _ms(sample.median), _ms(sample.theory)
        ax.barh(row, time, height=0.6, color=look.colour, edgecolor="white", hatch=look.hatch)
        ax.plot([theory, theory], [row - 0.38, row + 0.38], color="black", linewidth=3, solid_capstyle="butt")
        ax.text(max(time, theory, 0) + end * 0.015, row, _time(sample.median), va="center")
    ax.set_xlim(0, end)
    return _lanes(ax, [f"{s.transport}\n{_rule(s)} = {_time(s.theory)}" for s in samples])


def describe_medians(samples: Sequence[Sample]) -> str:
    """Return what `medians` shows in one line."""
    parts = (f"{s.transport} {_time(s.median)} (theory {_time(s.theory)}, {_rule(s)})" for s in _some(samples))
    return f"Medians: {'; '.join(parts)}."


def time_line(samples: Sequence[Sample], ax: Axes) -> Axes:
    """Draw the first messages of each transport in its own lane: hatched while they wait, filled while they travel."""
    _prepare(samples, ax, "What did the messages wait for?", "milliseconds since the measurement began", "")
    shown = [sample.spans[:SHOWN] for sample in samples]
    start, end = min(spans[0][0] for spans in shown), max(end for spans in shown for _, end in spans)
    for row, (sample, spans) in enumerate(zip(samples, shown, strict=True)):
        colour = LOOKS[sample.transport].colour
        for begin, finish in spans:
            leaves = begin + _waited(sample, finish - begin)
            for left, right, fill, hatch in ((begin, leaves, "white", "////"), (leaves, finish, colour, None)):
                if right > left:
                    bar, lane = (_ms(left - start), _ms(right - left)), (row - 0.3, 0.6)
                    ax.broken_barh([bar], lane, edgecolor=colour, linewidth=1, facecolor=fill, hatch=hatch)
    ax.set_xlim(0, _room(end - start, 1.02))
    waits = (f"hatched: waits\nfor {WAITS[s.transport]}" if s.transport in WAITS else "travels" for s in samples)
    return _lanes(ax, [f"{s.transport}\n{wait}" for s, wait in zip(samples, waits, strict=True)])


def describe_time_line(samples: Sequence[Sample]) -> str:
    """Return what `time_line` shows in one line."""
    parts = []
    for sample in _some(samples):
        wait = median(_waited(sample, time) for time in sample.times)
        what = f", {_time(wait)} of it waiting for {WAITS[sample.transport]}" if sample.transport in WAITS else ""
        parts.append(f"{sample.transport} {_time(sample.median)}{what}")
    return f"Median time of a message: {'; '.join(parts)}."


# Bytes


def break_even(samples: Sequence[Sample], ax: Axes) -> Axes:
    """Draw all bytes on the wire, including set-up, over the number of messages; mark where the cheapest one wins."""
    _prepare(samples, ax, "How many bytes has it cost so far?", "messages", "bytes, including set-up")
    best = _cheapest(samples)
    crossings = [None if sample is best else _crossing(best, sample) for sample in samples]
    last = max([10.0, *(2 * at for at in crossings if at)])
    for sample, at in zip(samples, crossings, strict=True):
        look = LOOKS[sample.transport]
        total = _total(sample, last)
        label = f"{sample.transport}: {sample.setup_bytes:,} + {_per_message(sample):,.0f} per message"
        ax.plot([0, last], [sample.setup_bytes, total], look.line, color=look.colour)
        label += f"; {_from(at, 'costs more')}" if sample is not best else ""
        ax.plot([last], [total], look.marker, color=look.colour, linestyle=look.line, label=label, clip_on=False)
        if at:
            ax.vlines(at, 0, _total(sample, at), color="black", linestyle=":", linewidth=1.5)
            ax.plot([at], [_total(sample, at)], "o", markersize=13, markerfacecolor="none", color="black")
    ax.set_xlim(0, last)
    ax.set_ylim(0, max(_total(sample, last) for sample in samples) * 1.05 or 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return _legend(ax)


def describe_break_even(samples: Sequence[Sample]) -> str:
    """Return what `break_even` shows in one line."""
    best = _cheapest(_some(samples))
    costs = (f"{s.transport} {_per_message(s):,.0f} (set-up {s.setup_bytes:,})" for s in samples)
    cheaper = ", ".join(_from(_crossing(best, s), f"cheaper than {s.transport}") for s in samples if s is not best)
    return f"Bytes per message: {', '.join(costs)}." + (f" {best.transport} is {cheaper}." if cheaper else "")


def _per_message(sample: Sample) -> float:
    return sample.bytes_up + sample.bytes_down


def _total(sample: Sample, messages: float) -> float:
    return sample.setup_bytes + messages * _per_message(sample)


def _cheapest(samples: Sequence[Sample]) -> Sample:
    return min(samples, key=lambda sample: (_per_message(sample), sample.setup_bytes))


def _crossing(best: Sample, other: Sample) -> float | None:
    """Return after how many messages, a fraction, both have cost the same: 0 from the start on, None never."""
    saved, owed = _per_message(other) - _per_message(best), best.setup_bytes - other.setup_bytes
    if saved < 0.01:  # the bytes per message are a mean: this difference is none
        return 0.0 if owed < 0 else None
    return max(0.0, owed / saved)


def _from(crossing: float | None, what: str) -> str:
    return f"never {what}" if crossing is None else f"{what} from message {math.floor(crossing) + 1:,} on"


# What they share


def _some(samples: Sequence[Sample]) -> Sequence[Sample]:
    if not samples:
        raise ValueError("expected samples, as `await measure(...)` returns them, but the list is empty")
    return samples


def _ms(seconds: float) -> float:
    return seconds * 1000


def _room(seconds: float, factor: float) -> float:
    """Return where an axis that begins at 0 ends, in milliseconds; it has a length even if nothing took any time."""
    return max(_ms(seconds) * factor, 0.01)


def _time(seconds: float) -> str:
    return f"{_ms(seconds):,.1f} ms"


def _rule(sample: Sample) -> str:
    """Return the time that theory predicts, in round trips."""
    if sample.settings.push and sample.transport == "polling":
        return "interval/2 + 1 RTT"
    trips = (PUSHES if sample.settings.push else ROUND_TRIPS)[sample.transport]
    return f"{trips:g} RTT"


def _waited(sample: Sample, seconds: float) -> float:
    """Return how long a message that took so many seconds waited before it travelled itself."""
    if sample.transport not in WAITS:
        return 0.0
    one_way = sample.settings.delay + sample.settings.jitter / 2
    return max(0.0, seconds - one_way) if sample.settings.push else min(seconds, 2 * one_way)


def _prepare(samples: Sequence[Sample], ax: Axes, title: str, x: str, y: str) -> None:
    _some(samples)
    ax.figure.set_facecolor("white")
    ax.set_facecolor("white")
    ax.set(title=title, xlabel=x, ylabel=y)
    ax.grid(axis="x", color=LIGHT_GREY, linewidth=0.8)
    ax.set_axisbelow(True)


def _lanes(ax: Axes, labels: Sequence[str]) -> Axes:
    """Name the lanes, the first one on top."""
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return ax


def _legend(ax: Axes) -> Axes:
    """Put the legend below the axes, where it hides no value."""
    below = ax.transAxes + ScaledTranslation(0, -3.8 * rcParams["font.size"] / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, frameon=False, borderaxespad=0, handlelength=3
    )
    return ax
