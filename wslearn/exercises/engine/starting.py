"""What a student's server or app raises outside its handlers: at its start, and in tasks that nobody awaits."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import STEP, NotYet
from wslearn.exercises.engine.forgotten import cause
from wslearn.exercises.engine.kinds import kind
from wslearn.exercises.engine.place import is_students, raised
from wslearn.server import Server

BACKGROUND = "`background` must return a list of coroutines, such as `[self.tick()]`"
NO_SUPER = "Your `start` must call `await super().start()`: that is what makes the server listen."


async def start(talk: Calls, server: Server) -> None:
    """Start a student's server. Raise NotYet with what its `start` or its `background` raises."""
    background = server.background
    errors: list[Exception] = []

    def noted() -> list[Coroutine[Any, Any, None]]:
        try:
            return _coroutines(background())
        except Exception as error:  # noqa: BLE001 - whatever a student's code raises is told when the server runs
            errors.append(error)
            return []

    server.background = noted  # type: ignore[method-assign]
    try:
        await talk._bounded(server.start(), STEP, "`start()`")
    except Exception as error:  # noqa: BLE001 - as above
        errors.append(error)
    if errors:
        if isinstance(first := errors[0], NotYet | NotImplementedError):
            raise first
        raise NotYet(f"Your server did not start. It raised {raised(first)}.{cause(raised(first))}") from first
    try:
        server.netloc  # noqa: B018 - it raises
    except RuntimeError:
        raise NotYet(NO_SUPER) from None


async def stop(talk: Calls, server: Server) -> None:
    """Stop a student's server; its own `stop` may do anything. Calling this twice is fine."""
    try:
        await talk._bounded(server.stop(), STEP, "`stop()`")
    except NotYet:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        talk.failed(error)
    finally:
        await Server.stop(server)


def _coroutines(made: Any) -> list[Coroutine[Any, Any, None]]:
    """Return what a student's `background` has made, if it is what it should be; else raise NotYet."""
    if not isinstance(made, Iterable):
        raise NotYet(f"{BACKGROUND}, but it returned {kind(made)}.")
    coroutines: list[Any] = []
    try:
        coroutines.extend(made)
        for one in coroutines:
            if not inspect.iscoroutine(one):
                raise NotYet(f"{BACKGROUND}, but in its list is {kind(one)}.")
    except Exception:
        for one in filter(inspect.iscoroutine, coroutines):
            one.close()  # else Python warns that nobody awaited it
        raise
    return coroutines


class Told(asyncio.Task):
    """A task that has failed still tells it after `cancel()`: with asyncio's own, that counts as asking for the error.

    Many handlers end with `finally: reader.cancel()`, and so hide what has ended the reader.
    """

    collected = cancelled_late = False

    def cancel(self, msg: Any = None) -> bool:
        """Cancel, unless the task has failed already, and its error is collected."""
        if self.collected and unseen(self):
            self.cancelled_late = True
            return False
        return super().cancel(msg)

    def harmless(self) -> bool:
        """Whether it was cancelled after a failure that is usual at the end of a connection, such as a late send."""
        error = self.exception() if self.cancelled_late else None
        usual = isinstance(error, OSError | RuntimeError)  # "Cannot call send once …" is a RuntimeError
        return usual and not isinstance(error, RecursionError | NotImplementedError)


@contextmanager
def failed_tasks(
    over: Callable[[], bool], ended: Callable[[asyncio.Task], object] = lambda task: None
) -> Iterator[Callable[[], list[BaseException]]]:
    """For a block, collect what tasks of a student's code raise before it is `over`; the block gets what lists that.

    Only errors that nobody has asked for. Python tells of one when the task is deleted, and a server may keep it.
    One that fails because its connection has ended goes to `ended` instead: to collect it would keep the connection.
    """
    loop = asyncio.get_running_loop()
    before: Any = loop.get_task_factory()
    failed: list[asyncio.Task] = []

    def done(task: asyncio.Task) -> None:
        if unseen(task) and not over():
            if isinstance(task._exception, ConnectionClosed):
                ended(task)
                return
            failed.append(task)
            if isinstance(task, Told):
                task.collected = True

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        students = is_students(getattr(getattr(coroutine, "cr_code", None), "co_filename", "<frozen "))
        kind = Told if students else asyncio.Task
        task = before(loop, coroutine, **options) if before else kind(coroutine, loop=loop, **options)
        if students:
            task.add_done_callback(done)
        return task

    loop.set_task_factory(make)
    try:
        yield lambda: [
            error
            for task in failed
            if unseen(task) and (error := task.exception()) and not (isinstance(task, Told) and task.harmless())
        ]
    finally:
        loop.set_task_factory(before)


def unseen(task: Any) -> bool:
    """Return whether a task has failed, and nobody has asked for its error."""
    return task.done() and not task.cancelled() and bool(getattr(task, "_log_traceback", False))
