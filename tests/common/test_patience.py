"""A timeout that does not count what the machine did not give: stalled, quiet, cancelled, nested, and nothing left."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from support import Clock as Now

from wslearn.common import patience
from wslearn.common.patience import MOST, SLICE, Clock, patient, wait, waits


@pytest.fixture
async def machine(monkeypatch):
    """A machine whose time passes only while its loop waits for a timer, which comes `late` by so many seconds."""
    loop, machine = asyncio.get_running_loop(), Now()
    machine.late, machine.looks, began = 0.0, 0, machine.now

    def call_later(delay, callback):
        machine.now, machine.looks = machine.now + delay + machine.late, machine.looks + 1
        return loop.call_soon(callback)

    machine.took = lambda: machine.now - began
    monkeypatch.setattr(patience, "monotonic", machine)
    monkeypatch.setattr(patience, "waits", lambda thread: nobody)
    monkeypatch.setattr(loop, "call_later", call_later)
    return machine


def nobody() -> float:
    """Of a thread that has never waited for a processor."""
    return 0.0


async def never(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with patient(seconds):
            await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("seconds", [0, 0.001, SLICE, 0.12, 2])
async def test_on_a_quiet_machine_it_ends_in_time(machine, seconds):
    await never(seconds)
    assert machine.took() == pytest.approx(seconds) and machine.looks <= seconds / SLICE + 2


async def test_the_usual_lateness_of_a_timer_counts(machine):
    machine.late = 0.004
    await never(2)
    assert machine.took() < 2 + SLICE


async def test_a_stall_counts_as_no_more_than_a_slice(machine):
    machine.late = 5
    await never(2)
    assert machine.looks >= 2 / SLICE / MOST and machine.took() > 100


async def test_what_comes_after_a_stall_has_come_in_time():
    """A message that takes some turns of the loop, as through a server; and the loop stands still before the first."""
    loop, came = asyncio.get_running_loop(), asyncio.Event()

    def in_turns(turns: int) -> None:
        loop.call_soon(in_turns, turns - 1) if turns else came.set()

    async with patient(0.2):
        loop.call_soon(time.sleep, 0.5)
        loop.call_later(0.01, in_turns, 5)
        await came.wait()


async def test_a_shared_clock_counts_what_blocks_the_loop():
    clock = Clock(60, nobody, nobody)  # this test is all that ticks it
    patience.shared.set(clock)
    with pytest.raises(TimeoutError):
        async with patient(0.1):
            time.sleep(0.1)  # noqa: ASYNC251 - a student's
            await asyncio.sleep(60)


def test_a_clock_counts_while_it_is_ticked(monkeypatch):
    now = Now()
    monkeypatch.setattr(patience, "monotonic", now)
    clock = Clock(1, nobody, nobody)
    now.now += 1
    assert clock.now() == 1
    now.now += 99
    assert clock.now() == pytest.approx(MOST), "nobody has ticked it"
    clock.tick()
    now.now += 0.5
    assert clock.now() == pytest.approx(MOST + 0.5)


def test_waiting_for_a_processor_does_not_count(monkeypatch):
    now, mine, theirs = Now(), Now(), Now()
    monkeypatch.setattr(patience, "monotonic", now)
    clock = Clock(1, mine, theirs)
    now.now, theirs.now = now.now + 1, theirs.now + 0.75
    assert clock.now() == 0.25
    clock.tick()
    now.now, mine.now = now.now + 9, mine.now + 9
    assert clock.now() == 9.25, "only who ticks had to wait"
    clock.tick()
    now.now, mine.now, theirs.now = now.now + 9, mine.now + 7, theirs.now + 7
    assert clock.now() == pytest.approx(9.25 + MOST), "all waited for 7 s, and stood still for another second"


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells it")
def test_linux_tells_how_long_a_thread_has_waited():
    told = waits(threading.current_thread())
    first = told()
    assert 0 <= first <= told() < 1e6
    assert waits(threading.Thread())() == 0, "it does not run yet"


async def test_what_was_done_in_time_is_not_ended_later():
    async with patient(0.02) as limit:
        pass
    await asyncio.sleep(3 * SLICE)
    assert not limit.expired()


async def test_a_cancellation_passes_through():
    async def waits() -> None:
        async with patient(60):
            begun.set()
            await asyncio.sleep(60)

    begun = asyncio.Event()
    task = asyncio.create_task(waits())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_error_passes_through():
    with pytest.raises(LookupError):
        async with patient(60):
            raise LookupError


async def test_of_two_the_shorter_ends_the_wait_and_the_longer_stays():
    async with patient(60) as outer:
        await never(0.02)
        assert not outer.expired()
    with pytest.raises(TimeoutError):
        async with patient(0.02):
            async with patient(60) as inner:
                await asyncio.sleep(60)
    assert not inner.expired()


async def test_with_no_time_what_needs_no_wait_is_done():
    async with patient(0) as limit:
        done = True
    assert done and not limit.expired()
    await never(0)
    await never(-1)


async def test_waiting_for_tasks_cancels_none_and_raises_nothing():
    async def fails() -> None:
        raise LookupError

    ever, failing = asyncio.create_task(asyncio.sleep(60)), asyncio.create_task(fails())
    await wait({ever, failing}, 60, return_when=asyncio.FIRST_COMPLETED)
    assert failing.done() and isinstance(failing.exception(), LookupError)
    await wait({ever}, 0)
    assert not ever.done() and not ever.cancelling()
    ever.cancel()
