"""The nothing-lost lab, with its real server, clients and cables: who misses what, who doubles, and who says so."""

import asyncio
import re

import pytest
from support import until

from wslearn.widgets import nothing_lost
from wslearn.widgets.nothing_lost import NothingLostLab


@pytest.fixture
async def lab(monkeypatch):
    """A lab; whatever a test does, it leaves no task behind. A run ends when a test ends it."""
    monkeypatch.setattr(nothing_lost, "RUN", 600.0)
    before = asyncio.all_tasks()
    lab = NothingLostLab()
    yield lab
    await asyncio.wait_for(lab.task.stop(), 50)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once


async def run(lab: NothingLostLab) -> None:
    lab.run.click()
    await until(lambda: len(lab.stored) >= 3 and len(lab.guests) == 3)


async def cut(lab: NothingLostLab) -> None:
    """Press the button, and wait until the cables are mended."""
    count = len(lab.guests[2].outages)
    lab.cut_button.click()
    await until(lambda: len(lab.guests[2].outages) > count and lab.guests[2].outages[-1][1] is not None)


async def test_the_first_run_tells_the_three_clients_apart(lab):
    await asyncio.wait_for(lab.show(), 50)
    assert lab.task.state == "done", lab.task.error
    naive, reconnecting, resuming = lab.guests
    assert lab.missed(naive) and lab.missed(reconnecting)
    assert len(lab.missed(naive)) > len(lab.missed(reconnecting))
    assert not lab.missed(resuming, settled=True) and not lab.doubled(resuming)
    assert lab.doubled(reconnecting) and not lab.doubled(naive)
    assert lab.picture.text.endswith("resuming: missed 0, doubled 0.")
    said = re.match(r"naive: missed (\d+), doubled 0; reconnecting: missed ", lab.picture.text)
    assert 0 < int(said[1]) <= len(lab.missed(naive))  # a message that was on its way may have come after the picture
    assert lab.cut_button.disabled and lab.restart_button.disabled


async def test_each_cut_adds_to_what_is_lost_and_nothing_to_the_resuming_client(lab):
    lab.away.value = 0.2
    await run(lab)
    reconnecting, resuming = lab.guests[1:]
    for count in (1, 2, 3):
        await cut(lab)
        await until(lambda count=count: len(lab.doubled(reconnecting)) >= count)
        await until(lambda: not lab.missed(resuming))
    assert not lab.doubled(resuming) and not resuming.gaps
    assert lab.guests[0].gone and len(lab.guests[0].outages) == 1


async def test_as_long_as_it_is_away_the_resuming_client_misses_messages_too(lab):
    lab.away.value = 3
    await run(lab)
    lab.cut_button.click()
    await until(lambda: lab.missed(lab.guests[2]))
    assert "resuming: missed 0" not in lab.verdict()
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), 50)
    assert lab.task.state == "cancelled"


async def test_a_new_server_is_told_by_the_resuming_client_only(lab):
    await run(lab)
    lab.restart_button.click()
    await until(lambda: lab.guests[2].gaps == 1)
    assert lab.verdict().endswith("The resuming client told its user once that something may be missing.")
    before = len(lab.stored)
    await until(lambda: len(lab.stored) > before + 3 and lab.guests[2].shown[list(lab.stored)[-2]] == 1)
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), 50)


async def test_cancel_while_the_cables_are_cut_ends_it_soon(lab):
    lab.away.value = 3
    await run(lab)
    lab.cut_button.click()
    await until(lambda: lab.guests[2].outages)
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), 50)
    assert lab.task.state == "cancelled" and lab.cut_button.disabled


async def test_reset_sets_the_sliders_back_and_runs_once(lab):
    lab.away.value, lab.rate.value = 3, 20
    lab.reset.click()
    await asyncio.wait_for(lab.task.ended(), 50)
    assert (lab.away.value, lab.rate.value) == (1, 8)
    assert lab.picture.text.endswith("resuming: missed 0, doubled 0.")


async def test_a_run_ends_by_itself(lab, monkeypatch):
    monkeypatch.setattr(nothing_lost, "RUN", 1.0)
    lab.run.click()
    await asyncio.wait_for(lab.task.ended(), 50)
    assert lab.task.state == "done"
    assert (
        lab.verdict() == "naive: missed 0, doubled 0; reconnecting: missed 0, doubled 0; resuming: missed 0, doubled 0."
    )
