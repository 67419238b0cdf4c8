"""A phone on a LAN without internet: Chromium in a network namespace of its own, with a card that really goes down."""

import shlex
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from class_pages import CHOICES, PHONE, QUESTION, choice
from lan import Lan, a_class, joined, lan, websocket
from pages import button, expect
from phones_of_tests import board_until, states
from support import hear, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def room():
    """A laptop with a Wi-Fi."""
    with lan() as made:
        yield made


@asynccontextmanager
async def page_in(namespace: str, chromium: str, quiet: list[str], folder):
    """Start a browser in a namespace, and yield a page with a phone's screen."""
    from playwright.async_api import async_playwright

    command = folder / "chromium"
    command.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {shlex.quote(chromium)} "$@"\n')
    command.chmod(0o755)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=command, args=quiet)
        context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
        yield await context.new_page()
        await browser.close()


async def test_a_phone_in_airplane_mode_comes_back_with_its_votes_and_nobody_else_notices(
    room: Lan, chromium, quiet, tmp_path, browser
):
    ann = room.phone("ann", "wlan0", "10.77.0.11/24")
    bob = room.phone("bob", "wlan0", "10.77.0.12/24")
    async with a_class(room.laptop) as addresses, AsyncExitStack() as stack:
        url = addresses["url"]
        board = await stack.enter_async_context(websocket(room.laptop, addresses["board_url"]))
        at_bob = await stack.enter_async_context(joined(bob, url, "Bob", "b"))
        page = await stack.enter_async_context(page_in(ann, chromium, quiet, tmp_path))
        await page.goto(url)
        await page.get_by_label("Your name").fill("Ann")
        await button(page, "Join").tap()
        await expect(page.locator("#state")).to_have_text("Connected")
        assert await page.evaluate("[isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
        await tell(board, type="ask", question=QUESTION, choices=CHOICES)
        await choice(page, 1).tap()
        await expect(page.locator("#vote-note")).to_have_text("Counted. You can still change it.")

        room.airplane_mode(ann, True)
        # In 10 s, since a ping would wait 15 s for its pong.
        await expect(page.locator("#state")).not_to_have_text("Connected", timeout=10_000)
        await choice(page, 2).tap()
        await expect(page.locator("#vote-note")).to_have_text("Offline: your vote is sent when you're back.")
        while (await hear(at_bob, "poll"))["poll"] != "p1":
            pass
        for number in range(20):
            await tell(at_bob, type="vote", poll="p1", choice=number % 2, id=f"{number}")
            assert (await hear(at_bob))["type"] == "ack"
            assert (await hear(at_bob))["mine"] == number % 2
        state = await board_until(
            board, lambda state: states(state).get("Ann") in ("slow", "away") and voted(state) == 2
        )
        assert states(state)["Bob"] == "live"  # and her first vote stays

        room.airplane_mode(ann, False)
        await expect(page.locator("#state")).to_have_text("Connected")
        await expect(page.locator("#vote-note")).to_have_text("Counted. You can still change it.")
        await expect(choice(page, 2)).to_have_attribute("aria-pressed", "true")
        await tell(board, type="show")
        state = await board_until(board, lambda state: state["poll"]["shown"] and states(state).get("Ann") == "live")
        assert states(state) == {"Bob": "live", "Ann": "live"} and state["poll"]["counts"] == [0, 1, 1]
        await expect(page.locator("#choices .count")).to_have_text(["0 · 0 %", "1 · 50 %", "1 · 50 %"])


def voted(state: dict) -> int:
    """Return how many have voted."""
    return (state["poll"] or {}).get("voted", 0)
