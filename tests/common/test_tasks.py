"""How tasks are ended: cancelled once, waited for with a bound, whatever happens to the one who waits."""

import asyncio
import time
from contextlib import suppress

import pytest
from support import no_task_left

from wslearn.common import tasks
from wslearn.common.patience import patient


async def sleeps(diary: list[str], tidying: float = 0.05) -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(tidying)
        diary.append("tidied")


@pytest.fixture
async def two():
    """Two tasks that have begun, and the diary that they write."""
    diary: list[str] = []
    started = [asyncio.create_task(sleeps(diary)) for _ in range(2)]
    await asyncio.sleep(0)
    return started, diary


async def test_they_have_ended_when_it_returns(two):
    started, diary = two
    await tasks.end(started, 5, "test")
    assert [task.cancelled() for task in started] == [True, True] and diary == ["tidied"] * 2
    with no_task_left():
        await tasks.end(started, 5, "test")  # long done
        await tasks.end([], 5, "test")


async def test_what_is_only_waited_for_is_not_cancelled():
    with no_task_left():
        await tasks.end((), 5, "test", [asyncio.sleep(0.05), done := asyncio.create_task(asyncio.sleep(0.05, "done"))])
    assert done.result() == "done"


@pytest.mark.parametrize("times", [1, 3])
async def test_who_waits_and_is_cancelled_waits_and_is_cancelled_then(two, times):
    started, diary = two
    ending = asyncio.create_task(tasks.end(started, 5, "test"))
    for _ in range(times):
        await asyncio.sleep(0)
        ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert diary == ["tidied"] * 2


async def test_a_timeout_around_it_is_kept_too(two):
    started, diary = two
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tasks.end(started, 5, "test")
    assert diary == ["tidied"] * 2 and not asyncio.current_task().cancelling()


async def test_it_leaves_itself_out():
    async def main():
        await tasks.end([asyncio.current_task()], 5, "test", [asyncio.current_task()])
        return "goes on"

    async with asyncio.timeout(2):
        assert await asyncio.create_task(main()) == "goes on"


async def test_what_does_not_end_is_told_and_left(caplog):
    over = asyncio.Event()

    async def deaf():
        while not over.is_set():
            with suppress(asyncio.CancelledError):
                await over.wait()

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    begun = time.perf_counter()
    async with patient(1):
        await tasks.end([task], 0.1, "test")
    assert time.perf_counter() - begun > 0.09
    assert "test: 1 of its tasks have not ended after 0.1 s" in caplog.text
    over.set()
    await task
