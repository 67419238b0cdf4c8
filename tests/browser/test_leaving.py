"""Every way of leaving the page, in a tab of its own and inside another page, seen from the room and the server.

A room's presence is right within a second. The browser here keeps pages for Back, as people's browsers do.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from pages import PATIENCE, button, comes, expect, join, rows, shown_again, site
from support import until
from websockets.asyncio.client import connect as client

from wslearn.network import SimulatedNetwork
from wslearn.servers.chat import ChatServer
from wslearn.servers.echo import EchoServer
from wslearn.servers.rooms import RoomsServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Seconds: one, and as many as a machine may be held up. Without a word from the page it would be ten minutes.
SOON = PATIENCE
STATE = "document.querySelector('#state').textContent + ': ' + document.querySelector('#details').textContent"
EVENTS = "[...document.querySelectorAll('#messages .event .text')].map(row => row.textContent)"


class Witness:
    """A member of a room who notes what is said about it."""

    def __init__(self, ws):
        self.ws = ws

    async def sees(self, *members: str) -> None:
        """Wait until the room is said to have these members."""
        async with asyncio.timeout(SOON):
            while json.loads(await self.ws.recv()).get("members") != list(members):
                pass


@asynccontextmanager
async def witness(server):
    """Let a Python client join the room `tea`, as guest-1."""
    async with client(server.url) as ws:
        await ws.send('{"type":"join-room","room":"tea"}')
        yield Witness(ws)


def host(server) -> str:
    """Return a page that holds the server's page in a frame, as JupyterLab does."""
    return f'<!doctype html><iframe src="{server.page_url}" width="900" height="600"></iframe>'


async def enter(page, address: str, framed: bool) -> None:
    """Open the server's page at an address, or a page that has it in a frame, and join the room there."""
    await page.goto(address)
    inside = page.frame_locator("iframe") if framed else page
    await expect(inside.locator("#url")).to_contain_text("ws://")  # its script has run
    await button(inside, "Connect").click()
    await join(inside, "tea")
    await expect(inside.get_by_text("Room tea", exact=True)).to_be_visible()


async def link(page, elsewhere):
    await page.evaluate(
        """address => {
            const link = document.createElement("a");
            link.href = address;
            document.body.append(link);
            link.click();
        }""",
        elsewhere,
    )
    await page.wait_for_url(elsewhere)


async def address_bar(page, elsewhere):
    await page.goto(elsewhere)


async def reload(page, _):
    await page.reload()


async def back(page, _):
    await page.go_back(wait_until="commit")


async def tab(page, _):
    await page.close(run_before_unload=True)


async def crash(page, _):
    devtools = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        await asyncio.wait([asyncio.create_task(devtools.send("Page.crash"))], timeout=1)  # it cannot answer


async def frame_removed(page, _):
    await page.locator("iframe").evaluate("frame => frame.remove()")


async def frame_shows_another_page(page, elsewhere):
    await page.locator("iframe").evaluate("(frame, address) => { frame.src = address }", elsewhere)


WAYS = [link, address_bar, reload, back, tab, crash]


@pytest.mark.parametrize(
    ("framed", "leave"),
    [*((False, way) for way in WAYS), *((True, way) for way in (*WAYS, frame_removed, frame_shows_another_page))],
)
async def test_presence_is_right_whichever_way_a_page_is_left(page, framed, leave):
    async with RoomsServer() as server, site() as elsewhere, site(host(server)) as frame, witness(server) as ann:
        await page.goto(elsewhere)  # where Back leads
        await enter(page, frame if framed else server.page_url, framed)
        await ann.sees("guest-1", "guest-2")
        await leave(page, elsewhere)
        await ann.sees("guest-1")
        await until(lambda: len(server.connections) == 1, SOON)


@pytest.mark.parametrize("framed", [False, True])
async def test_back_and_forward_bring_a_page_back_to_its_room(page, framed):
    """In a frame at once, since the browser kept the page; in a tab of its own it is loaded anew, and waits."""
    async with RoomsServer() as server, site() as elsewhere, site(host(server)) as frame, witness(server) as ann:
        await enter(page, frame if framed else server.page_url, framed)
        await ann.sees("guest-1", "guest-2")
        await page.goto(elsewhere)
        await ann.sees("guest-1")
        await page.go_back(wait_until="commit")
        if not framed:
            await expect(page.get_by_role("status")).to_contain_text("Not connected yet.")
            return
        await ann.sees("guest-1", "guest-3")  # to the server a client that comes back is a new one
        await until_state(page, server, "Open: ")
        assert await shown_again(page, server, EVENTS) == [
            "Connection open",
            "Connection closed: you left this page",
            "Connection open",
        ]
        await page.go_forward(wait_until="commit")
        await ann.sees("guest-1")
        await page.go_back(wait_until="commit")
        await ann.sees("guest-1", "guest-4")


async def test_a_page_comes_back_with_its_token(page):
    async with ChatServer() as server, site() as elsewhere, site(host(server)) as frame:
        await page.goto(frame)
        inside = page.frame_locator("iframe")
        await inside.get_by_label("Token").fill(server.tokens.issue("ann"))
        await button(inside, "Connect").click()
        await expect(rows(inside, "received")).to_have_text(["You are ann"])
        await join(inside, "tea")
        await expect(inside.get_by_text("Room tea", exact=True)).to_be_visible()
        await page.goto(elsewhere)
        await until(lambda: not server.rooms.members and not server.connections, SOON)
        await page.go_back(wait_until="commit")
        await until(lambda: [ws.name for ws in server.rooms.members.get("tea", ())] == ["ann"], SOON)


@pytest.mark.parametrize("pressed", [[], ["Connect", "Disconnect"]])
async def test_a_page_without_a_connection_comes_back_without_one(page, pressed):
    async with EchoServer() as server, site() as elsewhere, site(host(server)) as frame:
        await page.goto(frame)
        inside = page.frame_locator("iframe")
        await expect(inside.locator("#url")).to_contain_text("ws://")
        for name in pressed:
            await button(inside, name).click()
        await expect(inside.locator("#state")).to_have_text("Closed")
        before = await inside.locator("body").evaluate(f"() => (window.kept = {STATE})")
        await page.goto(elsewhere)
        await page.go_back(wait_until="commit")
        await shown_again(page, server, "new Promise(done => setTimeout(done, 300))")  # in which it could connect
        assert await shown_again(page, server, STATE) == before == await shown_again(page, server, "window.kept")
        assert sum(event.kind == "connect" for event in server.log) == len(pressed) / 2


async def test_left_while_it_connects(page):
    """The handshake is on its way: nobody stays behind on the server, and Back connects."""
    async with EchoServer() as server, SimulatedNetwork(server.url) as net, site() as elsewhere:
        async with site(host(net)) as frame:
            await page.goto(frame)
            inside = page.frame_locator("iframe")
            await expect(inside.locator("#url")).to_contain_text("ws://")
            net.silence()
            await button(inside, "Connect").click()
            await expect(inside.locator("#state")).to_have_text("Connecting")
            await page.goto(elsewhere)
            net.heal()
            await until(lambda: server.log and server.log[-1].kind in ("close", "http"))
            await until(lambda: not server.connections, SOON)
            await page.go_back(wait_until="commit")
            await until(lambda: len(server.connections) == 1, SOON)
            await until_state(page, net, "Open: ")


async def test_left_while_it_closes(page):
    """What the student asked for stays so: closed, and no error."""
    async with EchoServer() as server, SimulatedNetwork(server.url) as net, site() as elsewhere:
        async with site(host(net)) as frame:
            await page.goto(frame)
            inside = page.frame_locator("iframe")
            await button(inside, "Connect").click()
            await expect(inside.locator("#state")).to_have_text("Open")
            net.silence()
            await button(inside, "Disconnect").click()
            await expect(inside.locator("#state")).to_have_text("Closing")
            await page.goto(elsewhere)
            net.heal()
            await until(lambda: not server.connections, SOON)
            await page.go_back(wait_until="commit")
            await until_state(page, net, "Closed: You left this page.")


async def test_left_while_it_waits_to_reconnect(page):
    async with EchoServer() as server, site() as elsewhere, site(host(server)) as frame:
        await page.add_init_script("Math.random = () => 0.999")
        await page.goto(frame)
        inside = page.frame_locator("iframe")
        await inside.get_by_label("Reconnect automatically").check()
        await button(inside, "Connect").click()
        await expect(inside.locator("#state")).to_have_text("Open")
        await server.stop()
        await expect(inside.locator("#countdown")).to_contain_text("Next attempt")
        await page.goto(elsewhere)
        async with EchoServer(port=server.port) as server:
            await page.go_back(wait_until="commit")
            await until(lambda: len(server.connections) == 1)
            await until_state(page, server, "Open: ")
            assert sum(event.kind == "connect" for event in server.log) == 1


async def test_a_frozen_page_has_not_been_left(page):
    """It answers every ping and hears nothing; then it hears what was sent meanwhile."""
    async with RoomsServer() as server, witness(server) as ann:
        await enter(page, server.page_url, framed=False)
        await ann.sees("guest-1", "guest-2")
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        await ann.ws.send('{"type":"room-message","message":"are you there?"}')
        (frozen,) = [ws for ws in server.connections if ws.name == "guest-2"]
        for _ in range(3):
            assert await asyncio.wait_for(await frozen.ping(), SOON) < SOON
        assert len(server.rooms.members["tea"]) == 2
        await devtools.send("Page.setWebLifecycleState", {"state": "active"})
        await expect(rows(page, "received").last).to_have_text("guest-1: are you there?")
        await expect(page.locator("#state")).to_have_text("Open")


async def until_state(page, server, wanted: str) -> None:
    """Wait until the server's page, shown again, says so of its connection."""
    await comes(lambda: shown_again(page, server, STATE), lambda state: state == wanted)
