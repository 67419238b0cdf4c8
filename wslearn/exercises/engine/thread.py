"""A student's code in a thread with an event loop of its own, watched from outside and ended when it never yields."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress

from wslearn import cells
from wslearn.common import patience, tasks
from wslearn.exercises.engine import forgotten
from wslearn.exercises.engine.ending import Ended, close, ended, interrupt
from wslearn.exercises.engine.place import blocked, students_frame

#: A loop beats; it is looked at so often; without a beat for so long it is blocked. In seconds.
BEAT, TICK, BLOCKED = 0.05, 0.1, 2.0
#: Time for what has been told to end, in seconds. After that nobody waits for it: its thread is a daemon.
GRACE = 1.0
#: How often an interrupted loop is taken up again to tidy.
ATTEMPTS = 5


class Worker:
    """Runs `main()` in a daemon thread. `failed` is told what nobody else catches, such as a task's exception,
    and `forgot` of calls that nobody awaited, in words.

    The thread inherits the caller's context, by which a notebook's kernel knows to which cell a print() belongs.
    """

    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[None]
    clock: patience.Clock

    def __init__(
        self, main: Callable[[], Coroutine], failed: Callable[[BaseException], None],
        forgot: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.main, self.failed, self.forgot = main, failed, forgot
        self.beats = 0
        self.unwanted = threading.Event()
        context = contextvars.copy_context()
        self.thread = threading.Thread(target=context.run, args=(self._run,), name="wslearn check", daemon=True)

    async def run(self) -> str | None:
        """Return None when `main()` has ended, or where it is stuck; that is ended too, as far as Python can.

        When this is cancelled, `main()` is, and its end is waited for all the same.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[str | None] = loop.create_future()

        def settle(stuck: str | None) -> None:
            if not over.done():
                over.set_result(stuck)

        def report(stuck: str | None) -> None:
            with suppress(RuntimeError):  # the caller's loop has been closed: nobody waits any more
                loop.call_soon_threadsafe(settle, stuck)

        watch = threading.Thread(target=self._watch, args=(report,), name="wslearn check's watch", daemon=True)
        self.clock = patience.Clock(TICK, patience.waits(watch), patience.waits(self.thread))
        self.thread.start()
        watch.start()
        try:
            return await asyncio.shield(over)
        finally:
            self.unwanted.set()
            await tasks.end((), 2 * GRACE, "check", [over])

    # In the thread

    def _run(self) -> None:
        patience.shared.set(self.clock)  # what a student's code blocks counts, and what the machine delays does not
        with forgotten.noticed(self.forgot):
            self._run_loop()

    def _run_loop(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: self._uncaught(context.get("exception")))
        self.task = self.loop.create_task(self.main())
        try:
            self._finish(self.task)
            self._finish(self.loop.create_task(self._tidy()))
        finally:
            self.loop.close()
            cells.ended(self.loop)  # of a server that could not be stopped

    def _finish(self, task: asyncio.Task) -> None:
        """Run the loop until a task is done, also when an exception breaks the loop itself, as sys.exit() does."""
        for _ in range(ATTEMPTS):
            self._beat()
            try:
                self.loop.run_until_complete(task)
            except BaseException as error:  # noqa: BLE001 - whatever it was, what is left must be tidied
                self._uncaught(error)
            self._beating.cancel()
            if task.done():
                return

    def _beat(self) -> None:
        self.beats += 1
        self._beating = self.loop.call_later(BEAT, self._beat)

    async def _tidy(self) -> None:
        """Cancel the tasks that a student's code left running."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=GRACE / 2)
        if deaf := [task for task in left if not task.done()]:
            # This loop is over, but some day Python would close them, in any thread, and wait for their end.
            self.loop.set_exception_handler(lambda loop, context: None)  # asyncio does not expect it
            for task in deaf:
                close(task.get_coro())

    def _uncaught(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, Ended | asyncio.CancelledError):
            self.failed(error)

    # Outside

    def _watch(self, report: Callable[[str | None], None]) -> None:
        """Look at the thread until it has ended. Ticks are counted, not seconds: a slow machine slows both."""
        beats, silent, ending, stuck = -1, 0.0, None, None
        while not self._ended_within(tick := TICK if ending is None else BEAT):
            self.clock.tick()
            silent = silent + tick if beats == self.beats else 0.0
            beats = self.beats
            if ending is not None:
                ending -= 1
                if self.unwanted.is_set() and ending % 4 == 0:
                    self._cancel()  # again: a server gives its clients a second, unless it is cancelled
            elif self.unwanted.is_set() or silent >= BLOCKED:
                if not self.unwanted.is_set():
                    stuck = blocked(students_frame(self.thread), BLOCKED)
                self._cancel()
                ending = round(GRACE / BEAT)
            if ending is not None and silent >= 2 * TICK:
                interrupt(self.thread)  # again and again, for there may be an `except:` around the first
            if ending == 0:
                report(stuck)
        ended(self.thread)
        report(stuck)

    def _cancel(self) -> None:
        with suppress(RuntimeError):  # it has been closed this very moment
            self.loop.call_soon_threadsafe(self.task.cancel)

    def _ended_within(self, seconds: float) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()
