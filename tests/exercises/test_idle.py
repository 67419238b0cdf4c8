"""Whether a loop is idle is seen on a busy machine too."""

import asyncio
import os
import sys

import pytest

from wslearn.exercises.engine.idle import busy


async def spins():
    while True:  # noqa: ASYNC110 - the fault
        await asyncio.sleep(0)


async def computes():
    while True:
        sum(range(20_000))
        await asyncio.sleep(0)


async def ticks():
    while True:  # noqa: ASYNC110 - what a background does
        await asyncio.sleep(0.005)


@pytest.fixture(params=[0, 3])
async def load(request):
    """Other processes that keep each processor busy: so many of each."""
    code = "while True: pass"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        for _ in range(request.param * (os.cpu_count() or 1))
    ]
    yield
    for process in processes:
        process.kill()
        await process.wait()


@pytest.mark.usefixtures("load")
@pytest.mark.parametrize(("work", "is_busy"), [(spins, True), (computes, True), (ticks, False), (None, False)])
async def test_a_loop_is_busy_or_idle(work, is_busy):
    task = asyncio.create_task(work()) if work else None
    try:
        assert (await busy(0.05) > 0.5) is is_busy
    finally:
        if task:
            task.cancel()
