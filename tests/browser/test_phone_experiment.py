"""An experiment of the class on the phone's page, in Chromium, as small as a phone."""

import asyncio
import re

import pytest
import pytest_asyncio
from class_pages import CHOICES, MARKUP, QUESTION, RIGHT_TO_LEFT, choice, join, leave, phones_url, votes
from dashboards import shot
from pages import PATIENCE, button, expect
from support import until
from test_axe import violations

from wslearn.classroom import hindered
from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOM, TITLE = "#room", "#experiment-title"


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def leaving(page, problems):
    """Leave the class before anybody looks for problems on the page."""
    yield
    await leave(page, problems)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_shows_the_experiment_counts_and_answers_and_goes_back(page, theme):
    await page.emulate_media(color_scheme=theme)
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        await board.ask(QUESTION, CHOICES)
        await expect(page.locator("#experiment")).to_be_hidden()
        async with board.experiment("Who waits for a slow phone?") as phones:
            await expect(page.locator(TITLE)).to_have_text("Who waits for a slow phone?")
            await expect(page.locator("#aloud")).to_contain_text("Experiment: Who waits for a slow phone?")
            await expect(page.get_by_role("tab", name="More")).to_have_attribute("data-news", "")
            seconds = await phones.deliver("Message 1", timeout=PATIENCE)
            assert 0 < seconds["Ann"] < PATIENCE
            await expect(page.locator("#count")).to_have_text("1")
            await expect(page.locator("#delivery")).to_have_text("Message 1")
            assert 0 < await phones.ping("Ann", PATIENCE) < PATIENCE  # the browser's own pong
            await choice(page, 1).click()
            await until(lambda: votes(board) == [0, 1, 0])
            assert await page.evaluate("document.documentElement.scrollWidth") == 320
            assert await violations(page) == []
            await shot(page, f"phone-experiment-{theme}")
        await expect(page.locator("#experiment")).to_be_hidden()


async def test_a_burst_of_messages_is_answered_without_a_flood(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        async with board.experiment("Fan-out") as phones:
            deliveries = [phones.publish(f"Message {number}") for number in range(100)]
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(each.done.wait() for each in deliveries))
            assert all(len(each.seconds) == 1 for each in deliveries)
            await expect(page.locator("#count")).to_have_text("100")
            await expect(page.locator("#state")).to_have_text("Connected")


async def test_rooms_and_greetings(page):
    heard = []
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        async with board.experiment("Rooms") as phones:
            phones.on_message = heard.append
            await expect(button(page, "Say hi")).to_be_hidden()
            phones.place("Ann", "tea")
            await expect(page.locator(ROOM)).to_have_text("You are in room tea")
            await expect(page.locator("#aloud")).to_have_text("You are in room tea.")
            await button(page, "Say hi").click()
            await until(lambda: heard == ["Ann"])
            await expect(page.locator("#news")).to_have_text("You said hi.")
            box = await button(page, "Say hi").bounding_box()
            assert box["height"] >= 44 and box["x"] + box["width"] <= 320
            await shot(page, "phone-experiment-room")
            phones.place("Ann", None)
            await expect(button(page, "Say hi")).to_be_hidden()


async def test_who_is_dropped_comes_back_and_sees_the_experiment_again(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        async with board.experiment("Robustness") as phones:
            await expect(page.locator(TITLE)).to_have_text("Robustness")
            phones.place("Ann", "tea")
            (first,) = board.phones.phones[phones.people[0]].connections
            phones.drop("Ann", "a test")
            await until(lambda: bool(phones.people) and first not in board.phones.connections)
            await expect(page.locator("#state")).to_have_text("Connected")
            await expect(page.locator(ROOM)).to_have_text("You are in room tea")
            assert (await phones.deliver("again", timeout=PATIENCE))["Ann"]
        await expect(page.locator("#experiment")).to_be_hidden()


async def test_who_volunteers_gets_the_newest_message_only(page, monkeypatch):
    monkeypatch.setattr(hindered, "REST", 0.5)
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Sam")
        async with board.experiment("Fan-out") as phones:
            await page.get_by_role("tab", name="More").click()
            await page.get_by_text("I am the slow client").click()
            await until(lambda: phones.people[0].volunteer == "slow-client")
            deliveries = [phones.publish(f"Message {number}") for number in range(9)]
            await expect(page.locator("#delivery")).to_have_text(re.compile("Message [78]"))
            async with asyncio.timeout(PATIENCE):
                await deliveries[-1].done.wait()
            assert len(deliveries[-1].seconds) == 1 and all(each.skipped for each in deliveries[:-2])


async def test_whatever_an_experiment_says_is_text(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        async with board.experiment(MARKUP) as phones:
            phones.place("Ann", RIGHT_TO_LEFT + MARKUP)
            await phones.deliver(MARKUP + "x" * 2000, timeout=PATIENCE)
            await expect(page.locator(TITLE)).to_have_text(MARKUP)
            await expect(page.locator(ROOM)).to_have_text(f"You are in room {RIGHT_TO_LEFT}{MARKUP}")
            assert await page.locator("#experiment :is(i, img, script, #evil)").count() == 0
            assert await page.evaluate("document.documentElement.scrollWidth") == 320
            await expect(page.get_by_role("tab", name="Vote")).to_be_in_viewport()
