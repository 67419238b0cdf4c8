"""One job at a time, started by a cell or a button. A new start first ends the old job; a job ends with its cell.

A coroutine that a widget's callback starts belongs to no cell: what it prints is shown nowhere, and its exceptions are
lost. So a job here runs in the context of the cell that made its `Task`, and `changed` learns how the job ended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import copy_context

from wslearn import cells
from wslearn.common import tasks

logger = logging.getLogger("wslearn")

Job = Callable[[], Awaitable[None]]
#: Time for a cancelled job to clean up, in seconds; after that nobody waits for it.
STOP_TIMEOUT = 5.0


class Task:
    """Runs one job at a time, and calls `changed()` whenever `state` has changed.

        task = Task(lambda: print(task.state))
        task.start(job)             # now, from a cell or from a button's callback
        await task.ended()

    Starting a job while another one runs cancels the old job, waits until it has ended, and then begins the new one.
    Running the cell again cancels what the cell's earlier run started; `cells` does the same with the job's servers
    and networks.

    - `state`: `new`, `running`, `done`, `cancelled` or `failed`.
    - `error`: the exception of a job that failed, else None.
    """

    port = 0  # for `cells`: a task holds no port

    def __init__(self, changed: Callable[[], None], *, name: str = "task") -> None:
        self.name, self.state = name, "new"
        self.error: BaseException | None = None
        self._changed = changed
        self._cell = copy_context()
        self._loop = _running_loop()  # the cell's
        self._runs: set[asyncio.Task] = set()  # those that have not ended: the last one, and those it replaced
        self._last: asyncio.Task | None = None

    def start(self, job: Job) -> None:
        """Run `job()` as soon as an earlier job, which is cancelled, has ended."""
        self._on_loop(self._start, job)

    def _start(self, job: Job) -> None:
        self._cancel()
        # Each run has its own copy: two tasks cannot be inside one context if nest-asyncio2 has nested the loop.
        cell = self._cell.copy()
        self._last = asyncio.create_task(self._run(job, set(self._runs)), name=self.name, context=cell)
        self._runs.add(self._last)
        self._last.add_done_callback(self._ended, context=cell)
        self._become("running")

    def cancel(self) -> None:
        """Ask the job to end. Does nothing if no job runs."""
        self._on_loop(self._cancel)

    def _cancel(self) -> None:
        # Only on the loop is it known which job runs: a start from another thread may still be waiting for its turn.
        if self._last is not None:
            self._last.cancel()

    def _on_loop(self, do: Callable, *arguments: object) -> None:
        """Call `do` on the cell's event loop, in the cell's context.

        JupyterLab may deliver the press of a button to a subshell: another thread with its own event loop. ipykernel
        delivers a widget's next message to the shell whose message last changed the widget. If presses changed
        widgets, those of Run and Cancel would arrive in two threads and could overtake each other. In the cell's
        context, the same shell handles all of them.
        """
        here = _running_loop()
        self._loop = self._loop or asyncio.get_running_loop()
        if here is self._loop:
            self._cell.copy().run(do, *arguments)
        else:
            self._loop.call_soon_threadsafe(do, *arguments, context=self._cell.copy())

    async def stop(self) -> None:
        """Cancel the job and wait until it has ended: 5 seconds at most. A job may call this itself."""
        self.cancel()
        # No job is cancelled a second time, because one that was replaced may still be cleaning up.
        await tasks.end((), STOP_TIMEOUT, self.name, self._runs)

    async def ended(self) -> None:
        """Wait until the job has ended, for whatever reason. Cancelling this wait cancels the job."""
        try:
            while self._last is not None and self.running:  # another one may have been started meanwhile
                await asyncio.wait({self._last})
        except asyncio.CancelledError:
            await self.stop()
            raise

    @property
    def running(self) -> bool:
        """Whether a job runs, or waits for its turn."""
        return self._last in self._runs  # until `state` says how it ended, which is a moment after it is done

    @property
    def last(self) -> asyncio.Task | None:
        """The run that was started last. It may still be waiting for an earlier one to end."""
        return self._last

    async def _run(self, job: Job, earlier: set[asyncio.Task]) -> None:
        await tasks.end((), STOP_TIMEOUT, self.name, earlier)
        await cells.stop_previous(0)
        cells.started(self)
        try:
            await job()
        finally:
            cells.stopped(self)

    def _ended(self, run: asyncio.Task) -> None:
        self._runs.discard(run)
        error = None if run.cancelled() else run.exception()
        if error is not None:
            logger.debug("%s failed", self.name, exc_info=error)
        if run is self._last:
            self._become("cancelled" if run.cancelled() else "failed" if error else "done", error)

    def _become(self, state: str, error: BaseException | None = None) -> None:
        self.state, self.error = state, error
        self._changed()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
