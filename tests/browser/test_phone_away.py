"""A phone that was away: in a tunnel, locked, reloaded. Its vote arrives, once, with the id that it had at first."""

import json

import pytest
import pytest_asyncio
from class_pages import CHOICES, QUESTION, choice, class_with_network, join, leave, phones_url, votes
from pages import button, expect
from support import until

from wslearn.classroom.servers import ClassServers

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def leaving(page, problems):
    """Leave the class before anybody looks for problems on the page."""
    yield
    await leave(page, problems)


COUNTED = "Counted. You can still change it."
OFFLINE = "Offline: your vote is sent when you're back."
AWAKE = "document.dispatchEvent(new Event('visibilitychange'))"

#: Wakes the page, and returns after how many milliseconds it says that it has no connection.
NOTICED = f"""() => new Promise(noticed => {{
    const state = document.querySelector('#state'), began = performance.now()
    const look = () => {{ if (state.textContent.startsWith('Offline')) noticed(performance.now() - began) }}
    new MutationObserver(look).observe(state, {{ childList: true, characterData: true, subtree: true }})
    {AWAKE}
}})"""


async def pauses(page, milliseconds: int) -> None:
    """Let the page wait so long before each attempt to reconnect."""
    text = f"export const backoff = () => {milliseconds}"
    await page.route("**/backoff.js", lambda route: route.fulfill(body=text, content_type="text/javascript"))


def sent_votes(page) -> list[dict]:
    """Return a list to which each vote that the page sends is added."""
    found: list[dict] = []

    def note(payload) -> None:
        message = json.loads(payload)
        if message["type"] == "vote":
            found.append(message)

    page.on("websocket", lambda ws: ws.on("framesent", note))
    return found


async def test_a_vote_given_while_away_arrives_later(page):
    await pauses(page, 100)
    async with class_with_network() as (board, net):
        await join(page, net.url)
        await board.ask(QUESTION, CHOICES)
        await expect(choice(page, 0)).to_be_visible()
        net.silence()
        net.cut()
        await expect(page.locator("#state")).not_to_have_text("Connected")
        await choice(page, 0).click()
        await choice(page, 2).click()
        await expect(choice(page, 2)).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#vote-note")).to_have_text(OFFLINE)
        assert votes(board) == [0, 0, 0]
        net.heal()
        net.cut()
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        assert votes(board) == [0, 0, 1]


async def test_a_vote_whose_acknowledgement_was_lost_is_sent_again_with_the_same_id(page):
    await pauses(page, 100)
    sent = sent_votes(page)
    async with class_with_network() as (board, net):
        cuts = 2

        def cut(what: str) -> None:
            nonlocal cuts
            if what == "vote" and cuts:
                cuts -= 1
                net.cut()

        board.room.on_change.append(cut)
        await join(page, net.url)
        await board.ask(QUESTION, CHOICES)
        await choice(page, 1).click()
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        await until(lambda: len(sent) == 3)
        assert len({vote["id"] for vote in sent}) == 1
        assert votes(board) == [0, 1, 0]
        assert len(board.people) == 1


async def test_only_one_vote_is_under_way_and_the_last_one_counts(page):
    await pauses(page, 100)
    sent = sent_votes(page)
    async with class_with_network() as (board, net):
        await join(page, net.url)
        await board.ask(QUESTION, CHOICES)
        await expect(choice(page, 0)).to_be_visible()
        net.silence()
        for index in (0, 1, 2, 1):
            await choice(page, index).click()
        await until(lambda: len(sent) == 1)
        await expect(page.locator("#vote-note")).to_have_text("Sending your vote.")
        net.heal()
        net.cut()
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        await until(lambda: len(sent) >= 3)
        assert [vote["choice"] for vote in sent] == [0, 0, 1]  # the first one twice, and none that was changed
        assert votes(board) == [0, 1, 0]


async def test_a_vote_that_comes_too_late_is_not_counted_and_the_page_says_so(page):
    await pauses(page, 100)
    async with class_with_network() as (board, net):
        await join(page, net.url)
        await board.ask(QUESTION, CHOICES)
        await expect(choice(page, 0)).to_be_visible()
        net.silence()
        net.cut()
        await choice(page, 0).click()
        await expect(page.locator("#vote-note")).to_have_text(OFFLINE)
        board.close()
        net.heal()
        net.cut()
        await expect(page.locator("#news")).to_have_text("The poll was closed before your vote arrived.")
        await expect(page.locator("#vote-note")).to_have_text("The poll is closed.")
        await expect(choice(page, 0)).to_have_attribute("aria-pressed", "false")


async def test_a_vote_for_a_class_that_began_again_is_dropped(page):
    await pauses(page, 100)
    board = await ClassServers("127.0.0.1").start()
    await join(page, phones_url(board))
    await board.ask(QUESTION, CHOICES)
    await expect(choice(page, 0)).to_be_visible()
    await board.stop()
    await choice(page, 0).click()
    await expect(page.locator("#vote-note")).to_have_text(OFFLINE)
    again = ClassServers("127.0.0.1", board.phones.port, code=board.code)
    await again.ask("Another question, whose id is the same?", CHOICES)
    async with again:
        await expect(page.locator("#news")).to_have_text("The class began again, so your last vote was not counted.")
        await expect(page.locator("#state")).to_have_text("Connected")
        await choice(page, 1).click()
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        assert votes(again) == [0, 1, 0]


async def test_a_page_that_is_loaded_again_is_the_same_person_with_its_vote_and_what_waits(page):
    await pauses(page, 100)
    async with class_with_network() as (board, net):
        await join(page, net.url, "Ann")
        await board.ask(QUESTION, CHOICES)
        await choice(page, 0).click()
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        await page.reload()
        await expect(page.locator("#me")).to_have_text("Ann")
        await expect(choice(page, 0)).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#vote-note")).to_have_text(COUNTED)
        await page.get_by_role("tab", name="Wall").click()
        net.silence()
        await page.get_by_label("Message to the wall").fill("Is anybody there?")
        await button(page, "Send").click()
        await expect(page.locator("#wall-note")).to_have_text("Your message is on the way.")
        net.heal()
        net.cut()
        await page.reload()
        await until(lambda: [one.message for one in board.room.wall.entries] == ["Is anybody there?"])
        assert [person.name for person in board.people] == ["Ann"]
        assert votes(board) == [1, 0, 0]


async def test_an_unlocked_phone_does_not_wait_for_its_timer_and_a_tap_is_enough(page):
    await pauses(page, 3_600_000)
    async with class_with_network() as (board, net):
        await join(page, net.url)
        net.cut()
        await expect(page.locator("#state")).to_have_text("Offline. Trying again in 3600 s")
        await page.evaluate(AWAKE)
        await expect(page.locator("#state")).to_have_text("Connected")
        net.cut()
        await expect(page.locator("#state")).to_have_text("Offline. Trying again in 3600 s")
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(page.locator("#state")).to_have_text("Connected")
        net.cut()
        await expect(page.locator("#state")).to_have_text("Offline. Trying again in 3600 s")
        await page.locator("header").click()  # people tap on what looks dead
        await expect(page.locator("#state")).to_have_text("Connected")
        assert len(board.people) == 1


async def test_an_unlocked_phone_notices_soon_that_its_connection_has_died(page):
    await pauses(page, 3_600_000)
    async with class_with_network() as (_, net):
        await join(page, net.url)
        net.silence()
        assert await page.evaluate(NOTICED) < 14_000  # without waking it takes 15 s
        net.heal()
        net.cut()


async def test_back_to_the_page_is_back_in_the_class(page):
    async with ClassServers("127.0.0.1") as board:
        await join(page, phones_url(board), "Ann")
        await page.goto("about:blank")
        await until(lambda: board.people[0].state == "away")
        await page.go_back()
        await until(lambda: board.people[0].state == "live")
        await expect(page.locator("#me")).to_have_text("Ann")
        assert [person.name for person in board.people] == ["Ann"]
