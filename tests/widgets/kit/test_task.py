"""One job at a time: started again, cancelled, failing, and leaving with its cell."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar, copy_context
from threading import Thread

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import errors, text
from support import no_task_left, until

from wslearn.widgets.kit.task import Task


class Job:
    """A job that says what happens to it, and that takes a while to clean up."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name, self.diary = name, diary
        self.started, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.diary.append(f"{self.name} begins")
        self.started.set()
        try:
            await self.go_on.wait()
            self.diary.append(f"{self.name} is done")
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            self.diary.append(f"{self.name} has cleaned up")


@pytest.fixture
def states() -> list[str]:
    return []


@pytest.fixture
def task(states) -> Task:
    task = Task(lambda: states.append(task.state))
    return task


async def fail() -> None:
    raise OSError("the cable is cut")


async def test_a_job_runs_to_its_end(task, states):
    job = Job("a", diary := [])
    assert (task.state, task.running) == ("new", False)
    task.start(job)
    assert task.running
    job.go_on.set()
    async with asyncio.timeout(30):
        await task.ended()
    assert diary == ["a begins", "a is done", "a has cleaned up"]
    assert (states, task.running, task.error) == (["running", "done"], False, None)


async def test_started_again_the_first_has_ended_before_the_second_begins(task, states):
    diary: list[str] = []
    first, second = Job("a", diary), Job("b", diary)
    async with asyncio.timeout(30):
        task.start(first)
        await first.started.wait()
        task.start(second)
        second.go_on.set()
        await task.ended()
    assert diary == ["a begins", "a has cleaned up", "b begins", "b is done", "b has cleaned up"]
    assert states == ["running", "running", "done"]


async def test_of_many_starts_in_a_row_the_last_one_runs(task, states):
    diary: list[str] = []
    first, last = Job("first", diary), Job("last", diary)
    async with asyncio.timeout(30):
        task.start(first)
        await first.started.wait()
        for n in range(10):
            task.start(Job(f"job {n}", diary))
        last.go_on.set()
        task.start(last)
        await task.ended()
    assert diary == ["first begins", "first has cleaned up", "last begins", "last is done", "last has cleaned up"]
    assert states[-1] == "done"


async def test_cancel_and_start_again(task, states):
    job = Job("a", diary := [])
    task.cancel()
    async with asyncio.timeout(30):
        task.start(job)
        await job.started.wait()
        task.cancel()
        await task.ended()
        assert states == ["running", "cancelled"]
        job.go_on.set()
        task.start(job)
        await task.ended()
    assert (task.state, diary[-2:]) == ("done", ["a is done", "a has cleaned up"])


async def test_cancelled_before_it_began(task, states):
    job = Job("a", diary := [])
    task.start(job)
    task.cancel()
    async with asyncio.timeout(30):
        await task.ended()
        await task.stop()
    assert (states, diary) == (["running", "cancelled"], [])


async def test_stop_waits_also_for_the_one_that_was_replaced(task):
    first, second = Job("a", diary := []), Job("b", [])
    async with asyncio.timeout(30):
        task.start(first)
        await first.started.wait()
        task.start(second)
        await task.stop()
        await task.stop()
    assert diary == ["a begins", "a has cleaned up"]
    assert not task.running


async def test_after_stop_nothing_is_left_at_once(task):
    with no_task_left():
        for begun in (True, False):
            first, second = Job("a", diary := []), Job("b", diary)
            task.start(first)
            if begun:
                await first.started.wait()
            task.start(second)
            await asyncio.gather(task.stop(), task.stop())
            assert diary == ["a begins", "a has cleaned up"] * begun


async def test_a_stop_that_is_cancelled_waits_all_the_same(task):
    job = Job("a", diary := [])
    with no_task_left():
        task.start(job)
        await job.started.wait()
        stopping = asyncio.create_task(task.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        assert diary == ["a begins", "a has cleaned up"]


async def test_a_job_may_stop_itself(task):
    async def job():
        await task.stop()
        await asyncio.sleep(0)  # here the cancellation arrives

    with no_task_left():
        task.start(job)
        async with asyncio.timeout(30):
            await task.ended()
    assert task.state == "cancelled"


async def test_a_job_that_does_not_end_keeps_nobody_from_going_on(task, monkeypatch, caplog):
    over = asyncio.Event()

    async def deaf():
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await over.wait()

    monkeypatch.setattr("wslearn.widgets.kit.task.STOP_TIMEOUT", 0.1)
    with no_task_left():
        task.start(deaf)
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await task.stop()
        assert "task: 1 of its tasks have not ended after 0.1 s" in caplog.text
        job = Job("b", diary := [])
        job.go_on.set()
        task.start(job)
        async with asyncio.timeout(30):
            await task.ended()
        assert diary[-1] == "b has cleaned up" and task.state == "done"
        over.set()
        async with asyncio.timeout(30):
            await task.stop()


async def test_a_failure_is_kept_until_the_next_start(task, states):
    async with asyncio.timeout(30):
        task.start(fail)
        await task.ended()
        assert (states, str(task.error)) == (["running", "failed"], "the cable is cut")
        job = Job("a", [])
        job.go_on.set()
        task.start(job)
        assert task.error is None
        await task.ended()
    assert states == ["running", "failed", "running", "done"]


async def test_who_is_cancelled_while_waiting_cancels_the_job(task):
    job = Job("a", diary := [])
    task.start(job)
    waiting = asyncio.create_task(task.ended())
    await job.started.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 30)
    assert (task.state, diary) == ("cancelled", ["a begins", "a has cleaned up"])


async def test_presses_in_another_thread_keep_their_order(states):
    task = Task(lambda: states.append(task.state))  # on this loop
    presses = Thread(target=lambda: (task.start(Job("a", [])), task.cancel()))
    presses.start()
    presses.join()  # this loop is busy meanwhile, and has no turn for the first one before the second comes
    await until(lambda: states == ["running", "cancelled"])


async def test_what_a_press_changes_belongs_to_the_cell_and_not_to_the_press():
    here, seen = ContextVar("here"), []
    here.set("cell")
    task = Task(lambda: seen.append((task.state, here.get())))

    def press(do) -> None:
        here.set("press")
        do()

    copy_context().run(press, lambda: task.start(Job("a", [])))
    await asyncio.to_thread(press, task.cancel)
    async with asyncio.timeout(30):
        await task.ended()
    assert seen == [("running", "cell"), ("cancelled", "cell")]


async def test_who_waits_for_the_end_finds_the_state_changed(task, states):
    nearly = asyncio.Event()

    async def job() -> None:
        nearly.set()  # its last step: the test goes on when the job is done, and before the task has been told

    async with asyncio.timeout(30):
        task.start(job)
        await nearly.wait()
        await task.ended()
    assert states == ["running", "done"]


async def test_a_press_that_comes_in_another_thread_runs_on_the_cells_loop():
    task = Task(lambda: None)
    loops, ends = [], []

    async def job() -> None:
        loops.append(asyncio.get_running_loop())
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(asyncio.get_running_loop())

    async def press(do) -> None:  # as in a subshell, which has an event loop of its own
        do()

    async with asyncio.timeout(30):
        await asyncio.to_thread(asyncio.run, press(lambda: task.start(job)))
        await until(lambda: loops)
        await asyncio.to_thread(asyncio.run, press(task.cancel))
        await until(lambda: task.state == "cancelled")
    assert loops == ends == [asyncio.get_running_loop()]


CELL = """
import asyncio
from wslearn import EchoServer, cells
from wslearn.widgets.kit.task import Task

async def job():
    async with EchoServer() as server:
        print("serving", flush=True)
        ready.set()
        await asyncio.Event().wait()

ready = asyncio.Event()
task = Task(lambda: print(task.state))
asyncio.get_running_loop().call_soon(task.start, job)
old = globals().get("mine")
mine = task
serving = await asyncio.wait_for(ready.wait(), 10)
"""
STATE = "print(sorted(type(thing).__name__ for thing in cells._running), old and old.state)"


def test_running_the_cell_again_stops_what_its_earlier_run_started(shared_kernel):
    cell = new_code_cell(CELL)
    with shared_kernel() as running:
        for expected in ("None", "cancelled"):
            ran = running.run(cell)
            assert not errors(ran)
            assert text(ran).split() == ["running", "serving"]
            assert running.ask(STATE) == f"['EchoServer', 'Task'] {expected}"
        assert running.ask("await task.stop(); print(len(cells._running))").splitlines()[-1] == "0"
