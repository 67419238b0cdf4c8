"""The robustness lab: attackers meet their limits, Bob does not notice; on the naive server he does."""

import asyncio
import time

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import picture
from support import until

from wslearn.widgets import robustness, robustness_cast
from wslearn.widgets.robustness import RobustnessLab
from wslearn.widgets.robustness_bob import Bob
from wslearn.widgets.robustness_cast import ATTACKS, Attack

#: How each attack on the protected server ends.
ENDS = {"stall": "dropped", "flood": "closed: 1008", "oversize": "closed: 1009", "bad JSON": "closed: 1008"}


@pytest.fixture
async def lab(monkeypatch):
    """A lab that is not shown, and after which nothing is left running."""
    monkeypatch.setattr(robustness, "RUN", 600.0)  # until it is cancelled
    before = asyncio.all_tasks()
    lab = RobustnessLab()
    yield lab
    await lab.task.stop()
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}  # at once


def made_up(lab: RobustnessLab, attacks: list[Attack], lost: list[tuple[float, float]]):
    """Return the two axes of a run of 30 s with these attacks, and with what Bob lost."""
    lab.seconds, lab.kind, lab.attacks, lab.began = 30.0, "naive", attacks, 0.0  # long over
    lab.bob = Bob("", lab.elapsed)
    lab.bob.lost = lost
    return lab.figure()[0].axes


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_two_attacks_close_together_have_one_label_beside_the_picture(lab):
    closed = [Attack("bad JSON", at, at + 0.1, "closed: 1011 failed") for at in (18, 18.5, 29.5)]
    above, _ = made_up(lab, [*closed, Attack("stall", 3, 7, "nobody stopped it, it gave up after 4 s")], [])
    assert words(above) == ["it gave up after 4 s", "closed: 1011 (3×)"]
    assert [text.get_position() for text in above.texts] == [(1.01, 0), (1.01, 3)]


def test_how_often_bob_was_thrown_out_stands_below_its_crosses(lab):
    for first, at, side in ((5.0, 5.0, "left"), (20.0, 21.0, "right")):
        _, below = made_up(lab, [], [(first, 0.0), (first + 1, 0.0)])
        label = below.texts[-1]
        assert label.get_text() == "Bob was disconnected 2 times"
        assert (label.get_position()[0], label.get_ha()) == (at, side)


async def begin(lab: RobustnessLab, kind: str) -> None:
    """Run the lab, and wait until Bob has talked."""
    lab.server_kind.value = kind
    lab.run.click()
    await until(lambda: hasattr(lab, "bob") and lab.kind == kind and len(lab.bob.trips) >= 3)


async def press(lab: RobustnessLab, name: str) -> Attack:
    """Press an attack's button, and wait until it is over."""
    button, count = lab.buttons[name], len(lab.rows)
    await until(lambda: not button.disabled)
    button.click()
    await until(lambda: len(lab.rows) > count)
    return lab.attacks[-1]


async def end(lab: RobustnessLab) -> None:
    lab.cancel.click()
    async with asyncio.timeout(30):
        await lab.task.ended()
    assert lab.task.state == "cancelled"


async def test_each_attacker_meets_its_limit_and_bob_stays(lab):
    await begin(lab, "protected")
    for name in ATTACKS:
        attack = await press(lab, name)
        assert attack.verdict() == ENDS[name]
        assert attack.logged is not None
    assert lab.bob.lost == []
    trips = len(lab.bob.trips)
    await until(lambda: len(lab.bob.trips) > trips + 2)  # he still talks
    await end(lab)
    assert [row[0] for row in lab.rows] == [f"{name} (protected)" for name in ATTACKS]
    assert "aborted: it reads too slowly" in lab.rows[0][2]
    (table,) = lab.details.children
    assert "Too many messages" in table.value and "10 malformed messages in a row" in table.value


class MadeSlowly(Bob):
    """A Bob whose lab begins to count only some time after him, as on a machine that stood still just then."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        time.sleep(0.1)


async def test_on_the_naive_server_one_bad_message_throws_bob_out_again_and_again(lab, monkeypatch):
    monkeypatch.setattr(robustness, "Bob", MadeSlowly)
    await begin(lab, "naive")
    attack = await press(lab, "bad JSON")
    assert attack.verdict() == "closed: 1011"
    assert "JSONDecodeError" in attack.logged.text
    assert "disconnected" in lab.rows[0][3]
    await until(lambda: len(lab.bob.lost) >= 2)
    assert f"disconnected {len(lab.bob.lost)} times" in lab.figure()[1]
    await end(lab)


async def test_on_the_naive_server_bob_is_given_his_messages_again_after_each_attack(lab):
    await begin(lab, "naive")
    for name in ("flood", "oversize", "stall"):
        attack = await press(lab, name)
        assert attack.verdict().startswith("nobody stopped it, ")
        await lab.bob.settled(lab.elapsed())
    assert lab.bob.lost == [], "the attackers stay, so no message of Bob's meets one that is leaving"
    await end(lab)
    assert [len(row) for row in lab.rows] == [4, 4, 4]


async def test_an_attack_pressed_before_the_server_is_up_is_not_lost(lab):
    lab.server_kind.value = "protected"
    for _ in range(2):  # the second time while an earlier run is on, and has to end first
        lab.run.click()
        lab.buttons["bad JSON"].click()
        assert not lab.rows
        await until(lambda: len(lab.rows) == 1)
        assert [attack.verdict() for attack in lab.attacks] == ["closed: 1008"]
        lab.rows = []
    await end(lab)


async def test_the_lab_says_how_long_it_runs(lab):
    await begin(lab, "protected")
    await until(lambda: "Running for 600 s: press an attack" in lab.status.value)
    await end(lab)


async def test_the_first_run_shows_all_attacks_and_reset_goes_back_to_it(lab):
    lab.server_kind.value = "naive"
    lab.reset.click()
    async with asyncio.timeout(50):
        await lab.task.ended()
    assert (lab.task.state, lab.task.error, lab.server_kind.value) == ("done", None, "protected")
    assert {attack.name for attack in lab.attacks} == set(ATTACKS)
    assert lab.picture.text.startswith("protected server: Bob's round trips: median ")
    assert lab.bob.lost == []


async def test_attacks_end_with_the_run(lab, monkeypatch):
    monkeypatch.setattr(robustness_cast, "ATTACK", 600.0)  # it does not give up while the last picture is drawn
    await begin(lab, "naive")
    lab.buttons["stall"].click()
    await until(lambda: len(lab.attacks) == 1)
    lab.began -= 600  # the time is over
    async with asyncio.timeout(30):
        await lab.task.ended()
    assert lab.task.state == "done"
    assert [attack.verdict(over=True) for attack in lab.attacks] == ["the run ended first"]
    assert all(button.disabled for button in lab.buttons.values())
    assert "stall: the run ended first" in lab.picture.text


async def test_a_click_on_a_thread_of_its_own_acts_where_the_server_is(lab):
    # JupyterLab delivers some clicks so. An attack on another event loop could not await the server's connections.
    await asyncio.to_thread(lab.run.click)
    await until(lambda: hasattr(lab, "bob") and len(lab.bob.trips) >= 1)
    await until(lambda: not lab.buttons["stall"].disabled)
    await asyncio.to_thread(lab.buttons["stall"].click)
    await until(lambda: len(lab.rows) == 1)
    assert lab.attacks[0].verdict() == "dropped"
    await asyncio.to_thread(lab.cancel.click)
    await until(lambda: lab.task.state == "cancelled")


def test_its_cell_leaves_a_picture_and_may_run_again(shared_kernel):
    cell = new_code_cell("from wslearn.widgets.robustness import robustness_lab\nlab = await robustness_lab()")
    with shared_kernel() as running:
        for _ in range(2):
            assert picture(running, cell).startswith("protected server: Bob's round trips: median ")
        assert running.ask("from wslearn import cells; print(len(cells._running))") == "0"
