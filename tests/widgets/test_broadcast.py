"""The fan-out lab: what its lanes show is what its clients met."""

import asyncio
import re
from statistics import median

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import picture
from support import until

from wslearn.widgets import broadcast
from wslearn.widgets.broadcast import FanOutLab, Lane


@pytest.fixture
async def lab():
    """A lab that is not shown, and after which nothing is left running."""
    before = asyncio.all_tasks()
    lab = FanOutLab()
    yield lab
    await lab.task.stop()
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once


async def run(lab: FanOutLab, sent_with: str, slow: bool) -> int:
    """Run the lab; return how many messages the least lucky of the other clients got."""
    lab.sent_with.value, lab.slow.value = sent_with, slow
    lab.run.click()
    async with asyncio.timeout(60):
        await lab.task.ended()
    assert lab.task.error is None
    return min(len(lane.arrivals) for lane in lab.lanes[1:])


def test_waits_are_the_gaps_between_arrivals():
    lane = Lane()
    assert lane.waits(2.0) == [(0.0, 2.0)]
    lane.arrivals = [0.5, 1.5]
    assert lane.waits(2.0) == [(0.0, 0.5), (0.5, 1.0), (1.5, 0.5)]
    assert lane.waits(1.4) == [(0.0, 0.5), (0.5, 1.0), (1.5, 0.0)]  # it came while others were drawn


async def test_the_loop_stalls_all_and_fan_out_drops_the_slow_one(lab, monkeypatch):
    monkeypatch.setattr(broadcast, "RUN", 6.0)  # long enough for a machine that is held up for a second or two
    by_loop = await run(lab, "awaited loop", slow=True)
    loop_wait, loop_delay, due = lab.longest_wait()[1], median(lab.delays()), lab.due()
    assert lab.dropped_at() is None and due == 121
    assert loop_wait > lab.long()
    assert f"121 messages were due, and every other client received at least {by_loop} of them" in lab.picture.text

    by_fan_out = await run(lab, "fan_out", slow=True)
    assert by_fan_out > 1.5 * by_loop
    assert median(lab.delays()) < loop_delay
    assert 0 < lab.dropped_at() < 6.0
    assert f"The server dropped client 1 after {lab.dropped_at():.1f} s." in lab.picture.text

    assert [row[:2] for row in lab.rows] == [("awaited loop", "slow, kept"), ("fan_out", "slow, dropped")]
    (table,) = lab.details.children
    assert all(cell in table.value for row in lab.rows for cell in row)


@pytest.mark.parametrize("sent_with", broadcast.KINDS)
async def test_where_nobody_is_slow_everybody_gets_everything(lab, monkeypatch, sent_with):
    monkeypatch.setattr(broadcast, "RUN", 1.0)
    lab.clients.value = 20
    for _ in range(5):  # what else runs on this machine can hold up a run, and not each
        got = await run(lab, sent_with, slow=False)
        assert len(lab.lanes) == 20 and lab.dropped_at() is None and lab.due() == 21
        for lane in lab.lanes:
            assert lane.dues == [number / 20 for number in range(len(lane.dues))]  # each once, in order
        assert all(delay >= 0 for delay in lab.delays())
        assert lab.rows[-1][1] == "fast"
        if got >= 15:  # the last ones may be on their way
            return
    pytest.fail(f"in five runs of 21 messages the last one brought {got}")


async def test_the_box_works_during_a_run(lab, monkeypatch):
    monkeypatch.setattr(broadcast, "RUN", 600.0)
    lab.sent_with.value = "awaited loop"
    lab.run.click()
    await until(lambda: lab.picture.text)  # it has begun
    await until(lambda: lab.was_slow and lab.longest_wait()[1] > 0.5)
    got = len(lab.lanes[1].arrivals)
    lab.slow.value = False
    await until(lambda: len(lab.lanes[1].arrivals) > got + 20)
    assert lab.was_slow


async def test_cancelled_and_reset(lab, monkeypatch):
    monkeypatch.setattr(broadcast, "FIRST", 0.3)
    lab.reset.click()
    async with asyncio.timeout(30):
        await lab.task.ended()
    lab.rate.value, lab.clients.value = 50, 3
    lab.run.click()
    await until(lambda: len(lab.lanes) == 3 and lab.elapsed() > 0)
    lab.cancel.click()
    async with asyncio.timeout(25):  # it does not wait for a goodbye
        await lab.task.ended()
    assert lab.task.state == "cancelled" and len(lab.rows) == 1
    lab.reset.click()
    async with asyncio.timeout(30):
        await lab.task.ended()
    assert (lab.task.state, len(lab.rows), lab.rate.value, lab.clients.value) == ("done", 1, 20, 8)


def test_its_cell_leaves_a_picture_and_may_run_again(shared_kernel):
    cell = new_code_cell("from wslearn.widgets.broadcast import fan_out_lab\nlab = await fan_out_lab()")
    with shared_kernel() as running:
        for _ in range(2):
            assert re.match(r"awaited loop: \d+ messages were due", picture(running, cell))
        assert running.ask("from wslearn import cells; print(len(cells._running))") == "0"
