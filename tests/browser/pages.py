"""The page as a student uses it: what the tests of the page press, fill in and read."""

import json

from wslearn.server import Server

try:
    from playwright.async_api import expect
except ImportError:
    expect = None  # the fixture `browser` skips or fails every test here, and says what to install


class Sends(Server):
    """Sends each of `messages` to whoever connects, then waits."""

    def __init__(self, *messages, features="", **options):
        super().__init__(**options)
        self.messages, self.features, self.received = messages, features, []

    async def handler(self, ws):
        for message in self.messages:
            await ws.send(message if isinstance(message, bytes | str) else json.dumps(message))
        async for message in ws:
            self.received.append(json.loads(message))


def rows(page, kind):
    """Return the texts in the list of messages, of one kind: sent, received, error or event."""
    return page.locator(f"#messages .{kind} .text")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)  # or "Connect" would find "Disconnect" too


def members(page):
    return page.get_by_role("list", name="Members").get_by_role("listitem")


async def connect(page, server, *, token=None, reconnect=False):
    await page.goto(server.page_url)
    await page.get_by_label("Reconnect by itself").set_checked(reconnect)
    if token is not None:
        await page.get_by_label("Token").fill(token)
    await button(page, "Connect").click()


async def say(page, text):
    await page.get_by_role("textbox", name="Message").fill(text)
    await button(page, "Send").click()


async def join(page, name):
    await page.get_by_role("textbox", name="Room").fill(name)
    await button(page, "Join").click()
