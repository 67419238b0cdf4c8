"""The page for everybody: keyboard, screen reader, every width, large type."""

import re

import pytest
from pages import Sends, button, connect, expect, rows

from wslearn.servers.chat import ChatServer
from wslearn.servers.echo import EchoServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


CONTROLS = {
    "": [
        "switch Large type",
        "button Connect",
        "switch Reconnect automatically",
        "button Clear",
        "textbox Message",
        "button Send",
    ],
    "json": ["switch Show the JSON"],
    "token": ["textbox Token", "switch Show the JSON"],
    "rooms": ["textbox Room", "button Join", "switch Show the JSON"],
    "ping": ["switch Show the JSON"],
}


@pytest.mark.parametrize("features", ["", "json", "json token", "rooms", "ping", "rooms token ping"])
async def test_every_control_has_a_name_and_a_lacking_feature_has_none(page, features):
    wanted = set(CONTROLS[""]).union(*(CONTROLS[feature] for feature in features.split()))
    async with Sends(features=features) as server:
        await page.goto(server.page_url)
        await expect(page.locator("#name")).to_have_text("sends")
        snapshot = await page.locator("body").aria_snapshot()
        found = re.findall(r'- (switch|button|textbox) "([^"]+)"', snapshot)
        assert {" ".join(control) for control in found} == wanted
        assert len(found) == await page.locator("button:visible, input:visible").count()
        assert ('region "Heartbeat"' in snapshot) == ("ping" in features)
        assert ('region "Room"' in snapshot) == ("rooms" in features)


async def test_the_keyboard_is_enough(page):
    async with ChatServer() as server:
        await page.goto(server.page_url)
        press, type_ = page.keyboard.press, page.keyboard.type

        async def focus_is_seen():
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

        async def tab_to(control):
            await press("Tab")
            await expect(control).to_be_focused()
            await focus_is_seen()

        await tab_to(page.get_by_label("Large type"))
        await tab_to(page.get_by_label("Token"))
        await type_(server.tokens.issue("alice"))
        await press("Enter")
        await expect(rows(page, "received")).to_have_text(["You are alice"])
        await tab_to(button(page, "Disconnect"))
        await tab_to(page.get_by_label("Reconnect automatically"))
        await press("Space")
        await expect(page.get_by_label("Reconnect automatically")).to_be_checked()
        await tab_to(page.get_by_role("textbox", name="Room"))
        await type_("lobby")
        await press("Enter")
        await expect(page.get_by_text("Room lobby", exact=True)).to_be_visible()
        await tab_to(button(page, "Join"))
        await tab_to(button(page, "Leave"))
        await tab_to(page.get_by_label("Show the JSON"))
        await tab_to(button(page, "Clear"))
        await tab_to(page.get_by_role("log"))  # scrolled with the arrow keys
        await tab_to(page.get_by_role("textbox", name="Message"))
        await type_("hello")
        await press("Enter")
        await expect(rows(page, "received").last).to_have_text("alice: hello")
        await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        await tab_to(button(page, "Send"))
        for _ in range(9):
            await press("Shift+Tab")
        await expect(button(page, "Disconnect")).to_be_focused()
        await press("Enter")
        await expect(button(page, "Connect")).to_be_focused()
        await expect(page.locator("#state")).to_have_text("Closed")


async def test_what_changes_is_told_to_screen_readers(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.get_by_role("log").get_by_text("Welcome! Connection established.")).to_be_visible()
        await expect(page.get_by_role("status").get_by_text("Open", exact=True)).to_be_visible()
        assert await page.get_by_role("status").locator("#countdown").count() == 0  # ten times a second is no news


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("width", [400, 800, 1920])
async def test_every_width_shows_all_without_scrolling_sideways(page, width, large):
    await page.set_viewport_size({"width": width, "height": 600})
    async with Sends("word " * 100, "x" * 3000, features="rooms token ping") as server:
        await connect(page, server)
        await page.get_by_label("Large type").set_checked(large)
        await expect(rows(page, "received")).to_have_count(2)
        size = await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert size == (28 if large else 16)
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert await page.evaluate("(log => log.scrollWidth - log.clientWidth)(document.querySelector('.log'))") <= 0
