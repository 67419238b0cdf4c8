"""What the tests of the class's pages share: a class with a page of a phone, and phones that are programs."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pages import button, expect
from websockets.asyncio.client import connect

from wslearn.classroom.servers import ClassServers
from wslearn.network import SimulatedNetwork

QUESTION = "Who has to wait for a slow client?"
CHOICES = ["Only the slow client", "Everybody in the room", "Nobody"]
#: What strangers may write: it has to stay text, wherever a page shows it.
MARKUP = "<b id=evil>x</b><img src=x onerror=alert(1)>&amp;"
RIGHT_TO_LEFT = "مرحبا"
#: What a page on a local network does not have, because http is no secure context there.
INSECURE = "delete Crypto.prototype.randomUUID; delete Crypto.prototype.subtle; delete Navigator.prototype.clipboard"
PHONE = {"width": 320, "height": 568}


@asynccontextmanager
async def class_with_network() -> AsyncIterator[tuple[ClassServers, SimulatedNetwork]]:
    """Run a class on this machine, and a network before its phones' server."""
    async with ClassServers("127.0.0.1") as board, SimulatedNetwork(phones_url(board)) as net:
        yield board, net


def phones_url(board: ClassServers) -> str:
    """Return the address of the phones' page on this machine."""
    return f"http://127.0.0.1:{board.phones.port}/{board.code}"


async def open_phone(page, url: str) -> None:
    """Show the phone's page, in the size of a small phone, as it is on a local network."""
    await page.set_viewport_size(PHONE)
    await page.add_init_script(INSECURE)
    await page.goto(url)


async def join(page, url: str, name: str | None = None) -> None:
    """Join a class."""
    await open_phone(page, url)
    if name is not None:
        await page.get_by_label("Your name").fill(name)
    await button(page, "Join").click()
    await expect(page.locator("#state")).to_have_text("Connected")


@asynccontextmanager
async def people(browser, url: str, *names: str) -> AsyncIterator[list]:
    """Join a class with a page for each name. Each has its own browser's memory, or they would be one person."""
    async with AsyncExitStack() as stack:
        pages = []
        for name in names:
            context = await browser.new_context()
            stack.push_async_callback(context.close)
            pages.append(await context.new_page())
            await join(pages[-1], url, name)
        yield pages


def choice(page, index: int):
    return page.locator("#choices button").nth(index)


def votes(board: ClassServers) -> list[int]:
    """Return how many votes each choice has."""
    return board.room.poll.counts


@asynccontextmanager
async def program(board: ClassServers, session: str = "b" * 32, **more) -> AsyncIterator:
    """Join with a program, and give its connection after the welcome."""
    async with connect(phones_url(board).replace("http", "ws", 1) + "/ws") as ws:
        await ws.send(json.dumps({"type": "join-class", "session": session, **more}))
        assert json.loads(await ws.recv())["type"] == "welcome"
        yield ws


async def leave(page, problems: list[str]) -> None:
    """Leave the class. When the class ends before its page does, the page asks over HTTP why, and nobody answers."""
    await page.goto("about:blank")
    problems[:] = [one for one in problems if "Failed to load resource: net::ERR_" not in one]
