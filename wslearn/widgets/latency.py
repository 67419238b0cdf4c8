"""The latency lab: set the network, choose the transports, measure, look. Lesson 01."""

import base64
import csv
import io
import json
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets

from wslearn import plots
from wslearn.latency import PUSHES, ROUND_TRIPS, MeasurementError, Sample, Settings, measure
from wslearn.latency.report import as_json
from wslearn.process import ServerProcess
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.kit.task import Task

#: What can be looked at: the plot, and its line.
PLOTS = {
    "medians": (plots.medians, plots.describe_medians),
    "distribution": (plots.distribution, plots.describe_distribution),
    "time line": (plots.time_line, plots.describe_time_line),
    "bytes": (plots.break_even, plots.describe_break_even),
}
#: So many runs are remembered.
REMEMBERED = 5
#: The table's columns: keys of `report.as_json`, how they are called and written.
COLUMNS = {
    "transport": ("transport", ""),
    "median_ms": ("median (ms)", ",.1f"),
    "p95_ms": ("95 % (ms)", ",.1f"),
    "theory_ms": ("theory (ms)", ",.1f"),
    "bytes_up": ("bytes up", ",.0f"),
    "bytes_down": ("bytes down", ",.0f"),
    "setup_ms": ("set‑up (ms)", ",.1f"),
    "setup_bytes": ("set‑up (bytes)", ",.0f"),
}


@dataclass(frozen=True)
class Run:
    """A run that is remembered."""

    number: int
    samples: list[Sample]

    @property
    def label(self) -> str:
        """What it measured, in a few words."""
        settings = self.samples[0].settings
        what = "push" if settings.push else "round trips"
        jitter = f" + 0 to {settings.jitter * 1000:g}" if settings.jitter else ""
        polls = f", polls every {settings.interval * 1000:g} ms" if settings.push else ""
        return f"run {self.number}: {what}, {settings.delay * 1000:g}{jitter} ms one way, {settings.payload} B{polls}"


class LatencyLab(Dashboard):
    """Measures transports over a network that the controls set. `runs`: the last five, the newest last."""

    def __init__(self) -> None:
        self.mode = widgets.Dropdown(description="Measure", options=["round trip", "push"])
        self.delay = widgets.IntSlider(description="Delay (ms)", value=5, min=0, max=200)
        self.jitter = widgets.IntSlider(description="Jitter (ms)", value=0, min=0, max=100)
        self.payload = widgets.IntText(description="Payload (B)", value=32)
        self.count = widgets.IntText(description="Count", value=15)
        self.interval = widgets.FloatText(description="Interval (ms)", value=100)
        self.transports = {name: widgets.Checkbox(description=name, value=True) for name in ROUND_TRIPS | PUSHES}
        self.plot = widgets.Dropdown(description="Plot", options=list(PLOTS))
        self.compare = widgets.Dropdown(description="Compare with", options=[("nothing", 0)])
        super().__init__(
            "Latency lab: what does a message cost?",
            self.mode, self.delay, self.jitter, self.payload, self.count, self.interval,
            *self.transports.values(), self.plot, self.compare,
        )  # fmt: skip
        self.table, self.link = widgets.HTML(), widgets.HTML()
        self.details.children = [self.table, self.link]
        self.runs: list[Run] = []
        self._runs = 0
        self._server: ServerProcess | None = None
        self._looking = Task(self._looked, name="look")
        self.mode.observe(lambda change: self._fit(), "value")
        for choice in (self.plot, self.compare):
            choice.observe(lambda change: self._looking.start(self._look), "value")
        self._fit()

    # The run

    async def experiment(self) -> None:
        settings = self.settings()
        server = self._server = self._server or ServerProcess("comparison")
        await server.start()
        try:
            samples = await measure(settings, server=server, progress=self.progress)
        except MeasurementError:  # the server may be the cause: the next run starts another
            await self._release()
            raise
        self._runs += 1
        self.runs = [*self.runs, Run(self._runs, samples)][-REMEMBERED:]
        self._offer()
        self._tell(self.runs[-1])
        await self._look()

    async def first(self) -> None:
        await self.experiment()
        await self._release()  # who never presses Run shall not keep a process; the runs after this share one

    def clear(self) -> None:
        self.runs, self._runs = [], 0
        self._offer()

    def settings(self) -> Settings:
        """Return what the controls say. Raises ValueError where that cannot be measured."""
        push = self.mode.value == "push"
        names = tuple(name for name in (PUSHES if push else ROUND_TRIPS) if self.transports[name].value)
        if not names:
            raise ValueError("choose at least one transport: none is ticked")
        return Settings(
            push=push,
            transports=names,
            delay=self.delay.value / 1000,
            jitter=self.jitter.value / 1000,
            payload=self.payload.value,
            count=self.count.value,
            interval=self.interval.value / 1000,
        )

    async def _release(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    # What is seen

    def figure(self):
        """Return the chosen plot of the last run, and below it of the one it is compared with, and their line."""
        draw, describe = PLOTS[self.plot.value]
        runs = [self.runs[-1], *(run for run in self.runs if run.number == self.compare.value)]
        drawn, axes = figure(len(runs), height=1 + 4 * len(runs), squeeze=False)
        for run, ax in zip(runs, axes.flat, strict=True):
            draw(run.samples, ax)
            ax.set_title(f"{ax.get_title()}\n{run.label}")
        if all(ax.get_xscale() == "linear" for ax in axes.flat):  # one scale, to compare with the eye
            for ax in axes.flat:
                ax.set_xlim(0, max(ax.get_xlim()[1] for ax in axes.flat))
        lines = [describe(run.samples) for run in runs]
        if len(runs) > 1:
            lines = [f"Run {run.number}: {line}" for run, line in zip(runs, lines, strict=True)]
        return drawn, "\n".join(lines)

    async def _look(self) -> None:
        if self.runs:
            await self.picture.draw(self.figure)

    def _looked(self) -> None:
        if self._looking.error:
            self.fail(self._looking.error)

    def _fit(self) -> None:
        """Show the controls that count for what is measured."""
        push = self.mode.value == "push"
        for control, shown in [
            (self.interval, push),
            *((box, name in (PUSHES if push else ROUND_TRIPS)) for name, box in self.transports.items()),
        ]:
            control.layout.display = None if shown else "none"

    def _offer(self) -> None:
        """Offer the runs before the last one for comparison."""
        chosen, earlier = self.compare.value, self.runs[:-1]
        self.compare.options = [("nothing", 0), *((run.label, run.number) for run in earlier)]
        if chosen in [run.number for run in earlier]:
            self.compare.value = chosen

    def _tell(self, run: Run) -> None:
        """Fill the table, and offer the times of all messages as a file."""
        head = "".join(f"<th>{name}</th>" for name, _ in COLUMNS.values())
        rows = (
            "".join(f"<td>{row[key]:{form}}</td>" for key, (_, form) in COLUMNS.items())
            for row in json.loads(as_json(run.samples))
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        notes = dict.fromkeys(note for sample in run.samples for note in sample.notes)
        warnings = "".join(f"<p><strong>Note:</strong> {escape(note)}</p>" for note in notes)
        self.table.value = f"<table><tr>{head}</tr>{body}</table>{warnings}"
        data = base64.b64encode(as_csv(run).encode()).decode()
        self.link.value = (
            f'<a download="latency-run-{run.number}.csv" href="data:text/csv;base64,{data}">'
            f"Save the times of all messages of run {run.number} (CSV)</a>"
        )


def as_csv(run: Run) -> str:
    """Return a table with one line a message: what was measured, when it began, how long it took."""
    file = io.StringIO()
    table = csv.writer(file)
    network_names = ["delay_ms", "jitter_ms", "payload", "interval_ms"]
    table.writerow(["run", "transport", "push", *network_names, "message", "began_ms", "took_ms"])
    for sample in run.samples:
        its = sample.settings
        network = [its.delay * 1000, its.jitter * 1000, its.payload, its.interval * 1000]
        for number, (begin, end) in enumerate(sample.spans, start=1):
            times = [number, round(begin * 1000, 4), round((end - begin) * 1000, 4)]
            table.writerow([run.number, sample.transport, its.push, *network, *times])
    return file.getvalue()


async def latency_lab() -> LatencyLab:
    """Show the latency lab below the cell, and return it after its first run, which takes some 2 seconds."""
    return await LatencyLab().show()
