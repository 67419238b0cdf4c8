"""The phone's page of a class for everybody: keyboard, screen reader, every size of a screen, both themes."""

import pytest
import pytest_asyncio
from class_pages import CHOICES, QUESTION, choice, join, leave, open_phone, phones_url, program, votes
from pages import button, comes, expect
from support import until
from test_axe import violations
from test_phone import tab

from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def leaving(page, problems):
    """Leave the class before anybody looks for problems on the page."""
    yield
    await leave(page, problems)


async def test_the_keyboard_is_enough(page):
    async with ClassServers("127.0.0.1") as board:
        await open_phone(page, phones_url(board))
        press = page.keyboard.press
        await press("Tab")
        await expect(page.get_by_label("Your name")).to_be_focused()
        await page.keyboard.type("Ann")
        await press("Enter")
        await expect(page.locator("#question")).to_be_focused()
        await board.ask(QUESTION, CHOICES)
        await expect(page.locator("#choices button")).to_have_count(3)
        for index in range(3):
            await press("Tab")
            await expect(choice(page, index)).to_be_focused()
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await press("Enter")
        await until(lambda: votes(board) == [0, 0, 1])
        await expect(choice(page, 2)).to_be_focused()  # what arrives does not take the focus away
        for _ in await page.locator("#reactions button").all():
            await press("Tab")
        await press("Tab")
        await expect(tab(page, "Vote")).to_be_focused()
        await press("ArrowRight")
        await expect(tab(page, "Wall")).to_be_focused()
        await expect(page.locator("#wall")).to_be_visible()
        await press("End")
        await expect(tab(page, "More")).to_be_focused()
        await press("ArrowRight")
        await expect(tab(page, "Vote")).to_be_focused()


SIZES = """els => els.map(el => {
    const { width, height, bottom } = el.getBoundingClientRect()
    return [el.textContent, width, height, bottom]
})"""


@pytest.mark.parametrize("width,height", [(320, 568), (390, 844), (844, 390)])
async def test_every_size_shows_all_without_scrolling_sideways_and_a_thumb_hits_it(page, width, height):
    async with ClassServers("127.0.0.1") as board:
        await board.ask(QUESTION * 3, ["x" * 100, *CHOICES])
        await open_phone(page, phones_url(board))
        await page.set_viewport_size({"width": width, "height": height})
        edge = "el => el.getBoundingClientRect().bottom"
        await comes(lambda: button(page, "Join").evaluate(edge), lambda bottom: height - 60 < bottom <= height)
        await button(page, "Join").click()
        await expect(choice(page, 3)).to_be_attached()
        for part in ("Vote", "Wall", "More"):
            await tab(page, part).click()
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
            for text, wide, high, _ in await page.locator("button:visible, input:visible").evaluate_all(SIZES):
                assert wide >= 44 and high >= 44, text
        assert (await tab(page, "Vote").evaluate_all(SIZES))[0][3] > height - 10


async def test_a_full_wall_scrolls_and_its_page_does_not_and_an_empty_one_is_written_on_at_the_same_place(page):
    async with ClassServers("127.0.0.1") as board, program(board, name="Bob"):
        await join(page, phones_url(board))
        await tab(page, "Wall").click()
        top = "el => el.getBoundingClientRect().top"
        empty = await page.get_by_label("Message to the wall").evaluate(top)
        for number in range(20):
            board.room.write(board.people[0], f"{number} " * 20, None)
        await expect(page.locator("#messages li")).to_have_count(20)
        assert await page.locator("#log").evaluate("el => el.scrollHeight - el.clientHeight") > 300
        assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
        assert await page.get_by_label("Message to the wall").evaluate(top) == empty


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(page, theme):
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    async with ClassServers("127.0.0.1") as board, program(board, name="Bob"):
        await open_phone(page, phones_url(board))
        assert await violations(page) == []
        await button(page, "Join").click()
        await expect(page.locator("#state")).to_have_text("Connected")
        await board.ask(QUESTION, CHOICES)
        board.room.write(board.people[0], "Hello!", None)
        await choice(page, 1).click()
        await expect(page.locator("#vote-note")).to_have_text("Counted. You can still change it.")
        board.show()
        await expect(choice(page, 1).locator(".count")).to_have_text("1 · 100 %")
        for part in ("Vote", "Wall", "More"):
            await tab(page, part).click()
            assert await violations(page) == [], part
        board.close()
        await tab(page, "Vote").click()
        await expect(page.locator("#vote-note")).to_have_text("The poll is closed. You have voted.")
        assert await violations(page) == []
        board.remove(await page.locator("#me").inner_text())
        await expect(page.locator("#over")).to_be_visible()
        assert await violations(page) == []
