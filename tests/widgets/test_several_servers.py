"""The several-servers lab, with its real cluster: who misses what when a server or the engine is killed or frozen."""

import asyncio
import importlib.util
import re

import pytest
from support import until

from wslearn.hubs import cluster, engine
from wslearn.widgets import several_servers
from wslearn.widgets.kit import task as kit_task
from wslearn.widgets.several_servers import SeveralServersLab
from wslearn.widgets.several_servers_cast import Naive, Resuming

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("nats") is None, reason="needs the extra cluster"),
    pytest.mark.timeout(360),
]
#: Processes start slowly on a busy machine, in seconds.
SLOW = 90
#: How often a client has come back with nothing lost; a server that is held up counts as lost, as one that was killed.
ALL = r"([1-9]\d*) of \1"


@pytest.fixture
async def lab(monkeypatch):
    """A lab; whatever a test does, it leaves no task and no process behind, however long their ends take."""
    for module in (several_servers, kit_task, engine, cluster):
        monkeypatch.setattr(module, "STOP_TIMEOUT", SLOW)
    monkeypatch.setattr(cluster, "READY_TIMEOUT", SLOW)
    monkeypatch.setattr(several_servers, "RUN", 600.0)
    before = asyncio.all_tasks()
    lab = SeveralServersLab()
    yield lab
    await asyncio.wait_for(lab.task.stop(), SLOW)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once
    assert not any(member.running for member in lab.cluster.servers) and lab.cluster.engine.pid is None


async def run(lab: SeveralServersLab) -> None:
    lab.run.click()
    await until(lambda: lab.task.error or (len(lab.stored) >= 3 and len(lab.guests) == 6), SLOW)
    assert lab.task.error is None


async def press(lab: SeveralServersLab, button, target: str) -> None:
    """Press a button for a server or the engine, and wait until it is there again."""
    lab.target.value = target
    outages, count = lab.outages[target], len(lab.outages[target])
    button.click()
    await until(lambda: len(outages) > count and outages[-1][2] is not None, SLOW)


def of(lab: SeveralServersLab, kind: type) -> list:
    """Return the three clients of a kind, those of the servers a, b and c."""
    return [guest for guest in lab.guests if isinstance(guest, kind)]


async def nothing_missed(lab: SeveralServersLab) -> None:
    """Wait until the resuming clients have what is stored now, and see that they have nothing twice."""
    await until(lambda: not any(lab.missed(guest) for guest in of(lab, Resuming)), SLOW)
    assert [guest.twice for guest in lab.guests] == [0] * 6
    assert [len(guest.room.gaps) for guest in of(lab, Resuming)] == [0] * 3


async def test_the_first_run_kills_a_server_and_only_its_naive_client_misses_something(lab):
    await asyncio.wait_for(lab.show(), SLOW)
    assert lab.task.state == "done", lab.task.error
    a, b, c = of(lab, Naive)
    assert lab.missed(a) and not lab.missed(b) and not lab.missed(c)
    assert (a.place, b.place, c.place) == ("gone", "on b", "on c")
    assert [lab.missed(guest) for guest in of(lab, Resuming)] == [0, 0, 0]
    first, *others = [guest.recovered for guest in of(lab, Resuming)]
    assert re.fullmatch(ALL, first) and all(re.fullmatch(f"–|{ALL}", each) for each in others)
    assert lab.picture.text.startswith(f"The three naive clients: missed {lab.missed(a)}, twice 0; the three resuming")
    assert re.search(rf"missed 0, twice 0, recovered {ALL}\.", lab.picture.text)
    assert lab.kill_button.disabled and lab.freeze_button.disabled and lab.restart_button.disabled


async def test_a_server_and_the_engine_are_killed(lab):
    await run(lab)
    await press(lab, lab.kill_button, "b")
    await nothing_missed(lab)
    assert of(lab, Naive)[1].gone and of(lab, Resuming)[1].comebacks >= 1
    before = len(lab.stored)
    await press(lab, lab.kill_button, "engine")
    await until(lambda: len(lab.stored) > before + 3, SLOW)
    await nothing_missed(lab)
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), SLOW)
    assert lab.task.state == "cancelled"


async def test_a_button_that_is_pressed_before_the_servers_are_there_waits_for_them(lab):
    lab.run.click()
    await until(lambda: not lab.kill_button.disabled, SLOW)
    assert not lab.guests
    lab.target.value = "b"
    lab.kill_button.click()
    await until(lambda: lab.guests and of(lab, Naive)[1].gone, SLOW)
    await until(lambda: lab.outages["b"] and lab.outages["b"][0][2] is not None, SLOW)
    assert [what for what, _, _ in lab.outages["b"]] == ["killed"]
    await until(lambda: not lab.kill_button.disabled, SLOW)
    await nothing_missed(lab)


async def test_a_server_and_the_engine_are_frozen(lab):
    lab.away.value = 3
    await run(lab)
    await press(lab, lab.freeze_button, "c")
    await nothing_missed(lab)
    assert not of(lab, Naive)[2].gone and of(lab, Resuming)[2].comebacks >= 1
    lab.away.value = 1
    await press(lab, lab.freeze_button, "engine")
    before = len(lab.stored)
    await until(lambda: len(lab.stored) > before + 3, SLOW)
    await nothing_missed(lab)


async def test_all_servers_are_restarted_and_the_lab_runs_again(lab):
    await run(lab)
    lab.restart_button.click()
    await until(lambda: lab.outages["c"] and lab.outages["c"][-1][2] is not None, 2 * SLOW)
    await nothing_missed(lab)
    assert [guest.gone for guest in of(lab, Naive)] == [True] * 3
    assert all(guest.comebacks for guest in of(lab, Resuming))
    lab.run.click()
    await until(lambda: len(lab.stored) == 0, SLOW)
    await until(lambda: len(lab.stored) >= 3, SLOW)


async def test_cancel_while_the_cluster_starts_or_something_is_frozen_ends_everything(lab):
    lab.run.click()
    await until(lambda: "Starting" in lab.status.value)
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), SLOW)
    assert lab.task.state == "cancelled" and lab.kill_button.disabled
    lab.away.value = 5
    await run(lab)
    lab.freeze_button.click()
    await until(lambda: lab.outages["a"])
    lab.cancel.click()
    await asyncio.wait_for(lab.task.ended(), SLOW)
    assert lab.task.state == "cancelled" and lab.outages["a"][0][2] is not None


async def test_a_run_ends_by_itself(lab, monkeypatch):
    monkeypatch.setattr(several_servers, "RUN", 1.0)
    lab.run.click()
    await asyncio.wait_for(lab.task.ended(), SLOW)
    assert lab.task.state == "done", lab.task.error
    said = re.fullmatch(
        r"The three naive clients: missed 0, twice 0; the three resuming clients: missed 0, twice 0, "
        r"recovered (\d+) of \1\. (\d+) messages were stored\.",  # a server that is held up counts as lost
        lab.verdict(),
    )
    assert said and int(said[2]) == len(lab.stored), lab.verdict()
