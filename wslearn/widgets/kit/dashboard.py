"""The frame of every dashboard: title, controls, Run, Cancel, Reset, progress bar, status line, and a picture.

    class PingLab(Dashboard):
        def __init__(self):
            self.count = widgets.IntSlider(description="Pings", value=20, min=1, max=200)
            super().__init__("Ping: how long is the round trip?", self.count)
            self.action("Cut", lambda: self.net.cut())           # its own button, which works while the lab runs

        async def experiment(self):                              # what Run does; Cancel cancels it
            self.times = []
            async with EchoServer() as server, SimulatedNetwork(server.url) as self.net, connect(self.net.url) as ws:
                async with self.picture.live(self.figure):       # drawn 4 times a second, and at the end
                    for n in range(self.count.value):
                        self.times.append(await (await ws.ping()))
                        self.progress(n + 1, self.count.value)

        def figure(self):
            drawn, ax = figure()                                 # from wslearn.widgets.kit.picture
            ax.plot(self.times)
            return drawn, f"{len(self.times)} pings"             # the figure, and what it shows in one line

    ping_lab = PingLab.open                                      # a lesson's cell: await ping_lab()

A lab that draws only once calls `await self.picture.draw(self.figure)` at the end of `experiment`. A lab whose run
takes a fixed time calls `await self.run_for(seconds, …)`.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter as clock
from typing import Any, Self

import ipywidgets as widgets
from IPython.display import display
from matplotlib.figure import Figure

from wslearn.common import tasks
from wslearn.widgets.kit import look, parts
from wslearn.widgets.kit.pace import Pace
from wslearn.widgets.kit.picture import Picture
from wslearn.widgets.kit.task import STOP_TIMEOUT, Task

#: What a notebook shows where no widgets run.
ELSEWHERE = "A dashboard with buttons: run this cell in JupyterLab to use it."


class Dashboard:
    """A lab. A subclass writes `experiment` and, where it needs them, `first`, `clear` and `figure`.

    - `run`, `cancel`, `reset`: the buttons; `task`: the job that runs.
    - `picture`: what is drawn; `details`: a box below the picture, for a table; `rows`: what `remember` shows there.

    On a wide page the controls are beside the picture, so that a projector shows all of both: see dashboard.css.
    """

    def __init__(self, title: str, *controls: widgets.Widget) -> None:
        self.seconds = self.began = 0.0
        self.rows: list[tuple[str, ...]] = []
        self._initial = {control: control.value for control in controls}
        self.run = parts.button("Run", "play", lambda: self.task.start(partial(self._timed, self.experiment)))
        self.run.button_style = "primary"
        self.cancel = parts.button("Cancel", "stop", lambda: self.task.cancel())
        self.reset = parts.button("Reset", "undo", lambda: self.task.start(self._reset))
        self.cancel.disabled = True
        self._bar = widgets.FloatProgress(min=0, max=1, layout=widgets.Layout(width="auto"))
        self.status = widgets.HTML(look.status_html("Ready: press Run."))
        self._moves = Pace(partial(setattr, self._bar, "value"))
        self._words = Pace(partial(setattr, self.status, "value"))
        self.picture = Picture(self._fresh)
        self.task = Task(self._changed, name=type(self).__name__)
        self._enlarging = Task(self._enlarged, name="large type")
        self._actions: dict[widgets.Button, tuple[Task, bool]] = {}
        self._pressed: dict[Task, asyncio.Task | None] = {}  # in which run an action was started
        self._acts = parts.row()
        buttons = parts.row(self.run, self.cancel, self.reset), self._acts
        feedback = parts.row(self._bar, parts.large_type(self._enlarge)), self.status
        self.panel = parts.panel(title, controls, *buttons, *feedback)
        self.details = widgets.VBox().add_class("wsl-dashboard").add_class("wsl-details")

    # What a lab writes

    async def experiment(self) -> None:
        """Do what Run does, until it is done or cancelled. The status line shows an exception."""
        raise NotImplementedError

    async def first(self) -> None:
        """Do what happens before anybody presses a button: it takes at most 3 seconds and leaves a picture."""
        await self.experiment()

    def clear(self) -> None:
        """Forget what earlier runs found, because Reset was pressed. Reset sets the controls back automatically."""
        self.rows = []
        self.details.children = ()

    def figure(self) -> tuple[Figure, str]:
        """Return the picture as it is now, and one line that gives its numbers in words."""
        raise NotImplementedError

    # What a lab uses

    @classmethod
    async def open(cls) -> Self:
        """Show the lab below the current cell, and return it after its first, short run."""
        make: Any = cls  # a lab itself takes no arguments
        return await make().show()

    async def show(self) -> Self:
        """Display the lab, await its first run, which leaves a plain picture in the cell, and return the lab."""
        display(self.panel._repr_mimebundle_() | {"text/plain": ELSEWHERE}, raw=True)
        self.picture.open()
        display(self.details._repr_mimebundle_() | {"text/plain": ""}, raw=True)
        self.task.start(partial(self._timed, self.first))
        await self.task.ended()
        if self.task.error:  # seen even where no widget runs, and by a program that runs the notebook
            self.picture.say(f"{look.FAILED} {look.message_of(self.task.error)}")
        return self

    def _ipython_display_(self) -> None:
        """Show nothing more: a cell's last line is `await ping_lab()`, and what it returns is on the page already."""

    def action(
        self, label: str, do: Callable[[], Awaitable[None] | None], *, icon: str = "", live: bool = True
    ) -> widgets.Button:
        """Add a button that calls `do()`, a function or a coroutine function, while the lab goes on.

        A button with `live` works only while the lab runs, and what it started ends with the lab. No button works
        again before its work has ended. The status line shows an exception of `do`, which stops nothing else.
        """

        async def job() -> None:
            result = do()
            if inspect.isawaitable(result):
                await result

        def changed() -> None:
            if task.state == "running":
                self._pressed[task] = self.task.last
            self._enable()
            if task.error:
                self.fail(task.error)
                self._words.end()

        task = Task(changed, name=label)
        button = parts.button(label, icon, lambda: task.start(job))
        self._actions[button] = task, live
        self._acts.children = [*self._acts.children, button]
        self._enable()
        return button

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """End the live actions of this run (not of the next) before `experiment` closes what they use."""
        try:
            yield
        finally:
            run = asyncio.current_task()
            live = [task for task, live in self._actions.values() if live and self._pressed.get(task) is run]
            await tasks.end((), STOP_TIMEOUT, self.task.name, [task.stop() for task in live])

    async def run_for(self, seconds: float, *jobs: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `jobs` side by side for so many seconds, with a live picture and progress bar, then cancel them.

        Meanwhile `elapsed()` counts the seconds from `began`, which is a time of `time.perf_counter`. A job that has
        shown everything sets `seconds` to `elapsed()`.
        """
        self.seconds, self.began = seconds, clock()
        async with self.picture.live(self.figure), asyncio.TaskGroup() as group:
            running = [group.create_task(job()) for job in jobs]
            while (at := self.elapsed()) < self.seconds:
                self.progress(at, seconds)
                await asyncio.sleep(min(0.1, self.seconds - at))
            for task in running:
                task.cancel()

    def elapsed(self) -> float:
        """Return the seconds since a run `began`, at most its `seconds`."""
        return min(self.seconds, clock() - self.began)

    def remember(self, heads: Iterable[str], row: tuple[str, ...], *, most: int, long: bool = False) -> None:
        """Show a table of the last rows, `most` at most, below the picture: see `look.table_html`.

        It has room for them from the first one on, so that no row moves what is below it.
        """
        self.rows = [*self.rows, row][-most:]
        self.details.children = [parts.table(look.table_html(heads, self.rows, long=long), most)]

    def progress(self, done: float, total: float = 1.0) -> None:
        """Move the progress bar, as often as you like."""
        self._moves(done / total if total else 1.0)

    def say(self, text: str) -> None:
        """Show how the run is going, in the line below the buttons."""
        self._words(look.status_html(text))

    def fail(self, error: BaseException) -> None:
        """Show what went wrong, in the same line."""
        self._words(look.error_html(error))

    # What happens

    async def _reset(self) -> None:
        for control, value in self._initial.items():
            control.value = value
        self.clear()
        await self._timed(self.first)

    async def _timed(self, job: Callable[[], Awaitable[None]]) -> None:
        self.progress(0)
        self.say("Running …")
        self.panel.add_class(look.OLD)
        began = clock()
        async with self.acting():
            await job()
        self.progress(1)
        self.say(f"Done in {clock() - began:.1f} s. Change something and press Run.")

    def _changed(self) -> None:
        if self.task.state == "cancelled":
            self.say("Cancelled. Press Run to start again.")
        elif self.task.error:
            self.fail(self.task.error)
        if not self.task.running:
            self._moves.end()
            self._words.end()
            self._fresh()
        self._enable()

    def _fresh(self) -> None:
        """Dim the picture no longer: it shows this run, or no run is on."""
        self.panel.remove_class(look.OLD)

    def _enlarge(self, large: bool) -> None:
        """Draw the picture again, with type as large as the rest."""
        self.picture.scale = look.LARGE if large else 1.0
        self._enlarging.start(self.picture.again)

    def _enlarged(self) -> None:
        if self._enlarging.error:
            self.fail(self._enlarging.error)

    def _enable(self) -> None:
        running = self.task.running
        self.cancel.disabled = not running
        (self.panel.add_class if running else self.panel.remove_class)(look.RUNNING)
        for button, (task, live) in self._actions.items():
            button.disabled = task.running or (live and not running)
