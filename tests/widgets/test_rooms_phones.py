"""The rooms lab with the phones of a class: placed or chosen rooms, and messages that reach one room only."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from phones_of_tests import phone
from support import hear, tell, until

from wslearn.classroom import ClassServers
from wslearn.widgets import rooms_phones
from wslearn.widgets.rooms import ROOMS, RoomsLab, rooms_lab
from wslearn.widgets.rooms_phones import PhonesRoomsLab

NAMES = ("Ann", "Bob", "Carl", "Dora", "Zoe")


@pytest.fixture
async def board():
    async with ClassServers("127.0.0.1") as board:
        yield board


@pytest.fixture
async def five(board):
    """Five phones, which are programs: by name, in the order of their arrival."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(phone(board, name)) for name in NAMES}


@pytest.fixture
async def lab(board, five):
    """A lab that runs with five phones, each of which knows its room."""
    lab = PhonesRoomsLab(board)
    lab.run.click()
    await until(lambda: board.phones.experiment and len(lab.phones.rooms) == 5)
    yield lab
    lab.cancel.click()
    async with asyncio.timeout(30):
        await lab.task.stop()
    assert lab.task.error is None and board.phones.experiment is None


def rooms(lab: PhonesRoomsLab) -> dict[str, list[str]]:
    return {room: [face.name for face in faces] for room, faces in lab.rooms().items()}


def does(lab: PhonesRoomsLab) -> dict[str, str]:
    return {face.name: face.does for faces in lab.rooms().values() for face in faces if face.does}


async def answer(ws) -> str:
    """Answer the next delivery, and return its text."""
    message = await hear(ws, "delivery")
    await tell(ws, type="got", number=message["number"])
    return message["message"]


async def nothing_more(ws) -> list[dict]:
    """Return what has come before the answer to a ping, without the states of the class."""
    await tell(ws, type="ping")
    found = []
    while (message := await hear(ws))["type"] != "pong":
        found.append(message)
    return [message for message in found if message["type"] == "delivery"]


async def test_phones_are_placed_and_a_message_reaches_one_room_only(lab, five):
    assert rooms(lab) == {"tea": ["Ann", "Dora"], "coffee": ["Bob", "Zoe"], "library": ["Carl"]}
    for name, ws in five.items():
        while (shown := (await hear(ws, "experiment"))["room"]) is None:
            pass
        assert name in rooms(lab)[shown]
    lab.room.value, lab.words.value = "coffee", "good morning"
    lab.send.click()
    assert await answer(five["Bob"]) == "good morning"
    await until(lambda: does(lab) == {"Bob": "has it", "Zoe": "waits"})
    assert await answer(five["Zoe"]) == "good morning"
    await until(lambda: "2 of the 2 phones have answered" in lab.picture.text)
    assert "The server sent “good morning” to coffee: 1 message in, 2 out." in lab.picture.text
    assert "Nobody else was sent it (3 phones). Now tea: 2, coffee: 2, library: 1." in lab.picture.text
    for name in ("Ann", "Carl", "Dora"):
        assert await nothing_more(five[name]) == []


async def test_who_says_hi_is_received_by_the_own_room_the_sender_included(lab, five):
    await tell(five["Dora"], type="say-hi")
    assert await answer(five["Ann"]) == await answer(five["Dora"]) == "Dora: hi"
    await until(lambda: does(lab) == {"Ann": "has it", "Dora": "sends"})
    await until(lambda: "Dora sent “hi” to tea: 1 message in, 2 out." in lab.picture.text)
    for name in ("Bob", "Carl", "Zoe"):
        assert await nothing_more(five[name]) == []


async def test_people_choose_their_room_by_pressing(lab, board, five):
    lab.choose.click()
    await until(lambda: board.room.poll)
    for name in ("Ann", "Bob", "Carl"):
        poll = await hear(five[name], "poll")
        assert poll["choices"] == list(ROOMS)
        await tell(five[name], type="vote", poll=poll["poll"], choice=2, id="1")
    await until(lambda: rooms(lab)["library"] == ["Ann", "Bob", "Carl"])
    assert rooms(lab) == {"tea": ["Dora"], "coffee": ["Zoe"], "library": ["Ann", "Bob", "Carl"]}
    while (await hear(five["Ann"], "experiment"))["room"] != "library":
        pass
    await tell(five["Ann"], type="vote", poll=poll["poll"], choice=0, id="2")
    await until(lambda: rooms(lab)["tea"] == ["Ann", "Dora"])
    lab.mix.click()  # ends it: whoever presses now presses in vain
    await until(lambda: board.room.poll is None and sorted(map(len, rooms(lab).values())) == [1, 2, 2])
    await board.ask("Tea?", ["yes", "no"])
    before = rooms(lab)
    await tell(five["Zoe"], type="vote", poll="p2", choice=1, id="3")
    await until(lambda: board.results()["no"] == 1)
    lab._seat()
    assert rooms(lab) == before  # another poll is no choice of a room


async def test_who_comes_gets_a_room_and_who_comes_back_has_the_same(lab, board, five):
    session = "e" * 32
    async with phone(board, "Mallory", session):
        await until(lambda: "Mallory" in rooms(lab)["library"])  # where the fewest are
        await until(lambda: lab.picture.text.endswith("Now tea: 2, coffee: 2, library: 2."))
    await until(lambda: rooms(lab)["library"] == ["Carl"])
    await until(lambda: lab.picture.text.endswith("Now tea: 2, coffee: 2, library: 1."))
    async with phone(board, None, session) as back:
        assert (await hear(back, "experiment"))["room"] == "library"
        await until(lambda: rooms(lab)["library"] == ["Carl", "Mallory"])


async def test_cancel_ends_the_experiment_and_its_poll_and_forgets_the_class(lab, board, five):
    lab.choose.click()
    await until(lambda: board.room.poll)
    lab.cancel.click()
    await until(lambda: not lab.task.running)
    assert board.phones.experiment is None and board.room.poll is None
    assert lab._changed_in_class not in board.room.on_change
    await hear(five["Ann"], "no-experiment")
    lab.run.click()
    await until(lambda: lab.task.running and board.phones.experiment)
    await board.ask("Tea?", ["yes", "no"])
    lab.cancel.click()
    await until(lambda: not lab.task.running)
    assert board.room.poll.question == "Tea?"  # somebody else's stays


async def test_a_greeting_does_not_take_the_place_of_the_instructors_message_at_once(lab, five, monkeypatch):
    lab.send.click()
    assert await answer(five["Ann"]) == await answer(five["Dora"]) == "hi"
    await tell(five["Bob"], type="say-hi")
    assert await answer(five["Zoe"]) == "Bob: hi"  # it is delivered all the same
    assert lab.sender is None and lab.sent_to == "tea"
    monkeypatch.setattr(lab, "_shown_until", 0.0)
    await tell(five["Bob"], type="say-hi")
    await until(lambda: does(lab).get("Bob") == "sends")


async def test_a_flood_of_greetings_is_cut(lab, board, five, monkeypatch):
    sent = []
    monkeypatch.setattr(lab, "_send", lambda *message: sent.append(message))
    for _ in range(500):
        lab._greet("Ann")
        lab._greet("nobody")
    assert rooms_phones.AT_ONCE <= len(sent) <= rooms_phones.AT_ONCE + 5
    assert {(words, room, sender.name) for words, room, sender in sent} == {("hi", "tea", "Ann")}


async def test_the_first_run_leaves_a_picture_and_nothing_that_runs(board):
    await board.rehearse(30)
    await until(lambda: len(board.people) == 30)
    lab = await rooms_lab(phones=board)
    assert isinstance(lab, PhonesRoomsLab) and lab.task.error is None and not lab.task.running
    assert "The server sent “hi” to tea: 1 message in, 10 out. " in lab.picture.text
    assert lab.picture.text.endswith("Nobody else was sent it (20 phones). Now tea: 10, coffee: 10, library: 10.")
    assert board.phones.experiment is None and lab.send.disabled
    assert lab.send in lab._acts.children and "press “Say hi”" in str(lab.panel.children[1].children[0].value)


async def test_nobody_is_here_and_then_somebody(board):
    lab = await rooms_lab(board)
    assert lab.picture.text == "Nobody has joined yet: scan the code on the board."
    lab.run.click()
    await until(lambda: board.phones.experiment)
    async with phone(board, "Ann"):
        await until(lambda: lab.picture.text == "Now tea: 1, coffee: 0, library: 0.")
    await lab.task.stop()


async def test_two_experiments_at_once_are_refused_in_words(board):
    async with board.experiment("Heartbeat"):
        lab = await rooms_lab(board)
        assert "the class is in an experiment, which has to end first: Heartbeat" in lab.status.value
    lab.run.click()
    await until(lambda: board.phones.experiment)
    await lab.task.stop()


async def test_without_phones_it_is_the_lab_that_it_was():
    lab = await rooms_lab()
    assert isinstance(lab, RoomsLab) and lab.task.error is None
