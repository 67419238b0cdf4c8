"""The class's board, in Chromium: all of it on one screen, the poll, the wall, and the instructor's controls."""

import re
from operator import not_

import pytest
from class_pages import CHOICES, MARKUP, QUESTION, RIGHT_TO_LEFT, program, votes
from dashboards import shot
from pages import button, comes, expect
from support import until
from test_axe import violations

from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCREEN = {"width": 1280, "height": 720}
#: Whether an element's box is within the window, and nothing covers or cuts its middle.
SEEN = """el => {
    const { left, top, right, bottom, width, height } = el.getBoundingClientRect()
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && width > 0 && height > 0
    return inside && el.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2))
}"""


async def open_board(page, board: ClassServers) -> None:
    await page.set_viewport_size(SCREEN)
    await page.goto(board.board_url)
    await expect(page.locator("body")).to_have_attribute("data-state", "open")


def fill(board: ClassServers, count: int) -> list:
    """Let so many people be here, without connections."""
    people = [board.room.join(f"{number:032x}", "Ann" if number == 0 else None) for number in range(count)]
    for number, person in enumerate(people):
        person.round_trip = 0.002 * (1 + number % 50)
    board.room.changed("people")
    return people


def names(page):
    return page.locator("#people .name")


def shares(page):
    """Return a function that reads how long the bars are, as parts of all votes."""
    return page.locator("#bars li").evaluate_all(
        "rows => rows.map(row => Number(row.style.getPropertyValue('--share')))"
    )


async def test_how_to_join_and_who_is_here(page):
    async with ClassServers("127.0.0.1") as board, program(board, name="Ann"):
        await open_board(page, board)
        await expect(names(page)).to_have_text(["Ann"])
        await expect(page.locator("#count-line")).to_have_text("1 person is here")
        await expect(page.locator("#url")).to_have_text(board.url.removeprefix("http://"))
        await expect(page.locator("#code")).to_have_text(board.code)
        await expect(page.locator("#qr")).not_to_have_js_property("naturalWidth", 0)
        await expect(page.locator("#people .trip")).to_have_text(re.compile(r"^\d+(\.\d)? ms$"))
        async with program(board, "c" * 32, name="Bob"):
            await expect(names(page)).to_have_text(["Ann", "Bob"])
        await expect(page.locator("#people li").nth(1)).to_have_attribute("data-state", "away")
        await expect(page.locator("#people .trip").nth(1)).to_have_text("away")
        await expect(page.locator("#away")).to_have_text("1 away")


async def test_a_strip_shows_each_round_trip_once_a_second(page):
    async with ClassServers("127.0.0.1") as board:
        ann, bob = fill(board, 2)
        ann.round_trip, bob.round_trip = 0.001, 10.0
        await open_board(page, board)
        strips = page.locator("#people path")
        await expect(strips.nth(0)).to_have_attribute("d", re.compile(r"^(M\d+ 10v-0\.6h1v0\.60z)+$"))
        await expect(strips.nth(1)).to_have_attribute("d", re.compile(r"^(M\d+ 10v-10(\.00)?h1v10\.00z)+$"))
        await expect(strips.nth(0)).to_have_attribute("d", re.compile(r"^M37 .*M38 .*M39 "))


@pytest.mark.parametrize("count", [5, 30, 200])
async def test_all_of_it_is_on_one_screen(page, count):
    async with ClassServers("127.0.0.1") as board:
        people = fill(board, count)
        await board.ask(QUESTION, CHOICES)
        for person in people:
            board.room.vote(person, "p1", int(person.session, 16) % 3)
        for number in range(20):
            board.room.write(
                people[number % count], "a message that is somewhat longer " * (number % 5), None
            ) if number % 5 else None
        board.show()
        await open_board(page, board)
        await expect(names(page)).to_have_count(count)
        await expect(page.locator("#voted")).to_have_text(f"{count} of {count} voted")
        for size in (
            "document.documentElement",
            "document.querySelector('#people')",
            "document.querySelector('#poll')",
        ):
            over = f"(el => [el.scrollWidth - el.clientWidth, el.scrollHeight - el.clientHeight])({size})"
            await comes(lambda over=over: page.evaluate(over), lambda found: max(found) <= 1)
        poll = "#question, #bars .choice, #bars .votes, #voted"
        what = f"#people .name, #qr, #url, #code, #count, {poll}, #wall h2, footer button"
        hidden = f"els => els.filter(el => el.checkVisibility()).filter(el => !({SEEN})(el)).map(el => el.outerHTML)"
        await comes(lambda: page.locator(what).evaluate_all(hidden), not_)  # the code's picture may still be on its way
        letters = await names(page).first.evaluate("el => parseFloat(getComputedStyle(el).fontSize)")
        assert letters >= {5: 18, 30: 18, 200: 9}[count]


async def test_results_are_hidden_until_they_are_shown_and_bars_move_as_votes_come(page):
    async with ClassServers("127.0.0.1") as board:
        people = fill(board, 4)
        await open_board(page, board)
        await board.ask(QUESTION, CHOICES)
        for person in people[:3]:
            board.room.vote(person, "p1", 1)
        await expect(page.locator("#voted")).to_have_text("3 of 4 voted")
        assert await page.locator("#bars .votes").all_inner_texts() == ["", "", ""]
        assert await shares(page) == [0, 0, 0]
        await button(page, "Show results").click()
        await expect(page.locator("#bars .votes")).to_have_text(["0", "3", "0"])
        assert board.room.poll.shown
        assert await shares(page) == [0, 1, 0]
        board.room.vote(people[0], "p1", 0)
        await expect(page.locator("#bars .votes")).to_have_text(["1", "2", "0"])
        assert await shares(page) == [1 / 3, 2 / 3, 0]  # as on a phone
        await button(page, "Hide results").click()
        await expect(page.locator("#bars .votes")).to_have_text(["", "", ""])
        await button(page, "Close poll").click()
        await expect(page.locator("#voted")).to_have_text("3 of 4 voted, the poll is closed")
        await expect(button(page, "Close poll")).to_be_disabled()
        await button(page, "Clear poll").click()
        await expect(page.locator("#question")).to_have_text("No question yet")
        assert board.room.poll is None


async def test_the_instructor_asks(page):
    async with ClassServers("127.0.0.1") as board:
        await open_board(page, board)
        await button(page, "Ask …").click()
        dialog = page.get_by_role("dialog", name="Ask the class")
        await expect(dialog.get_by_label("Question")).to_be_focused()
        await dialog.get_by_label("Question").fill(QUESTION)
        await dialog.get_by_label("Choices").fill("Only one\n\n")
        await button(dialog, "Ask").click()
        await expect(dialog.get_by_role("alert")).to_have_text("Write 2 to 12 choices, one in each line. You wrote 1.")
        await dialog.get_by_label("Choices").fill("\n".join(CHOICES) + "\n")
        await button(dialog, "Ask").click()
        await expect(dialog).to_be_hidden()
        await expect(page.locator("#bars .choice")).to_have_text(CHOICES)
        assert board.room.poll.question == QUESTION
        assert votes(board) == [0, 0, 0]
        await expect(button(page, "Ask …")).to_be_focused()


async def test_the_instructor_marks_what_the_class_saw_without_a_notebook(page):
    async with ClassServers("127.0.0.1") as board:
        people = fill(board, 30)
        await open_board(page, board)
        await expect(button(page, "Mark answer …")).to_be_disabled()
        board.ask(QUESTION, CHOICES)
        for number, person in enumerate(people):
            board.room.vote(person, "p1", number % 3)
        await button(page, "Mark answer …").click()
        dialog = page.get_by_role("dialog", name="What did the class see?")
        assert await violations(page) == []
        await shot(page, "board-mark")
        await button(dialog, CHOICES[2]).click()
        await expect(dialog).to_be_hidden()
        await expect(page.locator("#bars .mark")).to_have_text(["", "", "◀ measured"])
        await expect(page.locator("#measured")).to_have_text(f"The class saw: {CHOICES[2]}")
        await expect(page.locator("#voted")).to_have_text("30 of 30 voted, the poll is closed")
        assert await page.locator("footer button:not([hidden])").evaluate_all(f"all => all.every({SEEN})")
        await shot(page, "board-marked")


async def test_the_instructor_removes_somebody(page):
    async with ClassServers("127.0.0.1") as board:
        fill(board, 3)
        board.room.rename(board.people[1], MARKUP)
        name = board.people[1].name
        await open_board(page, board)
        await names(page).nth(1).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.locator("h2")).to_have_text(f"Remove {name} from the class?")
        await button(dialog, "Cancel").click()
        await expect(dialog).to_be_hidden()
        assert len(board.people) == 3
        await names(page).nth(1).click()
        await button(dialog, "Remove").click()
        await expect(names(page)).to_have_count(2)
        assert name not in [person.name for person in board.people]


async def test_the_wall_has_the_newest_first_and_can_be_hidden_and_cleared(page):
    async with ClassServers("127.0.0.1") as board:
        (ann,) = fill(board, 1)
        await open_board(page, board)
        for text in ("first", "second"):
            board.room.write(ann, text, None)
        board.room.react("👍")
        board.room.react("👍")
        await expect(page.locator("#messages li")).to_have_text(["Ann second", "Ann first"])
        await expect(page.locator("#reactions")).to_have_text("👍 2")
        await button(page, "Hide wall").click()
        await expect(page.locator("#wall-note")).to_have_text("The wall is hidden.")
        await expect(page.locator("#messages li")).to_have_count(0)
        await button(page, "Show wall").click()
        await expect(page.locator("#messages li")).to_have_count(2)
        await button(page, "Clear wall").click()
        await expect(page.locator("#wall-note")).to_have_text("Write on the wall with your phone.")
        await until(lambda: board.room.wall.entries == [])


async def test_what_people_write_is_text_and_turns_nothing_around(page):
    async with ClassServers("127.0.0.1") as board:
        ann, bob = fill(board, 2)
        board.room.rename(bob, RIGHT_TO_LEFT)
        board.room.write(bob, MARKUP, None)
        board.room.write(ann, RIGHT_TO_LEFT, None)
        await board.ask(MARKUP, [MARKUP, RIGHT_TO_LEFT])
        await open_board(page, board)
        await expect(page.locator("#question")).to_have_text(MARKUP)
        await expect(page.locator("#bars bdi").first).to_have_text(MARKUP)
        await expect(page.locator("#messages li")).to_have_text([f"Ann {RIGHT_TO_LEFT}", f"{RIGHT_TO_LEFT} {MARKUP}"])
        await expect(page.locator("#people bdi")).to_have_text(["Ann", RIGHT_TO_LEFT])
        assert await page.locator("#messages bdi").count() == 4
        assert await page.locator("section :is(b, i, script), section img:not(#qr)").count() == 0


async def test_the_board_comes_back_when_its_connection_is_lost(page):
    async with ClassServers("127.0.0.1") as board:
        await open_board(page, board)
        fill(board, 1)
        await expect(names(page)).to_have_text(["Ann"])
        for ws in board.board.connections:
            ws.transport.abort()
        await expect(page.locator("#state")).to_have_text("No connection to the server. Trying again.")
        await expect(page.locator("body")).to_have_attribute("data-state", "open")
        fill(board, 2)
        await expect(names(page)).to_have_count(2)
        await expect(page.locator("#state")).to_be_empty()


async def test_the_frames_of_one_vote(page):
    async with ClassServers("127.0.0.1") as board, program(board) as ws:
        await open_board(page, board)
        await expect(page.locator("#frames")).to_be_hidden()
        await board.ask(QUESTION, CHOICES)
        await ws.send('{"type":"vote","poll":"p1","choice":1,"id":"ab-1"}')
        await button(page, "Frames of one vote").click()
        rows = page.get_by_role("dialog", name="Frames of one vote").get_by_role("listitem")
        await expect(rows.filter(has_text='"choice":(hidden)')).to_have_count(1)
        await expect(rows.filter(has_text='"ack"')).to_have_count(1)
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await expect(button(page, "Frames of one vote")).to_be_focused()
