"""The frame of every dashboard: title, controls, Run, Cancel, Reset, progress, a line that says how it goes, a picture.

    class PingLab(Dashboard):
        def __init__(self):
            self.count = widgets.IntSlider(description="Pings", value=20, min=1, max=200)
            super().__init__("Ping: how long is the way?", self.count)
            self.action("Cut", lambda: self.net.cut())           # a button of its own, live while the lab runs

        async def experiment(self):                              # what Run does; Cancel cancels it
            self.times = []
            async with EchoServer() as server, SimulatedNetwork(server.url) as self.net, connect(self.net.url) as ws:
                async with self.picture.live(self.figure):       # drawn 4 times a second, and at the end
                    for n in range(self.count.value):
                        self.times.append(await (await ws.ping()))
                        self.progress(n + 1, self.count.value)

        def figure(self):
            drawn, ax = figure()                                 # from wslearn.widgets.picture
            ax.plot(self.times)
            return drawn, f"{len(self.times)} pings"             # the figure, and its message in one line

    async def ping_lab() -> PingLab:                             # a lesson's cell: await ping_lab()
        return await PingLab().show()

A lab that draws only once says `await self.picture.draw(self.figure)` at the end of `experiment`.
"""

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self

import ipywidgets as widgets
from IPython.display import display

from wslearn.common import tasks
from wslearn.widgets.kit.look import CONTROL, FAILED, LABEL, NAMES, STYLE, error_html, status_html, title_html, words
from wslearn.widgets.kit.picture import Picture
from wslearn.widgets.kit.task import STOP_TIMEOUT, Task

#: What a notebook shows where no widgets run.
ELSEWHERE = "A dashboard with buttons: run this cell in JupyterLab to use it."


class Dashboard:
    """A lab: a subclass writes `experiment`, and where it needs them `first` and `clear`.

    - `run`, `cancel`, `reset`: the buttons; `task`: the job that runs.
    - `picture`: what is drawn; `details`: a box below it, for a table.
    """

    def __init__(self, title: str, *controls: widgets.Widget) -> None:
        self.controls = controls
        self._initial = {control: control.value for control in controls}
        ticks = [control for control in controls if isinstance(control, widgets.Checkbox)]
        for control in controls:
            if control in ticks:
                control.indent, control.layout.width = False, "auto"
            else:
                control.layout.width, control.style.description_width = CONTROL, LABEL
        self.run = _button("Run", "play", lambda: self.task.start(self._experiment), style="primary")
        self.cancel = _button("Cancel", "stop", lambda: self.task.cancel())
        self.reset = _button("Reset", "undo", lambda: self.task.start(self._reset))
        self.cancel.disabled = True
        self._bar = widgets.FloatProgress(min=0, max=1, layout=widgets.Layout(flex="1 1 160px", min_width="120px"))
        self.status = widgets.HTML(status_html("Ready: press Run."))
        self.picture = Picture()
        self.task = Task(self._changed, name=type(self).__name__)
        large = widgets.Checkbox(description="Large type", indent=False, layout=widgets.Layout(width="auto"))
        large.add_class("wsl-large")  # the style does the rest
        self._actions: dict[widgets.Button, tuple[Task, bool]] = {}
        self._buttons = widgets.HBox([self.run, self.cancel, self.reset, self._bar], layout=_wrapped())
        self.panel = widgets.VBox(
            [
                widgets.HBox([widgets.HTML(STYLE + title_html(title)), large], layout=_wrapped("space-between")),
                widgets.HBox([c for c in controls if c not in ticks], layout=_wrapped()),
                widgets.HBox(ticks, layout=_wrapped()),
                self._buttons,
                self.status,
            ]
        )
        script = {"output_type": "display_data", "data": {"text/html": NAMES}, "metadata": {}}
        self.panel.children = [*self.panel.children, widgets.Output(outputs=(script,))]
        self.details = widgets.VBox()
        for part in (self.panel, self.details):
            part.layout.grid_gap = "4px"
            part.add_class("wsl-dashboard")

    # What a lab writes

    async def experiment(self) -> None:
        """What Run does, until it returns or is cancelled. An exception is shown in the status line."""
        raise NotImplementedError

    async def first(self) -> None:
        """What happens before anybody presses a button: at most 3 seconds, and it leaves a picture."""
        await self.experiment()

    def clear(self) -> None:
        """Forget what earlier runs found: Reset does so. The controls are set back by themselves."""

    # What a lab uses

    async def show(self) -> Self:
        """Display the lab, await its first run, which leaves a plain picture in the cell, and return self."""
        bundle = self.panel._repr_mimebundle_() | {"text/plain": ELSEWHERE}
        display(bundle, raw=True)
        self.picture.open()
        details = self.details._repr_mimebundle_() | {"text/plain": ""}
        display(details, raw=True)
        self.task.start(self._first)
        await self.task.ended()
        if self.task.error:  # also where no widget runs, and for a program that runs the notebook
            self.picture.say(f"{FAILED} {words(self.task.error)}")
        return self

    def _ipython_display_(self) -> None:
        """Show nothing more: a cell's last line is `await ping_lab()`, and what it returns is on the page already."""

    def action(
        self, label: str, do: Callable[[], Awaitable[None] | None], *, icon: str = "", live: bool = True
    ) -> widgets.Button:
        """Add a button that calls `do()`, a function or a coroutine function, beside what runs.

        With `live` it can be pressed only while the lab runs, and ends with it. It cannot be pressed again until it
        has ended. What it raises is shown in the status line, and stops nothing else.
        """

        async def job() -> None:
            result = do()
            if inspect.isawaitable(result):
                await result

        def changed() -> None:
            self._enable()
            if task.error:
                self.fail(task.error)

        task = Task(changed, name=label)
        button = _button(label, icon, lambda: task.start(job))
        self._actions[button] = task, live
        *others, bar = self._buttons.children
        self._buttons.children = [*others, button, bar]
        self._enable()
        return button

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """End the live actions with the block: before what they use is gone, where that is inside of `experiment`."""
        try:
            yield
        finally:
            live = [task for task, live in self._actions.values() if live]
            await tasks.end((), STOP_TIMEOUT, self.task.name, [task.stop() for task in live])

    def progress(self, done: float, total: float = 1.0) -> None:
        """Move the progress bar."""
        self._bar.value = done / total if total else 1.0

    def say(self, text: str) -> None:
        """Say how it goes, in the line below the buttons."""
        self.status.value = status_html(text)

    def fail(self, error: BaseException) -> None:
        """Say what went wrong, in the same place."""
        self.status.value = error_html(error)

    # What happens

    async def _first(self) -> None:
        await self._timed(self.first)

    async def _experiment(self) -> None:
        await self._timed(self.experiment)

    async def _reset(self) -> None:
        for control, value in self._initial.items():
            control.value = value
        self.clear()
        await self._timed(self.first)

    async def _timed(self, job: Callable[[], Awaitable[None]]) -> None:
        self.progress(0)
        self.say("Running …")
        began = time.perf_counter()
        async with self.acting():
            await job()
        self.progress(1)
        self.say(f"Done in {time.perf_counter() - began:.1f} s. Change something and press Run.")

    def _changed(self) -> None:
        if self.task.state == "cancelled":
            self.say("Cancelled. Press Run to start again.")
        elif self.task.error:
            self.fail(self.task.error)
        self._enable()

    def _enable(self) -> None:
        running = self.task.running
        self.cancel.disabled = not running
        for button, (task, live) in self._actions.items():
            button.disabled = task.running or (live and not running)


def _button(label: str, icon: str, press: Callable[[], None], style: str = "") -> widgets.Button:
    button = widgets.Button(description=label, icon=icon, button_style=style, layout=widgets.Layout(width="auto"))
    button.on_click(lambda _: press())
    return button


def _wrapped(spread: str | None = None) -> widgets.Layout:
    return widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 16px", justify_content=spread)
