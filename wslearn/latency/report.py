"""`wslearn latency`: measure with a progress bar, and show the samples as a table or as JSON."""

import asyncio
import json
import sys

import click

from wslearn.latency.measurement import measure
from wslearn.latency.settings import Sample, Settings

COLUMNS = ("transport", "count", "median", "p95", "p99", "theory", "bytes up", "down", "set-up", "bytes")
#: An explanation of the columns.
LEGEND = (
    "Half of the messages took at most the median, 95 of 100 at most p95. Theory: the share of the network alone.",
    "Set-up: the cost before the first message; http-new pays it again with each message.",
)


def run(settings: Settings, urls: tuple[str, str] | None) -> list[Sample]:
    """Measure, with a progress bar on stderr if that is a terminal. Raises the same errors as `measure`."""
    # Enough for any number of messages, but a server that no longer responds still ends the measurement.
    message = 8 * (settings.delay + settings.jitter) + settings.interval
    time_limit = 60 + settings.count * len(settings.names) * message
    if not sys.stderr.isatty():
        return asyncio.run(measure(settings, urls=urls, time_limit=time_limit))
    with click.progressbar(length=settings.count * len(settings.names), label="Measuring", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.pos)

        return asyncio.run(measure(settings, urls=urls, progress=progress, time_limit=time_limit))


def as_json(samples: list[Sample]) -> str:
    """Return a list with an object for each sample: times in milliseconds, average bytes of a message."""
    objects = [
        {"transport": sample.transport, "count": len(sample.times)}
        | {f"{name}_ms": round(getattr(sample, name) * 1000, 3) for name in ("median", "p95", "p99", "theory")}
        | {name: round(getattr(sample, name), 3) for name in ("bytes_up", "bytes_down")}
        | {"setup_ms": round(sample.setup * 1000, 3), "setup_bytes": sample.setup_bytes, "notes": list(sample.notes)}
        for sample in samples
    ]
    return json.dumps(objects, indent=2)


def as_table(samples: list[Sample]) -> str:
    """Return a table for people, in milliseconds and bytes, and its explanation."""
    settings = samples[0].settings
    what = "From an event on the server to its arrival" if settings.push else "From a request to its response"
    jitter = f", up to {settings.jitter * 1000:g} ms jitter" if settings.jitter else ""
    polls = f", a poll {settings.interval * 1000:g} ms after the last" if settings.push else ""
    rows = [COLUMNS, ("", "", *["ms"] * 4, "a message", "", "ms", "")]
    for sample in samples:
        times = [f"{t * 1000:.1f}" for t in (sample.median, sample.p95, sample.p99, sample.theory, sample.setup)]
        sizes = [f"{size:.0f}" for size in (sample.bytes_up, sample.bytes_down, sample.setup_bytes)]
        rows.append((sample.transport, str(len(sample.times)), *times[:4], *sizes[:2], times[4], sizes[2]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{what}. {settings.delay * 1000:g} ms one way{jitter}{polls}, {settings.payload} bytes a message.", ""]
    for name, *cells in rows:
        padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([f"{name:<{widths[0]}}", *padded]).rstrip())
    notes = dict.fromkeys(note for sample in samples for note in sample.notes)
    return "\n".join([*lines, "", *LEGEND, *(f"Note: {note}." for note in notes)])
