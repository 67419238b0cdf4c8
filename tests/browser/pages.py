"""The page as a student uses it: what the tests of the page press, fill in and read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiohttp import web

from wslearn.server import Server

try:
    from playwright.async_api import expect
except ImportError:
    expect = None  # the fixture `browser` skips or fails every test here, and says what to install

#: Seconds for what must come: a bound, since a machine that others use too may stand still for a while.
PATIENCE = 30


async def comes(read: Callable[[], Awaitable[Any]], right: Callable[[Any], object], seconds: float = PATIENCE) -> Any:
    """Read something of a page until it is right, and return it: for what `expect` can't look at.

    A page answers what a test does, or what a kernel sends, in a moment that no test knows. Raises AssertionError with
    what was read last.
    """
    end = monotonic() + seconds
    while not right(found := await read()):
        assert monotonic() < end, f"after {seconds} s: {found!r}"
        await asyncio.sleep(0.05)
    return found


class Sends(Server):
    """Sends each of `messages` to whoever connects, then waits."""

    def __init__(self, *messages, features="", **options):
        super().__init__(**options)
        self.messages, self.features, self.received = messages, features.split(), []

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
    await page.get_by_label("Reconnect automatically").set_checked(reconnect)
    if token is not None:
        await page.get_by_label("Token").fill(token)
    await button(page, "Connect").click()


async def say(page, text):
    await page.get_by_role("textbox", name="Message").fill(text)
    await button(page, "Send").click()


async def join(page, name):
    await page.get_by_role("textbox", name="Room").fill(name)
    await button(page, "Join").click()


@asynccontextmanager
async def site(body="elsewhere", *, status=200, kind="text/html", port=0) -> AsyncIterator[str]:
    """Serve a page that is none of ours, and give its address. A browser may keep it for Back, as JupyterLab's."""

    async def answer(_) -> web.Response:
        return web.Response(text=body, status=status, content_type=kind)

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def shown_again(page, server, expression: str):
    """Evaluate an expression in the server's page after Back, in a frame or not.

    Of a page that comes out of the browser's back/forward cache Playwright no longer knows the frames.
    """
    devtools = await page.context.new_cdp_session(page)
    found = []
    devtools.on("Runtime.executionContextCreated", lambda event: found.append(event["context"]))
    await devtools.send("Runtime.enable")
    try:
        (context,) = [one["id"] for one in found if server.page_url == f"{one['origin']}/" and not one["name"]]
        how = {"contextId": context, "returnByValue": True, "awaitPromise": True}
        answer = await devtools.send("Runtime.evaluate", how | {"expression": expression})
    finally:
        await devtools.detach()
    return answer["result"].get("value")
