"""`wslearn latency`: measure with a progress bar, and show the samples as a table or as JSON."""

import asyncio
import json
import sys

import click

from wslearn.latency.measurement import measure
from wslearn.latency.settings import Sample, Settings

COLUMNS = ("transport", "count", "median", "p95", "p99", "theory", "bytes up", "down", "set-up", "bytes")
#: What the columns mean, in plain words.
LEGEND = (
    "Half of the messages took at most the median, 95 of 100 at most p95. Theory: what the network alone takes.",
    "Set-up: what it takes until the first message can be sent; http-new takes it anew with each message.",
)


def run(settings: Settings, urls: tuple[str, str] | None) -> list[Sample]:
    """Measure, with a progress bar on stderr where that is a terminal. Raises what `measure` does."""
    # Who asks for many messages gets them; a server that has fallen silent still ends it.
    message = 8 * (settings.delay + settings.jitter) + settings.interval
    time_limit = 60 + settings.count * len(settings.names) * message
    if not sys.stderr.isatty():  # nobody watches a bar in a file
        return asyncio.run(measure(settings, urls=urls, time_limit=time_limit))
    with click.progressbar(length=settings.count * len(settings.names), label="Measuring", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.pos)

        return asyncio.run(measure(settings, urls=urls, progress=progress, time_limit=time_limit))


def as_json(samples: list[Sample]) -> str:
    """Return a list of objects, one for each sample: times in milliseconds, a message's share of the bytes."""
    return json.dumps(
        [
            {
                "transport": sample.transport,
                "count": len(sample.times),
                "median_ms": round(sample.median * 1000, 3),
                "p95_ms": round(sample.p95 * 1000, 3),
                "p99_ms": round(sample.p99 * 1000, 3),
                "theory_ms": round(sample.theory * 1000, 3),
                "bytes_up": round(sample.bytes_up, 3),
                "bytes_down": round(sample.bytes_down, 3),
                "setup_ms": round(sample.setup * 1000, 3),
                "setup_bytes": sample.setup_bytes,
                "notes": list(sample.notes),
            }
            for sample in samples
        ],
        indent=2,
    )


def as_table(samples: list[Sample]) -> str:
    """Return a table for people, in milliseconds and bytes, and below it what one must know to read it."""
    settings = samples[0].settings
    what = "From an event on the server to its arrival" if settings.push else "From a request to its answer"
    jitter = f", up to {settings.jitter * 1000:g} ms jitter" if settings.jitter else ""
    polls = f", a poll {settings.interval * 1000:g} ms after the last" if settings.push else ""
    rows = [COLUMNS, ("", "", *["ms"] * 4, "a message", "", "ms", "")]
    for sample in samples:
        times = (sample.median, sample.p95, sample.p99, sample.theory)
        rows.append(
            (
                sample.transport,
                str(len(sample.times)),
                *(f"{time * 1000:.1f}" for time in times),
                f"{sample.bytes_up:.0f}",
                f"{sample.bytes_down:.0f}",
                f"{sample.setup * 1000:.1f}",
                str(sample.setup_bytes),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{what}. {settings.delay * 1000:g} ms one way{jitter}{polls}, {settings.payload} bytes a message.", ""]
    for name, *cells in rows:
        padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([f"{name:<{widths[0]}}", *padded]).rstrip())
    notes = dict.fromkeys(note for sample in samples for note in sample.notes)
    return "\n".join([*lines, "", *LEGEND, *(f"Note: {note}." for note in notes)])
