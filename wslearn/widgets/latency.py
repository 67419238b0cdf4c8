"""The latency lab: set up the network, choose the transports, measure, and compare. Lesson 01."""

import base64
import csv
import io
import json
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
from matplotlib.figure import Figure

from wslearn import plots
from wslearn.latency import PUSHES, ROUND_TRIPS, MeasurementError, Sample, Settings, measure
from wslearn.latency.report import as_json
from wslearn.process import ServerProcess
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.look import table_html
from wslearn.widgets.kit.picture import SIZE, figure
from wslearn.widgets.kit.task import Task

#: The plots to choose from, each with the function that describes it in one line.
PLOTS = {
    "medians": (plots.medians, plots.describe_medians),
    "distribution": (plots.distribution, plots.describe_distribution),
    "time line": (plots.time_line, plots.describe_time_line),
    "bytes": (plots.break_even, plots.describe_break_even),
}
#: How many runs the lab remembers.
REMEMBERED = 5
#: The table's columns: the keys of `report.as_json`, their headings and their formats.
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
    """A run that the lab remembers."""

    number: int
    samples: list[Sample]

    @property
    def label(self) -> str:
        """What the run measured, in a few words."""
        settings = self.samples[0].settings
        what = "push" if settings.push else "round trips"
        jitter = f" + 0 to {settings.jitter * 1000:g}" if settings.jitter else ""
        polls = f", polls every {settings.interval * 1000:g} ms" if settings.push else ""
        return f"run {self.number}: {what}, {settings.delay * 1000:g}{jitter} ms each way, {settings.payload} B{polls}"


class LatencyLab(Dashboard):
    """Measures transports over the network that the controls describe. `runs`: the last five, the newest last."""

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
        self.table, self.link = widgets.HTML(layout=widgets.Layout(min_height="11em")), widgets.HTML()
        self.details.children = [self.table, self.link]
        self.runs: list[Run] = []
        self._server: ServerProcess | None = None
        self._looking = Task(self._looked, name="look")
        self.mode.observe(lambda _: self._fit(), "value")
        for choice in (self.plot, self.compare):
            choice.observe(lambda _: self._looking.start(self._look), "value")
        self._fit()

    # The run

    async def experiment(self) -> None:
        """Measure what the controls say."""
        settings = self.settings()
        server = self._server = self._server or ServerProcess("comparison")
        await server.start()
        try:
            samples = await measure(settings, server=server, progress=self.progress)
        except MeasurementError:  # perhaps because of the server: the next run starts a new one
            await self._release()
            raise
        number = self.runs[-1].number + 1 if self.runs else 1
        self.runs = [*self.runs, Run(number, samples)][-REMEMBERED:]
        self._offer()
        self._tell(self.runs[-1])
        await self.picture.draw(self.figure)

    async def first(self) -> None:
        """Measure once, and end the server's process, because some people never press Run; later runs share one."""
        await self.experiment()
        await self._release()

    def clear(self) -> None:
        """Forget the runs."""
        self.runs = []
        self._offer()

    def settings(self) -> Settings:
        """Return what the controls say. Raises ValueError if nothing can be measured that way."""
        push = self.mode.value == "push"
        names = tuple(name for name in (PUSHES if push else ROUND_TRIPS) if self.transports[name].value)
        if not names:
            raise ValueError("Choose at least one transport: no box is ticked.")
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

    # What is shown

    def figure(self) -> tuple[Figure, str]:
        """Draw the chosen plot of the last run, and below it the same plot of the run to compare with."""
        draw, describe = PLOTS[self.plot.value]
        runs = [self.runs[-1], *(run for run in self.runs if run.number == self.compare.value)]
        drawn, axes = figure(len(runs), height=4 + 1.2 * len(runs), squeeze=False)
        for run, ax in zip(runs, axes.flat, strict=True):
            draw(run.samples, ax)
            # To the left of the axes is room for a long label. One title and one name of the axis do for both runs.
            title = f"{ax.get_title()}\n" * (run is runs[0]) + run.label
            ax.set_title("")
            ax.set_title(title, loc="right", fontsize=SIZE)
        for ax in axes.flat[:-1]:
            ax.set_xlabel("")
        if all(ax.get_xscale() == "linear" for ax in axes.flat):  # the same scale, so that the eye can compare
            for ax in axes.flat:
                ax.set_xlim(0, max(ax.get_xlim()[1] for ax in axes.flat))
        lines = [describe(run.samples) for run in runs]
        if len(runs) > 1:
            lines = [f"Run {run.number}: {line}" for run, line in zip(runs, lines, strict=True)]
        return drawn, "\n".join(lines)

    async def _look(self) -> None:
        if self.runs:
            await self.picture.draw(self.figure, old=True)  # still dimmed while the next run is on

    def _looked(self) -> None:
        if self._looking.error:
            self.fail(self._looking.error)

    def _fit(self) -> None:
        """Show only the controls that matter for what is measured."""
        push = self.mode.value == "push"
        self.interval.layout.display = None if push else "none"
        for name, box in self.transports.items():
            box.layout.display = None if name in (PUSHES if push else ROUND_TRIPS) else "none"

    def _offer(self) -> None:
        """Offer the runs before the last one for comparison."""
        chosen, earlier = self.compare.value, self.runs[:-1]
        self.compare.options = [("nothing", 0), *((run.label, run.number) for run in earlier)]
        if chosen in [run.number for run in earlier]:
            self.compare.value = chosen

    def _tell(self, run: Run) -> None:
        """Fill the table, and offer the times of all messages as a file."""
        rows = json.loads(as_json(run.samples))
        cells = [[format(row[key], form) for key, (_, form) in COLUMNS.items()] for row in rows]
        notes = dict.fromkeys(note for sample in run.samples for note in sample.notes)
        warnings = "".join(f"<p><strong>Note:</strong> {escape(note)}</p>" for note in notes)
        self.table.value = table_html([name for name, _ in COLUMNS.values()], cells) + warnings
        data = base64.b64encode(as_csv(run).encode()).decode()
        self.link.value = (
            f'<a download="latency-run-{run.number}.csv" href="data:text/csv;base64,{data}">'
            f"Save the time of every message of run {run.number} (CSV)</a>"
        )


def as_csv(run: Run) -> str:
    """Return a table with a line for each message: what was measured, when the message began, how long it took."""
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


latency_lab = LatencyLab.open
