"""What the class measured, on the board and on a phone: marked at its bar, and each phone says whether that was it."""

import json

import pytest
import pytest_asyncio
from class_pages import CHOICES, QUESTION, choice, join, leave, open_phone, phones_url, program
from dashboards import shot
from pages import PATIENCE, button, expect
from support import until
from test_axe import violations
from test_board import fill, open_board

from wslearn.classroom.servers import ClassServers
from wslearn.exercises.broadcast import questions as broadcast
from wslearn.exercises.engine.question import Question
from wslearn.exercises.http_vs_websocket import questions

pytestmark = pytest.mark.asyncio(loop_scope="session")

BYTES = questions.guess_4
LONG = "the server rejected the token, and it closed the connection with a code that says why " * 2


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def leaving(page, problems):
    """Leave the class before anybody looks for problems on the page."""
    yield
    await leave(page, problems)


def marks(page):
    return page.locator("#bars .mark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("count", [30, 200])
async def test_the_board_marks_the_bar(page, count, scheme):
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no bar is on its way
    async with ClassServers("127.0.0.1") as board:
        people = fill(board, count)
        await open_board(page, board)
        for question, found, marked, text in (
            (BYTES, (196, 11), [3], "measured 196 and 11 bytes"),
            (questions.guess_1, (100.3,), [2, 3], "measured 100 ms"),
            (broadcast.guess_4, ("d",), [3], "saw: It depends on one word in the server's code"),
            (broadcast.guess_4, (LONG,), [], f"saw: {LONG.strip()}"),
        ):
            poll = await board.ask(question) or board.room.poll
            for number, person in enumerate(people):
                board.room.vote(person, poll.id, number * 7 % len(poll.choices) * (number % 3 > 0))
            await expect(page.locator("#voted")).to_have_text(f"{count} of {count} voted")
            assert await marks(page).all_inner_texts() == [""] * len(poll.choices)
            await expect(page.locator("#measured")).to_be_hidden()
            board.compare(question, *found)
            expected = ["◀ measured" if index in marked else "" for index in range(len(poll.choices))]
            await expect(marks(page)).to_have_text(expected)
            await expect(page.locator("#measured")).to_have_text(f"The class {text}")
            await expect(page.locator("#voted")).to_have_text(f"{count} of {count} voted, the poll is closed")
            over = "(el => [el.scrollWidth - el.clientWidth, el.scrollHeight - el.clientHeight])"
            for seen in ("document.documentElement", "document.querySelector('#poll')"):
                assert max(await page.evaluate(f"{over}({seen})")) <= 1, seen
            filled = "bars => bars.map(bar => parseFloat(getComputedStyle(bar, '::after').height))"
            assert min(await page.locator("#bars .bar").evaluate_all(filled)) > 5
            cut = "rows => rows.map(row => row.scrollHeight - row.clientHeight)"
            assert max(await page.locator("#bars .choice").evaluate_all(cut)) <= 1
            assert await violations(page) == []
            await shot(page, f"board-{count}-{scheme}-{poll.id}")
        board.hide()
        await expect(page.locator("#measured")).to_be_hidden()
        await expect(button(page, "Show results")).to_be_enabled()


@pytest.mark.parametrize("width", [320, 390])
async def test_a_phone_says_whether_its_own_guess_was_it(page, width):
    async with ClassServers("127.0.0.1") as board, program(board) as other:
        await join(page, phones_url(board), "Ann")
        await page.set_viewport_size({"width": width, "height": 640})
        note, found = page.locator("#measured"), page.locator("#choices .found")
        for mine, ends in ((3, "That was your guess!"), (1, "Your guess was “1 to 10 bytes”.")):
            await board.ask(BYTES)
            poll = board.room.poll
            await choice(page, mine).click()
            await other.send(json.dumps({"type": "vote", "poll": poll.id, "choice": 3}))
            await until(lambda poll=poll: len(poll.votes) == 2, PATIENCE)
            await expect(note).to_be_hidden()
            assert await found.all_inner_texts() == [""] * 6
            await page.get_by_role("tab", name="Wall").click()
            board.compare(BYTES, 196, 11)
            await expect(note).to_have_text(f"The class measured 196 and 11 bytes. {ends}")  # shown by itself
            await expect(found).to_have_text(["", "", "", "◀ measured", "", ""])
            tick = "✓" if mine == 3 else "✗"
            await expect(choice(page, mine).locator(".mine")).to_have_text(f"{tick} your vote")
            await expect(choice(page, 3).locator(".count")).to_have_text("2 · 100 %" if mine == 3 else "1 · 50 %")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await violations(page) == []
            await shot(page, f"phone-{width}-{poll.id}")
        await page.reload()  # who comes late sees it, too
        await expect(note).to_have_text("The class measured 196 and 11 bytes. Your guess was “1 to 10 bytes”.")
        await board.ask(BYTES)
        await expect(note).to_be_hidden()
        await expect(choice(page, 0).locator(".mine")).to_be_empty()


async def test_a_phone_that_comes_late_and_one_with_a_text_that_is_no_choice(page):
    async with ClassServers("127.0.0.1") as board:
        await board.ask(QUESTION, CHOICES)
        board.compare(QUESTION, CHOICES[2])
        await open_phone(page, phones_url(board))
        await button(page, "Join").click()
        await expect(page.locator("#measured")).to_have_text("The class saw: Nobody.")
        await expect(choice(page, 2).locator(".found")).to_have_text("◀ measured")
        question = Question("Which?", choices=("a cat", "a dog"), answer="a cat", why="so")
        await board.ask(question)
        await choice(page, 0).click()
        await until(lambda: board.room.poll.counts == [1, 0])
        board.compare(question, "<b>a bird</b>")
        await expect(page.locator("#measured")).to_have_text("The class saw: <b>a bird</b>.")
        await expect(choice(page, 0).locator(".mine")).to_have_text("✓ your vote")
        assert await page.locator("main b").count() == 0
