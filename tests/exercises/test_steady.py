"""What is held again because the machine stood still, and what is not."""

import time

import pytest
from support import Clock as Now

from wslearn.common import patience
from wslearn.exercises import Exercise
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.steady import TIMES, timed, undisturbed


@pytest.fixture
async def machine(monkeypatch):
    """A machine that stands still for so many seconds in each of the next parts; `part` takes one second more."""
    now, stalls = Now(), []
    monkeypatch.setattr(patience, "monotonic", now)
    clock = patience.Clock(1, float, float)
    patience.shared.set(clock)

    def part(seconds: float = 1) -> None:
        now.now += seconds
        clock.tick()
        now.now += stalls.pop(0) if stalls else 0
        clock.tick()

    part.stalls = stalls
    return part


def talking(machine, *found, takes=1.0):
    """Return a conversation's notes, and a part that finds these one after the other; a text is what is wrong."""
    talk, left = Calls(), list(found)

    async def part():
        talk.tells("Ann", "waits", str(len(found) - len(left)))
        machine(takes)
        if isinstance(one := left.pop(0), str):
            talk.blames(one)
            raise NotYet(one)
        return one

    return talk, part


async def test_on_a_quiet_machine_a_part_is_held_once(machine):
    talk, part = talking(machine, 1, 2)
    assert await undisturbed(talk, part) == 1
    talk, part = talking(machine, "wrong", 2)
    with pytest.raises(NotYet, match="wrong"):
        await undisturbed(talk, part)
    assert [step.what for step in talk.steps] == ["0"]


@pytest.mark.parametrize("first", [1, "late"])
async def test_what_was_found_while_it_stood_still_is_forgotten(machine, first):
    talk, part = talking(machine, first, 2, 3)
    talk.tells("Ann", "connects")
    machine.stalls.append(20)
    assert await undisturbed(talk, part) == 2
    assert [step.what for step in talk.steps] == ["", "1"] and not talk.problems()


async def test_a_machine_that_never_rests_does_not_go_on_forever(machine):
    talk, part = talking(machine, *["late"] * TIMES, 1)
    machine.stalls.extend([20] * TIMES)
    with pytest.raises(NotYet, match="late"):
        await undisturbed(talk, part)
    assert [step.what for step in talk.steps] == [str(TIMES - 1)]


async def test_there_must_be_time_for_one_more(machine):
    talk, part = talking(machine, "late", 2, takes=20)
    patience.shared.set(patience.Clock(100, float, float))
    machine.stalls.append(2000)
    with pytest.raises(NotYet, match="late"):
        await undisturbed(talk, part)


async def test_the_time_in_which_an_answer_blocks_the_loop_counts():
    def blocks():
        end = patience.counted() + 0.3
        while patience.counted() < end:  # for ever, if only the loop counted
            time.sleep(0.01)
        return 5

    @timed
    async def conversation(talk, answer):
        await talk.calls(answer, (), 5)

    assert await Exercise(conversation, hints=("a", "b"), answer="", why="").check(blocks)
    assert conversation.__name__ == "conversation"
