"""The page of every server in two windows at once; one of them is behind a network that fails.

Window `far` loses its network and comes back, window `near` sees what becomes of it.
"""

from contextlib import asynccontextmanager

import pytest
from pages import button, connect, expect, join, members, rows, say
from support import until

from wslearn.cli.main import SERVERS
from wslearn.network import SimulatedNetwork
from wslearn.servers.auth import AuthServer
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.chat import ChatServer
from wslearn.servers.comparison import ComparisonServer
from wslearn.servers.echo import EchoServer
from wslearn.servers.feed import FeedServer
from wslearn.servers.heartbeat import HeartbeatServer
from wslearn.servers.rooms import RoomsServer

MADE = {
    "echo": EchoServer,
    "broadcast": BroadcastServer,
    "rooms": RoomsServer,
    "feed": FeedServer,
    "auth": AuthServer,
    "heartbeat": HeartbeatServer,
    "chat": ChatServer,
}
#: In these, what one window says comes to the other.
SHARED = ("broadcast", "rooms", "auth", "chat", "feed")
#: In these, a window joins a room. The members after the first window has come back:
ROOMS = {"rooms": ["guest-2", "guest-3"], "chat": ["alice", "bob"], "feed": ["guest-1", "guest-2"]}
every_server = pytest.mark.parametrize("name", MADE)
in_the_browsers_loop = pytest.mark.asyncio(loop_scope="session")


def test_no_server_is_left_out():
    assert {*MADE, "comparison"} == set(SERVERS)


async def enter(page, name: str, server, address, user: str) -> None:
    """Connect a window at `address`, the server or a network before it, and join a room where there are rooms."""
    token = server.tokens.issue(user) if name in ("auth", "chat") else None
    await connect(page, address, token=token, reconnect=True)
    await expect(page.locator("#state")).to_have_text("Open")
    if token:
        await expect(rows(page, "received")).to_have_text([f"You are {user}"])
    if name in ROOMS:
        await join(page, "lobby")
        await expect(page.get_by_text("Room lobby", exact=True)).to_be_visible()


@asynccontextmanager
async def two_windows(page, name: str):
    """Start a server and a network before it, and connect two windows: `far` by the network, `near` without it."""
    far, near = page, await page.context.new_page()
    async with MADE[name]() as server, SimulatedNetwork(server.url) as net:
        await enter(far, name, server, net, "alice")
        await enter(near, name, server, server, "bob")
        yield far, near, server, net


async def two_beats(server) -> None:
    """Let the server's heart beat twice, the second time when one client has answered, however long that takes."""
    pongs = await server.heartbeat.beat(server.connections, {})
    await until(lambda: any(pong.done() for pong in pongs.values()))
    await server.heartbeat.beat(server.connections, pongs)


async def talk(name: str, speaker, other, text: str) -> None:
    """Say something in one window, and see what becomes of it in both."""
    if name == "heartbeat":  # nobody talks there: its page shows the round trips
        for window in (speaker, other):
            await expect(window.get_by_text("Alive", exact=True)).to_be_visible()
        return
    await say(speaker, text)
    await expect(rows(speaker, "received").last).to_contain_text(text)
    if name in SHARED:
        await expect(rows(other, "received").last).to_contain_text(text)
    else:
        await expect(rows(other, "received").filter(has_text=text)).to_have_count(0)


@in_the_browsers_loop
@every_server
async def test_join_send_see_lose_the_network_and_come_back(page, name):
    async with two_windows(page, name) as (far, near, server, net):
        await talk(name, far, near, "hello from afar")
        await talk(name, near, far, "good day")

        net.cut()
        await expect(rows(far, "event").filter(has_text="1006")).to_be_visible()
        if who := ROOMS.get(name):
            for window in (far, near):
                await expect(members(window)).to_have_text(who)
        await expect(far.locator("#state")).to_have_text("Open")
        await until(lambda: len(server.connections) == 2)
        if name in ("auth", "chat"):
            await expect(rows(far, "received").filter(has_text="You are alice")).to_have_count(2)
        await talk(name, far, near, "here I am again")
        await talk(name, near, far, "welcome back")
        renamed = name == "feed"  # a line more in the log: the session keeps its name on its new connection
        assert sum(event.kind == "connect" for event in server.log) == 3 + renamed


@in_the_browsers_loop
@every_server
async def test_a_silent_network_is_found_by_a_heartbeat_only(page, name):
    async with two_windows(page, name) as (far, near, server, net):
        net.silence()
        if name in ("heartbeat", "chat"):
            await two_beats(server)
            await until(lambda: len(server.connections) == 1)
            if name == "chat":
                await expect(members(near)).to_have_text(["bob"])
            net.heal()
            await expect(rows(far, "event").filter(has_text="1006")).to_be_visible()
            await until(lambda: len(server.connections) == 2)
            await expect(far.locator("#state")).to_have_text("Open")
            if name == "chat":
                await expect(members(far)).to_have_text(["alice", "bob"])
            await talk(name, near, far, "welcome back")
            return
        speaker = near if name in SHARED else far
        await say(speaker, "into the void")
        if name in SHARED:
            await expect(rows(near, "received").last).to_contain_text("into the void")
        await expect(far.locator("#state")).to_have_text("Open")  # it has noticed nothing
        void = rows(far, "received").filter(has_text="into the void")
        await expect(void).to_have_count(0)
        net.heal()
        await expect(void).to_have_count(1)  # late, and not lost
        await talk(name, far, near, "here I am")


@in_the_browsers_loop
async def test_the_comparison_shows_both_windows_what_it_offers(page):
    far, near = page, await page.context.new_page()
    async with ComparisonServer() as server, SimulatedNetwork(server.page_url) as net:
        for window, address in ((far, net.page_url), (near, server.page_url)):
            await window.goto(address)
            await expect(window.locator("body")).to_contain_text("/long-poll")
        net.cut()
        await far.reload()
        await expect(far.locator("body")).to_contain_text("/long-poll")


@in_the_browsers_loop
async def test_who_leaves_on_purpose_stays_away(page):
    async with two_windows(page, "rooms") as (far, near, _, net):
        await button(far, "Disconnect").click()
        await expect(members(near)).to_have_text(["guest-2"])
        net.cut()
        await expect(far.locator("#state")).to_have_text("Closed")
        await button(far, "Connect").click()
        await expect(far.locator("#state")).to_have_text("Open")
