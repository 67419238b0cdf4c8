"""The fan-out and the robustness lab with the phones of a class: rehearsed ones, of which the first is slow."""

import asyncio
from time import perf_counter

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import picture
from phones_of_tests import phone
from support import until

from wslearn.classroom import ClassServers, hindered, rehearsal
from wslearn.classroom.delivery import Delivery
from wslearn.widgets import broadcast_phones, robustness_phones
from wslearn.widgets.broadcast_phones import PhonesFanOutLab
from wslearn.widgets.phones import NOBODY
from wslearn.widgets.robustness_phones import LIMIT, PhonesRobustnessLab


@pytest.fixture
async def board(monkeypatch):
    """A class whose rehearsed phones only answer, and whose slow clients are less slow."""
    for module in (broadcast_phones, robustness_phones):
        monkeypatch.setattr(module, "RUN", 4.0)
        monkeypatch.setattr(module, "FIRST", 0.3)
    monkeypatch.setattr(rehearsal, "REMARK", 1e6)
    monkeypatch.setattr(hindered, "REST", 1.5)
    before = asyncio.all_tasks()
    async with ClassServers("127.0.0.1") as board:
        yield board
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


async def people(board, count: int):
    """Let phones join: return who is slow, and the others."""
    await board.rehearse(count)
    await until(lambda: len(board.phones.phones) == count and any(one.volunteer for one in board.people))
    (slow,) = [one for one in board.people if one.volunteer]
    return slow, [one for one in board.people if one is not slow]


async def run(lab) -> None:
    lab.run.click()
    async with asyncio.timeout(60):
        await lab.task.ended()
    assert lab.task.error is None


async def test_in_the_loop_everybody_waits_for_the_slow_phone_and_with_fan_out_nobody(board):
    slow, others = await people(board, 4)
    lab = PhonesFanOutLab(board)
    await run(lab)
    assert lab.lanes().keys() == {slow, *others} and lab.others().keys() == set(others) and lab.due() == 17
    in_loop, waited = lab.answered(), min(lab.longest(lane) for lane in lab.others().values())
    assert in_loop <= 4 and waited >= 1.4
    assert lab.picture.text.startswith("awaited loop: 17 messages were due")
    assert f"{len(others)} of {len(others)} other phones answered, half of" in lab.picture.text
    assert f"Slow: {slow.name}." in lab.picture.text

    lab.sent_with.value = "fan_out"
    await run(lab)
    assert lab.answered() > 2 * in_loop
    assert len(lab.lanes()[slow].arrivals) < len(lab.lanes()[others[0]].arrivals)
    assert "were replaced by a newer one before a slow phone took them." in lab.picture.text
    assert [row[:2] for row in lab.rows] == [("awaited loop", slow.name), ("fan_out", slow.name)]
    assert board.phones.experiment is None


async def test_the_naive_server_makes_all_wait_and_the_protected_one_drops_the_slow_phone_which_comes_back(board):
    slow, _ = await people(board, 4)
    lab = PhonesRobustnessLab(board)
    lab.server_kind.value = "naive"
    await run(lab)
    assert lab.answered() <= 4 and lab.phones.dropped == [] and max(unsent for _, unsent in lab.unsent) == 0

    lab.server_kind.value = "protected"
    robustness_phones.RUN = 12.0  # the fixture sets it back
    await run(lab)
    assert lab.answered() > 8
    (at, dropped), *_ = lab.phones.dropped
    assert dropped.person is slow and at - lab.start < lab.back[0] < 12
    # What may go at once is written without a look: only when a message has to wait is the phone dropped.
    most = max(unsent for _, unsent in lab.unsent)
    assert LIMIT - 100 < most < LIMIT + 200
    assert "Slow phones were dropped" in lab.picture.text
    assert [row[0] for row in lab.rows] == ["naive", "protected"]


async def test_phones_that_the_loop_has_not_reached_are_said_to_have_no_answer(board):
    slow, others = await people(board, 4)
    lab = PhonesFanOutLab(board)
    lab.per_second, lab.seconds, lab.slow, lab.start, lab.began = 4, 2.0, {slow: None}, 0.0, perf_counter() - 2.0
    async with board.experiment("Fan-out") as lab.phones:
        lab.deliveries = [Delivery(1, "hello", [others[0], slow, *others[1:]], 0.0)]
        assert lab.words() == "No phone has answered yet."
        lab.deliveries[0].seconds[others[0]] = 0.5
        words = lab.words()
    assert words.startswith(f"9 messages were due. 1 of {len(others)} other phones answered, half of them 1 or more.")


async def test_nobody_has_joined_and_then_somebody_does(board):
    lab = PhonesFanOutLab(board)
    await run(lab)
    assert lab.picture.text == f"awaited loop: {NOBODY}"
    assert lab.rows[-1][1:] == ("nobody", "0 of 17", "no answer", "no answer")
    lab.run.click()
    await until(lambda: board.phones.experiment is not None)
    async with phone(board, "Zoe"):  # it never answers
        await until(lambda: [one.name for one in lab.lanes()] == ["Zoe"])
        async with asyncio.timeout(60):
            await lab.task.ended()
    assert lab.task.error is None


async def test_two_dashboards_at_once_are_an_error_that_says_so(board):
    first, second = PhonesFanOutLab(board), PhonesRobustnessLab(board)
    first.run.click()
    await until(lambda: board.phones.experiment is not None)
    second.run.click()
    async with asyncio.timeout(60):
        await second.task.ended()
    assert "has to end first: Who waits for a slow phone?" in str(second.task.error)
    first.cancel.click()
    async with asyncio.timeout(30):
        await first.task.ended()
    assert board.phones.experiment is None


def test_their_cells_leave_a_picture_and_may_run_again(shared_kernel):
    begin = "from wslearn.widgets.classroom import classroom\nboard = await classroom('127.0.0.1', rehearse=3)"
    labs = {
        "wslearn.widgets.broadcast import fan_out_lab": "awaited loop: ",
        "wslearn.widgets.robustness import robustness_lab": "protected server: ",
    }
    with shared_kernel() as running:
        running.ask(begin)
        for source, words in labs.items():
            cell = new_code_cell(f"from {source}\nlab = await {source.split()[-1]}(phones=board)")
            for _ in range(2):
                assert picture(running, cell).startswith(words)
        running.ask("await board.stop()")
