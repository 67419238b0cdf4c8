"""The heartbeat lab with the phones of a class: who is silent, when the server notices, and who is back.

Times are judged from below, and above with patience.
"""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
from matplotlib.collections import PolyCollection
from phones_of_tests import phone
from support import closed_with, hear, tell, until

from wslearn.classroom import ClassServers, hindered
from wslearn.network import SimulatedNetwork
from wslearn.widgets import heartbeat_phones
from wslearn.widgets.heartbeat import HeartbeatLab, heartbeat_lab
from wslearn.widgets.heartbeat_phones import Absence, PhonesHeartbeatLab, Pulse


@pytest.fixture
async def board():
    async with ClassServers("127.0.0.1") as board:
        yield board


@asynccontextmanager
async def running(board: ClassServers, *names: str, timeout: float = 3.0):
    """Run a lab, and wait until everybody has answered. No machine should be held up for as long as `timeout`."""
    lab = PhonesHeartbeatLab(board)
    lab.interval.value, lab.timeout.value = 0.5, timeout
    lab.run.click()
    try:
        await until(lambda: {person.name for person, pulse in lab.pulses.items() if pulse.pongs} >= set(names))
        yield lab
    finally:
        async with asyncio.timeout(30):
            await lab.task.stop()
        assert lab.task.error is None and board.phones.experiment is None


def pulse(lab: PhonesHeartbeatLab, name: str) -> Pulse:
    return next(pulse for person, pulse in lab.pulses.items() if person.name == name)


async def test_everybody_is_pinged_again_and_again(board):
    async with phone(board, "Ann"), phone(board, "Bob"), running(board, "Ann", "Bob") as lab:
        await until(lambda: all(len(pulse.pongs) >= 3 for pulse in lab.pulses.values()))
        for one in lab.pulses.values():
            assert len(one.pongs) <= one.pongs[-1] / 0.5 and one.absences == [] and one.state == "alive"
        assert lab.verdict().startswith("2 alive, 0 dead, 0 left; half of the last round trips took ")
        assert lab.verdict().endswith(" ms or less. No phone was silent for too long.")


async def test_a_phone_in_airplane_mode_is_found_and_dropped_and_comes_back(board):
    """Its network becomes a black hole: no close frame, no pong."""
    session = "e" * 32
    async with phone(board, "Ann"), SimulatedNetwork(f"http://127.0.0.1:{board.phones.port}") as net:
        # The phone reaches the class through the network; its page would do the same.
        direct, board.phones.port = board.phones.port, net.port
        try:
            async with phone(board, "Zoe", session) as zoe:
                async with running(board, "Ann", "Zoe") as lab:
                    net.silence()
                    await until(lambda: pulse(lab, "Zoe").absences)
                    found = pulse(lab, "Zoe").absences[0]
                    assert found.waited is not None and not found.into and pulse(lab, "Zoe").state == "dead"
                    assert found.waited > 2.9  # the timeout, and a part of the interval
                    await until(lambda: [person.name for person in lab.phones.people] == ["Ann"])
                    assert lab.verdict().startswith("1 alive, 1 dead, 0 left;")
                    assert re.search(
                        r"the server noticed Zoe \d+\.\d\d s after its last pong \(theory: at most 3\.5 s\), "
                        r"and it is not back yet\.$",
                        lab.verdict(),
                    )
                    board.phones.port = direct
                    net.heal()
                    async with phone(board, None, session) as back:
                        assert back.welcome["name"] == "Zoe"
                        await until(lambda: found.ended is not None and pulse(lab, "Zoe").pongs[-1] > found.ended)
                        assert pulse(lab, "Zoe").state == "alive" and len(pulse(lab, "Zoe").absences) == 1
                        assert re.search(r", and it was back \d+\.\d s later\.$", lab.verdict())
                    await closed_with(zoe)
                assert pulse(lab, "Ann").absences == []
        finally:
            board.phones.port = direct


async def test_a_phone_in_a_tunnel_is_found_at_once_and_dropped_when_it_is_out(board, monkeypatch):
    monkeypatch.setattr(hindered, "TUNNEL", 1000.0)
    async with phone(board, "Ann"), phone(board, "Bob") as bob, running(board, "Ann", "Bob") as lab:
        await tell(bob, type="volunteer", **{"as": "tunnel"})
        assert (await hear(bob, "volunteer"))["as"] == "tunnel"
        await until(lambda: pulse(lab, "Bob").absences)
        found = pulse(lab, "Bob").absences[0]
        assert found.into and found.waited > 2.9
        assert "Bob" in [person.name for person in lab.phones.people]  # nothing reaches it now
        board.phones.phones[lab.noticed[0]].hinder(None)  # as its timer would
        assert (await hear(bob, "volunteer"))["as"] is None  # out of the tunnel
        await closed_with(bob)
        pattern = r"the server noticed Bob \d\.\d\d s after it went into the tunnel \(theory: 3 to 3\.5 s\), "
        assert re.search(pattern, lab.verdict())


async def test_a_tunnel_that_is_shorter_than_the_timeout_is_not_noticed(board, monkeypatch):
    monkeypatch.setattr(hindered, "TUNNEL", 0.7)
    async with phone(board, "Bob") as bob, running(board, "Bob", timeout=5.0) as lab:
        await tell(bob, type="volunteer", **{"as": "tunnel"})
        await hear(bob, "volunteer")
        assert (await hear(bob, "volunteer"))["as"] is None
        out = lab.elapsed()
        await until(lambda: pulse(lab, "Bob").pongs[-1] > out)
        assert pulse(lab, "Bob").absences == [] and lab.noticed is None


async def test_who_leaves_is_not_dead_and_who_comes_late_is_pinged_too(board):
    session = "e" * 32
    async with phone(board, "Ann"), running(board, "Ann") as lab:
        async with phone(board, "Zoe", session):
            await until(lambda: [one for person, one in lab.pulses.items() if person.name == "Zoe" and one.pongs])
        await until(lambda: pulse(lab, "Zoe").state == "left")
        assert pulse(lab, "Zoe").absences[0].waited is None and lab.noticed is None
        assert lab.verdict().startswith("1 alive, 0 dead, 1 left;")
        async with phone(board, None, session):
            await until(lambda: pulse(lab, "Zoe").state == "alive")


async def test_the_sliders_count_from_the_next_ping_on(board):
    async with phone(board, "Ann"), running(board, "Ann") as lab:
        lab.interval.value = 2.0
        moved, seen = lab.elapsed(), len(pulse(lab, "Ann").pongs)
        await until(lambda: len(pulse(lab, "Ann").pongs) >= seen + 3)  # the first was on its way, and two take 2 s each
        assert pulse(lab, "Ann").pongs[seen + 2] - moved > 3.9


async def test_the_first_run_with_rehearsed_phones_leaves_a_picture_and_nothing_that_runs(board, monkeypatch):
    monkeypatch.setattr(heartbeat_phones, "FIRST", 1.6)
    await board.rehearse(30)
    await until(lambda: len(board.people) == 30)
    before = asyncio.all_tasks()
    lab = await heartbeat_lab(phones=board)
    assert isinstance(lab, PhonesHeartbeatLab) and lab.task.error is None and not lab.task.running
    assert len(lab.pulses) == 30 and sum(bool(pulse.pongs) for pulse in lab.pulses.values()) >= 25
    assert re.match(r"\d+ alive, ", lab.picture.text) and board.phones.experiment is None
    await until(lambda: {one for one in asyncio.all_tasks() - before if "_watch" in repr(one)} == set())
    assert "switch on airplane mode" in lab.panel.children[1].children[0].value


async def test_nobody_is_here(board, monkeypatch):
    monkeypatch.setattr(heartbeat_phones, "FIRST", 0.2)
    lab = await heartbeat_lab(board)
    assert lab.picture.text == "Nobody has joined yet: scan the code on the board." and lab.task.error is None


async def test_without_phones_it_is_the_lab_that_it_was():
    lab = await heartbeat_lab()
    assert isinstance(lab, HeartbeatLab) and lab.task.error is None


@pytest.mark.parametrize("count", [5, 30, 200])
def test_the_picture_names_everybody_and_shows_the_dead_first(count):
    lab = PhonesHeartbeatLab(ClassServers("127.0.0.1"))
    lab.seconds, lab.began = 60.0, 0.0  # a run that is over
    for number in range(count):
        person = lab.board.room.join(f"{number:032x}", f"student {number}")
        lab.pulses[person] = Pulse([number / count + second for second in range(60)], trip=0.02)
    last = lab.pulses[person]
    last.missing.append(31.0)
    last.absences += [Absence(31.0, 35.0, waited=1.2), Absence(50.0)]
    lab.noticed = person, last.absences[0], "at most 2 s"
    drawn, text = lab.figure()
    shown = [text.get_text() for text in drawn.axes[0].texts]
    assert shown[0] == f"student {count - 1}" and sorted(shown) == sorted(f"student {n}" for n in range(count))
    assert text.startswith(f"{count - 1} alive, 0 dead, 1 left; half of the last round trips took 20 ms or less; ")
    assert text.endswith("1.20 s after its last pong (theory: at most 2 s), and it was back 4.0 s later.")
    (bars,) = [one for one in drawn.axes[0].collections if isinstance(one, PolyCollection)]
    assert len(bars.get_paths()) == 1  # left is not dead
