"""The phone's page of a class, in Chromium: join, vote, the wall, volunteers, people who use a keyboard."""

import re

import pytest
import pytest_asyncio
from class_pages import (
    CHOICES,
    MARKUP,
    QUESTION,
    RIGHT_TO_LEFT,
    choice,
    join,
    leave,
    open_phone,
    phones_url,
    program,
    votes,
)
from pages import button, expect
from support import until

from wslearn.classroom import hindered
from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def leaving(page, problems):
    """Leave the class before anybody looks for problems on the page."""
    yield
    await leave(page, problems)


def tab(page, name):
    return page.get_by_role("tab", name=name)


async def test_joins_in_two_taps_with_a_friendly_name(page):
    async with ClassServers("127.0.0.1") as board:
        await open_phone(page, phones_url(board))
        name = await page.get_by_label("Your name").input_value()
        assert re.fullmatch("[a-z]+ [a-z]+", name)
        await button(page, "Join").click()
        await expect(page.locator("#me")).to_have_text(name)
        await expect(page.locator("#trip")).to_have_text(re.compile(r"^\d+ ms$"))
        assert [person.name for person in board.people] == [name]


async def test_a_name_that_is_taken_becomes_another_one_and_the_page_says_so(page):
    async with ClassServers("127.0.0.1") as board, program(board, name="Ann"):
        await join(page, phones_url(board), "Ann")
        await expect(page.locator("#me")).to_have_text("Ann 2")
        await expect(page.locator("#news")).to_have_text(
            "Somebody is called Ann already, or the name can't be used. You are Ann 2."
        )


async def test_another_name_later(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        await tab(page, "More").click()
        await page.get_by_label("New name").fill("Dora")
        await button(page, "Change").click()
        await expect(page.locator("#me")).to_have_text("Dora")
        await expect(page.locator("#news")).to_have_text("You are Dora now.")


async def test_a_vote_is_marked_can_be_changed_and_the_results_come_when_they_are_shown(page):
    async with ClassServers("127.0.0.1") as board, program(board):
        await join(page, phones_url(board))
        await expect(page.locator("#question")).to_have_text("No question yet")
        await board.ask(QUESTION, CHOICES)
        await expect(page.locator("#question")).to_have_text(QUESTION)
        await expect(page.locator("#aloud")).to_have_text(f"New question: {QUESTION}")
        await choice(page, 0).click()
        await expect(page.locator("#vote-note")).to_have_text("Counted. You can still change it.")
        assert votes(board) == [1, 0, 0]
        await choice(page, 1).click()
        await expect(choice(page, 1)).to_have_attribute("aria-pressed", "true")
        await expect(choice(page, 0)).to_have_attribute("aria-pressed", "false")
        await until(lambda: votes(board) == [0, 1, 0])
        await expect(choice(page, 1).locator(".mine")).to_have_text("✓ your vote")
        assert await page.locator(".count:not(:empty)").count() == 0
        board.show()
        await expect(choice(page, 1).locator(".count")).to_have_text("1 · 100 %")
        board.close()
        await expect(page.locator("#vote-note")).to_have_text("The poll is closed. You have voted.")
        await choice(page, 2).click(force=True)
        board.hide()
        await expect(choice(page, 1).locator(".count")).to_be_empty()
        await expect(page.locator("#aloud")).to_have_text("The poll is closed.")
        assert votes(board) == [0, 1, 0]


async def test_a_new_question_is_shown_unless_somebody_is_typing(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board))
        await tab(page, "More").click()
        await board.ask(QUESTION, CHOICES)
        await expect(page.locator("#vote")).to_be_visible()
        await tab(page, "Wall").click()
        await page.get_by_label("Message to the wall").fill("Wh")
        await board.ask("Another one?", CHOICES)
        await expect(tab(page, "Vote")).to_have_attribute("data-news", "")
        await expect(page.locator("#wall")).to_be_visible()
        await tab(page, "Vote").click()
        await expect(page.locator("#question")).to_have_text("Another one?")


async def test_the_wall_and_the_reactions(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        await tab(page, "Wall").click()
        await page.get_by_label("Message to the wall").fill("Why is that?")
        await button(page, "Send").click()
        await expect(page.get_by_role("log").get_by_role("listitem")).to_have_text(["Ann: Why is that?"])
        await expect(page.get_by_label("Message to the wall")).to_be_empty()
        await button(page, "React with 👍").click()
        await until(lambda: board.room.reactions == {"👍": 1})
        await expect(page.locator("#news")).to_have_text("Sent 👍")


async def test_what_others_write_is_text_and_turns_nothing_around(page):
    async with ClassServers("127.0.0.1") as board, program(board, name=MARKUP):
        for name, text in ((RIGHT_TO_LEFT, MARKUP), ("Bob", RIGHT_TO_LEFT)):
            board.room.write(board.room.join(name.encode().hex().ljust(32, "0")[:32], name), text, None)
        await join(page, phones_url(board), "<i>Ann</i>")
        await board.ask(MARKUP, [MARKUP, RIGHT_TO_LEFT])
        await expect(page.locator("#question")).to_have_text(MARKUP)
        await expect(choice(page, 0)).to_have_text(MARKUP)
        await expect(page.locator("#me bdi")).to_have_text("<i>Ann</i>")
        await tab(page, "Wall").click()
        await expect(page.locator("#messages li").first).to_have_text(f"{RIGHT_TO_LEFT}: {MARKUP}")
        assert await page.locator("#messages bdi").count() == 4
        assert await page.locator("main :is(b, i, img, script)").count() == 0


async def test_volunteers(page, monkeypatch):
    monkeypatch.setattr(hindered, "TUNNEL", 1000.0)
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board))
        await board.ask(QUESTION, CHOICES)
        await expect(choice(page, 0)).to_be_visible()
        await tab(page, "More").click()
        slow, tunnel = page.locator("[data-as=slow-client]"), page.locator("[data-as=tunnel]")
        await slow.click()
        await until(lambda: board.people[0].volunteer == "slow-client")
        await expect(slow).to_have_attribute("aria-checked", "true")
        await slow.click()
        await until(lambda: board.people[0].volunteer is None)
        await tunnel.click()
        await expect(page.locator("#news")).to_have_text("You are in the tunnel for 1000 seconds.")
        await tab(page, "Vote").click()
        await choice(page, 2).click()
        await expect(page.locator("#vote-note")).to_have_text("Sending your vote.")
        board.phones.phones[board.people[0]].hinder(None)  # as its timer would
        await expect(page.locator("#vote-note")).to_have_text("Counted. You can still change it.")
        await expect(page.locator("#news")).to_have_text("You are out of the tunnel.")
        await expect(tunnel).to_have_attribute("aria-checked", "false")
        assert votes(board) == [0, 0, 1]


async def test_who_was_removed_is_told_and_does_not_come_back(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Mallory")
        board.remove("Mallory")
        await expect(page.get_by_role("heading", name="You were removed")).to_be_focused()
        await expect(page.locator("footer")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#state")).to_have_text("Not connected yet")
        await button(page, "Join").click()
        await expect(page.get_by_role("heading", name="You were removed")).to_be_visible()
        assert board.people == []


async def test_a_class_that_is_over_and_one_with_another_code(page, problems):
    board = await ClassServers("127.0.0.1").start()
    port = board.phones.port
    await join(page, phones_url(board))
    await board.stop()
    await expect(page.locator("#state")).to_have_text(re.compile("^Offline. Trying again in \\d+ s$"))
    async with ClassServers("127.0.0.1", port, code="another"):
        await expect(page.get_by_role("heading", name="The code isn't valid")).to_be_visible()
        await expect(page.locator("#state")).to_have_text("Not connected")
        await page.goto("about:blank")
        problems[:] = [one for one in problems if "status of 404" not in one]  # the page has asked whether it is there
