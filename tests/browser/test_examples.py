"""The two examples of lesson 09, each in two pages side by side."""

import asyncio

import pytest
from dashboards import shot
from pages import expect

from wslearn.examples import game
from wslearn.examples.game import GameServer
from wslearn.examples.text import TextServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def side_by_side(one, other, name: str) -> None:
    """Keep a picture of each page, where WSLEARN_SHOTS names a folder."""
    for number, page in enumerate((one, other), start=1):
        await page.set_viewport_size({"width": 640, "height": 560})
        await shot(page, f"{name}-{number}")


@pytest.mark.parametrize("kind", [TextServer, GameServer])
async def test_all_of_a_page_is_seen_where_lesson_09_shows_it_twice(page, kind):
    await page.set_viewport_size({"width": 1092, "height": 250})
    async with kind() as server:
        await page.goto(server.page_url)
        await expect(page.get_by_role("status")).to_have_text("Connected")
        assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


async def test_two_pages_edit_one_text_at_once_and_end_with_the_same(page):
    other = await page.context.new_page()
    async with TextServer() as server:
        for one in (page, other):
            await one.goto(server.page_url)
            await expect(one.locator("#state")).to_have_text("Connected")
        ann, bob = page.get_by_label("The text"), other.get_by_label("The text")
        await ann.fill("Tea is hot.\nCoffee is cold.")
        await expect(bob).to_have_value("Tea is hot.\nCoffee is cold.")
        await ann.press("ControlOrMeta+Home")
        await bob.press("ControlOrMeta+End")
        await asyncio.gather(
            ann.press_sequentially("Ann says: ", delay=15), bob.press_sequentially(" So says Bob 😀.", delay=10)
        )
        whole = "Ann says: Tea is hot.\nCoffee is cold. So says Bob 😀."
        for area in (ann, bob):
            await expect(area).to_have_value(whole)
        assert server.now.text == whole
        await other.get_by_label("Pull out the cable").check()
        await expect(other.locator("#state")).to_contain_text("Not connected")
        await bob.press("ControlOrMeta+End")
        await bob.press_sequentially(" (written in a tunnel)")
        await ann.press("ControlOrMeta+Home")
        await ann.press_sequentially("Today ")
        await side_by_side(page, other, "text-tunnel")
        await other.get_by_label("Pull out the cable").uncheck()
        for area in (ann, bob):
            await expect(area).to_have_value(f"Today {whole} (written in a tunnel)")
        await side_by_side(page, other, "text")
        assert server.now.text == f"Today {whole} (written in a tunnel)"
        third = await page.context.new_page()
        await third.goto(server.page_url)
        await expect(third.get_by_label("The text")).to_have_value(server.now.text)


async def test_a_cable_that_is_put_back_at_once_leaves_one_connection(page):
    async with TextServer() as server:
        await page.goto(server.page_url)
        await expect(page.locator("#state")).to_have_text("Connected")
        for wait in (0, 0, 100, 400):  # before the old connection is closed, and while the page waits to come back
            await page.evaluate(
                """async wait => {
                    document.getElementById("cable").click()
                    if (wait) await new Promise(resolve => { setTimeout(resolve, wait) })
                    document.getElementById("cable").click()
                }""",
                wait,
            )
        await expect(page.locator("#state")).to_have_text("Connected")
        await page.wait_for_timeout(1100)  # longer than a page that has lost its connection waits
        assert len(server.connections) == 1
        await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_page_whose_server_was_replaced_begins_anew(page):
    async with TextServer() as server:
        await page.goto(server.page_url)
        await page.get_by_label("The text").fill("old")
        await expect(page.locator("#state")).to_have_text("Connected")
        port = server.port
    async with TextServer(port=port):
        await expect(page.get_by_label("The text")).to_have_value("")
        await page.get_by_label("The text").fill("new")
        other = await page.context.new_page()
        await other.goto(f"http://127.0.0.1:{port}/")
        await expect(other.get_by_label("The text")).to_have_value("new")


async def test_two_pages_play_and_who_cheats_or_is_late_gets_nothing(page, monkeypatch):
    monkeypatch.setattr(game, "LIT", 10**6)
    other = await page.context.new_page()
    async with GameServer() as server:
        for number, one in enumerate((page, other), start=1):
            await one.goto(server.page_url)
            await expect(one.locator("#points")).to_contain_text(f"guest-{number}")
        await page.locator("button.lit").click()
        for one in (page, other):
            await expect(one.locator("#points")).to_contain_text("guest-1: 1")
        await other.get_by_role("button", name="Cheat").click()
        await expect(other.locator("#said")).to_contain_text("cheating: this tick has not begun")
        await other.get_by_label("My line is late by").fill("2000")
        await other.keyboard.press("Tab")
        await other.keyboard.press(str(server.lamp + 1))
        await expect(other.locator("#said")).to_contain_text("too late: you saw tick")
        await side_by_side(page, other, "game")
        assert server.points == {"guest-1": 1, "guest-2": 0}
