"""The rooms lab: real clients, and a picture of what the server told them."""

import asyncio

import pytest
from support import until

from wslearn import cells
from wslearn.widgets import rooms
from wslearn.widgets.rooms import SEATS, RoomsLab, rooms_lab


@pytest.fixture
async def lab():
    """A lab that runs, with nobody's hand on it yet."""
    lab = await rooms_lab()
    lab.run.click()
    await until(lambda: "are open" in lab.status.value)
    yield lab
    lab.cancel.click()
    async with asyncio.timeout(30):
        await lab.task.stop()
    assert lab.task.error is None


async def press(lab: RoomsLab, button, seat: int) -> str:
    """Choose a client, press a button, and return what the picture's line says when it is done."""
    lab.who.value = seat
    before = lab.picture.text, lab.status.value
    button.click()
    await until(lambda: not button.disabled and (lab.picture.text, lab.status.value) != before)
    return lab.picture.text


async def test_the_first_run_leaves_a_picture_and_nothing_that_runs(monkeypatch):
    drawn, real = [], rooms.picture
    monkeypatch.setattr(rooms, "picture", lambda seats, names: drawn.append(seats) or real(seats, names))
    lab = await rooms_lab()
    assert lab.task.error is None
    assert (
        "guest-2 sent “hi” to tea, received by guest-1, guest-2, guest-3 (sender included): 1 message in, 3 out."
        in lab.picture.text
    )
    assert lab.picture.text.endswith("Now coffee: guest-4; tea: guest-1, guest-2, guest-3.")
    (seats,) = drawn
    assert [(seat.name, seat.room, seat.gone) for seat in seats[2:]] == [
        ("guest-3", "tea", ""),
        ("guest-4", "coffee", ""),
        ("guest-5", "", "vanished"),
    ]
    assert [seat.name for seat in seats if seat.speaks] == ["guest-2"]
    assert [seat.name for seat in seats if seat.hears] == ["guest-1", "guest-2", "guest-3"]
    assert not lab.task.running and lab.task not in cells._running and lab.server.connections == set()
    assert lab.speak.disabled and lab.vanish.disabled


async def test_who_moves_hears_the_new_room_only(lab):
    assert "guest-3 joined coffee. Now coffee: guest-3, guest-4; library: guest-5; tea: guest-1, guest-2." in (
        await press(lab, lab.join["coffee"], 2)
    )
    assert '"members":["guest-1","guest-2"]' in lab.sent.value.replace("&quot;", '"')
    assert "received by guest-3, guest-4 (sender included): 1 message in, 2 out" in await press(lab, lab.speak, 2)
    assert "to tea, received by guest-1, guest-2 (sender included): 1 message in, 2 out" in await press(
        lab, lab.speak, 0
    )


async def test_who_left_is_in_no_room_and_the_server_says_so(lab):
    assert "guest-4 left coffee. Now library: guest-5; tea: " in await press(lab, lab.leave, 3)
    assert "coffee" not in lab.server.rooms.members
    assert "guest-4 was not in a room" in await press(lab, lab.leave, 3)
    assert "The server responded: join a room first" in await press(lab, lab.speak, 3)
    assert "guest-4 vanished. It was not in a room." in await press(lab, lab.vanish, 3)


async def test_who_vanished_is_cleaned_up_and_comes_back_as_another(lab):
    assert "Its room library was empty, so the server deleted it." in await press(lab, lab.vanish, 4)
    assert "Its room tea now has guest-2, guest-3." in await press(lab, lab.vanish, 0)
    assert len(lab.server.connections) == len(SEATS) - 2
    lab.speak.click()
    await until(lambda: "guest-1 has disconnected" in lab.status.value)
    assert "guest-6 joined library. Now coffee: guest-4; library: guest-6" in await press(lab, lab.join["library"], 0)
    assert [name for name, _ in lab.who.options] == ["guest-6", "guest-2", "guest-3", "guest-4", "guest-5"]


@pytest.mark.parametrize("words", ["", "<b>bold</b> $x_1$ \\frac", "日本語 👋", "x" * 5000])
async def test_any_words_can_be_said(lab, words):
    lab.words.value = words
    assert "received by guest-1, guest-2, guest-3" in await press(lab, lab.speak, 0)
    assert "<b>bold" not in lab.sent.value and "<b>bold" not in lab.status.value


async def test_words_that_are_too_big_cost_the_speaker_its_connection_and_nobody_else(lab):
    lab.words.value = "x" * 70_000
    assert "guest-1 lost its connection: closed with 1009. Now coffee: guest-4; library: guest-5; tea: guest-2" in (
        await press(lab, lab.speak, 0)
    )
    lab.words.value = "hi"
    assert "received by guest-2, guest-3" in await press(lab, lab.speak, 1)


async def test_presses_that_come_at_once_are_done_one_after_the_other(lab):
    for button in (*lab.join.values(), lab.speak, lab.leave):
        button.click()
    await until(lambda: not any(button.disabled for button in (*lab.join.values(), lab.speak, lab.leave)))
    assert lab.room_of("guest-1") == ""
    assert lab.where() == {"coffee": ["guest-4"], "library": ["guest-5"], "tea": ["guest-2", "guest-3"]}


async def test_reset_and_run_again(lab):
    await press(lab, lab.vanish, 2)
    lab.words.value = "something else"
    lab.reset.click()
    await until(lambda: "Done in" in lab.status.value)
    assert (lab.words.value, lab.who.value, lab.who.label) == ("hi", 0, "guest-1")
    lab.run.click()
    lab.run.click()
    await until(lambda: "are open" in lab.status.value)
    assert "tea: guest-1, guest-2, guest-3" in lab.picture.text
    assert len(lab.server.connections) == len(SEATS)
