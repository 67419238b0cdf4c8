"""axe-core finds nothing on the class's board and its dialogs."""

import re

import pytest
from class_pages import CHOICES, QUESTION
from pages import button, expect
from test_axe import violations
from test_board import fill, names, open_board

from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(page, theme):
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    async with ClassServers("127.0.0.1") as board:
        people = fill(board, 30)
        people[1].state, people[2].state, people[3].volunteer = "slow", "away", "tunnel"
        await board.ask(QUESTION, CHOICES)
        board.room.vote(people[0], "p1", 0)
        board.room.write(people[0], "Hello!", None)
        board.show()
        await open_board(page, board)
        await expect(names(page)).to_have_count(30)
        await expect(page.locator("#people path").first).to_have_attribute("d", re.compile("z$"))
        assert await violations(page) == []
        await button(page, "Ask …").click()
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await names(page).first.click()
        assert await violations(page) == []
