"""Token, room and heartbeat on the page."""

import re

import pytest
from pages import Sends, button, connect, expect, join, members, rows, say
from support import until
from test_page import stop_the_clock

from wslearn.messages import LeaveRoom, Presence
from wslearn.servers.chat import ChatServer
from wslearn.servers.heartbeat import HeartbeatServer
from wslearn.servers.rooms import Rooms, RoomsServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


class LateNews(RoomsServer):
    """Tells a client that has just left a room about it: news that crossed with the leaving."""

    async def handler(self, ws):
        async for request in ws.receive(*Rooms.requests):
            await self.rooms.answer(ws, request)
            if isinstance(request, LeaveRoom):
                await ws.say(Presence("lobby", ["guest-9"]))


async def test_chat_authenticates_joins_talks_and_leaves(page):
    async with ChatServer() as server:
        await connect(page, server, token=server.tokens.issue("alice"))
        await expect(rows(page, "received")).to_have_text(["You are alice"])
        await say(page, "too early")
        await expect(rows(page, "error")).to_have_text([re.compile("^not-in-a-room: join a room first")])
        await join(page, "lobby")
        await expect(members(page)).to_have_text(["alice"])
        await say(page, "hello room")
        await expect(rows(page, "received").last).to_have_text("alice: hello room")
        await expect(page.get_by_text(re.compile(r"Last round trip: \d+\.\d ms"))).to_be_visible()
        await expect(page.get_by_text("Alive", exact=True)).to_be_visible()
        await button(page, "Leave").click()
        await expect(page.get_by_text("Not in a room", exact=True)).to_be_visible()
        await expect(page.get_by_role("textbox", name="Room")).to_be_focused()
        await until(lambda: not server.rooms.members)


async def test_two_windows_talk_in_a_room(page):
    async with RoomsServer() as server:
        other = await page.context.new_page()
        for window in (page, other):
            await connect(window, server)
            await join(window, "lobby")
        for window in (page, other):
            await expect(members(window)).to_have_text(["guest-1", "guest-2"])
        await say(other, "<b>hi</b>")
        await expect(rows(page, "received").last).to_have_text("guest-2: <b>hi</b>")
        await other.close()
        await expect(members(page)).to_have_text(["guest-1"])


async def test_late_news_about_a_room_that_was_left_changes_nothing(page):
    async with LateNews() as server:
        await connect(page, server)
        await join(page, "lobby")
        await button(page, "Leave").click()
        await expect(rows(page, "received").last).to_have_text("Members of room lobby: guest-9")
        await expect(page.get_by_text("Not in a room", exact=True)).to_be_visible()
        await join(page, "lobby")
        await expect(members(page)).to_have_text(["guest-1"])


async def test_chat_is_back_in_its_room_after_a_restart(page):
    async with ChatServer(secret="of the test") as server:
        await connect(page, server, token=server.tokens.issue("alice"), reconnect=True)
        await join(page, "lobby")
        await expect(page.get_by_text("Room lobby", exact=True)).to_be_visible()
    await expect(page.get_by_text("Room lobby (rejoined when the connection is back)")).to_be_visible()
    await expect(members(page)).to_have_count(0)
    async with ChatServer(secret="of the test", port=server.port) as server:
        await expect(page.get_by_text("Room lobby", exact=True)).to_be_visible()
        await expect(members(page)).to_have_text(["alice"])
        await expect(rows(page, "sent")).to_have_text(["Token", "Join room lobby"] * 2)


async def test_a_wrong_token_is_explained_and_not_tried_again(page):
    async with ChatServer() as server:
        await connect(page, server, token="wrong", reconnect=True)
        status = page.get_by_role("status")
        await expect(status).to_contain_text("1008 Policy violation")
        await expect(status).to_contain_text("Reason given: Invalid token.")
        said = await rows(page, "error").inner_text()
        assert said.startswith("unauthorized: ")
        await expect(status).to_contain_text(f"The server's last message: {said.removeprefix('unauthorized: ')}")
        await expect(button(page, "Connect")).to_be_visible()
        await page.get_by_label("Token").fill(server.tokens.issue("alice"))
        await button(page, "Connect").click()
        await expect(rows(page, "received")).to_have_text(["You are alice"])
        assert sum(event.kind == "connect" for event in server.log) == 2


async def test_a_token_is_not_shown(page):
    async with ChatServer() as server:
        token = server.tokens.issue("alice")
        await connect(page, server, token=token)
        await expect(rows(page, "sent")).to_have_text(["Token"])
        await expect(page.locator("#messages")).to_contain_text('{"type":"authenticate","token":"[not shown]"}')
        assert token not in await page.content()
        assert await page.get_by_label("Token").get_attribute("type") == "password"


async def test_without_a_token_nothing_is_sent(page):
    async with Sends(features="token ping") as server:
        await connect(page, server)
        await expect(rows(page, "event").last).to_contain_text("No token given")
        await say(page, '"marker"')
        await until(lambda: server.received == ["marker"])  # neither authenticate nor a ping before it


async def test_the_heartbeat_shows_the_last_round_trip(page):
    async with HeartbeatServer(interval=0.1) as server:
        await connect(page, server)
        await expect(page.get_by_text("Alive", exact=True)).to_be_visible()
        shown = page.locator("#round-trip")
        await expect(shown).to_have_text(re.compile(r"^\d+\.\d ms$"))
        await until(lambda: sum("ping" in event.text for event in server.log) >= 2)  # again and again, not once
        await expect(page.locator("#messages .sent")).to_have_count(0)
        await button(page, "Disconnect").click()
        await expect(page.get_by_text("No open connection")).to_be_visible()


async def test_a_second_welcome_leaves_no_second_heartbeat(page):
    welcome = {"type": "authenticated", "user": "alice"}
    async with Sends(welcome, welcome, features="token ping") as server:
        await page.add_init_script(
            """const { setInterval, clearInterval } = window;
            window.beating = new Set();
            window.setInterval = (...how) => { const id = setInterval(...how); beating.add(id); return id; };
            window.clearInterval = (id) => { clearInterval(id); beating.delete(id); };"""
        )
        await connect(page, server)
        await expect(rows(page, "received")).to_have_count(2)
        assert await page.evaluate("beating.size") == 1
        await button(page, "Disconnect").click()
        await expect(page.locator("#state")).to_have_text("Closed")
        assert await page.evaluate("beating.size") == 0


async def test_a_server_that_answers_no_ping_is_given_up(own_page):
    await stop_the_clock(own_page)
    async with Sends(features="ping") as server:
        await connect(own_page, server)
        await until(lambda: server.received == [{"type": "ping"}])
        await own_page.clock.run_for(4000)
        await expect(own_page.get_by_text("Waiting for a pong")).to_be_visible()
        await expect(own_page.locator("#state")).to_have_text("Open")
        await own_page.clock.run_for(9000)
        await expect(own_page.get_by_role("status")).to_contain_text("Reason given: no pong within 10 s.")
        assert server.received == [{"type": "ping"}]
