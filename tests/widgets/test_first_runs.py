"""A lab's first run ends as soon as it has shown what it should, whatever its longest time is."""

import asyncio

import pytest

from wslearn.widgets import broadcast, robustness
from wslearn.widgets.broadcast import FanOutLab
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.robustness import RobustnessLab


async def first_run(lab: Dashboard) -> None:
    lab.reset.click()
    async with asyncio.timeout(60):
        await lab.task.ended()
    assert lab.task.error is None and lab.elapsed() == lab.seconds < 600


@pytest.fixture(autouse=True)
def endless(monkeypatch):
    for lab in broadcast, robustness:
        monkeypatch.setattr(lab, "FIRST", 600.0)


async def test_the_fan_out_lab_ends_when_somebody_has_waited():
    lab = FanOutLab()
    await first_run(lab)
    assert lab.longest_wait()[1] >= broadcast.SEEN
    assert lab.figure()[0].axes[0].get_xlim() == (0, lab.seconds)


async def test_the_robustness_lab_ends_when_all_attacks_are_over():
    lab = RobustnessLab()
    await first_run(lab)
    assert len(lab.rows) == len(robustness.ATTACKS)
    assert "the run ended first" not in lab.picture.text
