"""The life of a connection on the page: connect, talk, close, come back."""

import json
import re

import pytest
from pages import button, connect, expect, rows, say
from support import until

from wslearn.server import Server
from wslearn.servers.echo import EchoServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Closes(Server):
    """Says its last words, then closes with `code`."""

    def __init__(self, code, reason="", last_words=None):
        super().__init__()
        self.code, self.reason, self.last_words = code, reason, last_words

    async def handler(self, ws):
        if self.last_words:
            await ws.send(json.dumps({"type": "error", "code": "invalid-token", "message": self.last_words}))
        await ws.close(self.code, self.reason)


async def test_connect_send_and_see_the_echo(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.get_by_role("status")).to_contain_text("Open")
        await say(page, "hello")
        await expect(rows(page, "received")).to_have_text(["Welcome! Connection established.", "Echo: hello"])
        await expect(rows(page, "sent")).to_have_text(["hello"])
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("")
        await button(page, "Clear").click()
        await expect(page.locator("#messages li")).to_have_count(0)


async def test_disconnect_shows_the_code_and_what_it_means(page):
    async with EchoServer() as server:
        await connect(page, server, reconnect=True)
        await expect(page.locator("#state")).to_have_text("Open")
        await button(page, "Disconnect").click()
        closed = re.compile("Closed.*1000 Normal closure.*finished", re.S)
        await expect(page.get_by_role("status")).to_contain_text(closed)
        await expect(button(page, "Connect")).to_be_visible()  # and no reconnecting
        await until(lambda: server.log[-1].kind == "close")
        assert server.log[-1].code == 1000


async def test_what_is_typed_without_a_connection_stays_and_is_explained(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
        await say(page, "too early")
        await expect(rows(page, "event")).to_have_text([re.compile("Not sent.*Press Connect")])
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("too early")


async def test_a_stopped_server_is_1001_and_the_page_comes_back_when_it_does(page):
    async with EchoServer() as server:
        await connect(page, server, reconnect=True)
        await expect(page.locator("#state")).to_have_text("Open")
        await server.stop()
        await expect(rows(page, "event").filter(has_text="1001 Going away")).to_be_visible()
    async with EchoServer(port=server.port) as server:
        await expect(page.locator("#state")).to_have_text("Open")
        await say(page, "back again")
        await expect(rows(page, "received").last).to_have_text("Echo: back again")
        assert len(server.connections) == 1


async def test_without_the_switch_a_lost_connection_stays_lost(page):
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.locator("#state")).to_have_text("Open")
    await expect(page.locator("#state")).to_have_text("Closed")
    await expect(page.get_by_role("status")).to_contain_text("1001 Going away The server is stopping")


async def stop_the_clock(page) -> None:
    """Stop the page's clock before the page is loaded; it moves as `page.clock.run_for` says."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1)


@pytest.mark.parametrize("how", ["button", "switch"])
async def test_waiting_counts_down_and_can_be_stopped(own_page, how):
    page = own_page
    await page.add_init_script("Math.random = () => 0.5")
    await stop_the_clock(page)
    async with Closes(1011, "handler failed") as server:
        await connect(page, server, reconnect=True)
        countdown = page.locator("#countdown")
        for number, wait in enumerate((500, 1000, 2000), start=1):  # half of 1, 2 and 4 seconds
            await expect(page.locator("#state")).to_have_text("Closed, will reconnect")
            await page.clock.run_for(100)
            await expect(countdown).to_have_text(f"Next attempt in {wait / 1000 - 0.1:.1f} s (number {number})")
            if number < 3:
                await page.clock.run_for(wait - 100)
        await page.clock.run_for(1000)
        await expect(countdown).to_have_text("Next attempt in 0.9 s (number 3)")
        if how == "button":
            await button(page, "Stop reconnecting").click()
        else:
            await page.get_by_label("Reconnect automatically").uncheck()
        await expect(page.locator("#state")).to_have_text("Closed")
        await expect(button(page, "Connect")).to_be_visible()
        await expect(countdown).to_be_hidden()
        assert sum(event.kind == "connect" for event in server.log) == 3


@pytest.mark.parametrize(
    ("code", "words", "tries_again"),
    [
        (1000, "Normal closure", False),
        (1002, "Protocol error", False),
        (1003, "Unsupported data", False),
        (1007, "Invalid payload", False),
        (1008, "Policy violation", False),
        (1009, "Message too big", False),
        (1010, "Extension missing", False),
        (1011, "Internal error", True),
        (1012, "Service restart", True),
        (1013, "Try again later", True),
        (3000, "Unauthorized", False),
        (3999, "Registered code", True),
        (4001, "Private code", True),
    ],
)
async def test_close_codes_are_explained_and_some_end_the_trying(page, code, words, tries_again):
    async with Closes(code, "because of <b>this</b>") as server:
        await connect(page, server, reconnect=True)
        await expect(rows(page, "event").nth(1)).to_have_text(
            f"Connection closed: {code} {words}, because of <b>this</b>"
        )
        if tries_again:
            await until(lambda: sum(event.kind == "connect" for event in server.log) >= 2)
        else:
            status = page.get_by_role("status")
            await expect(status).to_contain_text(f"{code} {words}")
            await expect(status).to_contain_text("Reason given: because of <b>this</b>.")
            await expect(status).to_contain_text("Another attempt would end the same way")
            await expect(button(page, "Connect")).to_be_visible()


async def test_last_words_say_why_where_a_proxy_has_lost_the_close_code(page):
    async with Closes(None, last_words="Expected a token, got none.") as server:  # an empty close frame: 1005
        await connect(page, server, reconnect=True)
        status = page.get_by_role("status")
        closed = re.compile("Closed.*1005 No code received.*proxy.*Expected a token, got none.", re.S)
        await expect(status).to_contain_text(closed)
        await expect(rows(page, "error")).to_have_text(["invalid-token: Expected a token, got none."])
        await expect(status).to_contain_text("Another attempt would end the same way")


async def test_1006_says_that_it_hides_a_refused_handshake(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
    await button(page, "Connect").click()
    await expect(page.get_by_role("status")).to_contain_text(re.compile("1006 Abnormal closure.*401, 403, 503", re.S))


@pytest.mark.parametrize(
    ("patch", "state", "seconds", "reason"),
    [
        ("window.WebSocket = class { close() {} }", "Connecting", 10, "no response to the handshake within 10 s"),
        ("WebSocket.prototype.close = () => {}", "Closing", 5, "no close frame from the server within 5 s"),
    ],
)
async def test_a_silent_server_is_given_up(own_page, patch, state, seconds, reason):
    await own_page.add_init_script(patch)
    await stop_the_clock(own_page)
    async with EchoServer() as server:
        await connect(own_page, server, reconnect=state == "Closing")
        if state == "Closing":
            await expect(own_page.locator("#state")).to_have_text("Open")
            await button(own_page, "Disconnect").click()
        await own_page.clock.run_for((seconds - 2) * 1000)
        await expect(own_page.locator("#state")).to_have_text(state)
        await own_page.clock.run_for(3000)
        await expect(own_page.get_by_role("status")).to_contain_text(f"Reason given: {reason}")
        await expect(own_page.locator("#state")).to_have_text("Closed")  # and stays so: the student asked for the end


async def test_the_waits_grow_to_30_s_with_full_jitter(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
        waits = await page.evaluate(
            """async () => {
                const { backoff } = await import("./static/backoff.js");
                return [0, 1, 2, 3, 4, 5, 6, 50, 2000].map((n) => Array.from({ length: 1000 }, () => backoff(n)));
            }"""
        )
        for drawn, limit in zip(waits, [1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
            assert 0 <= min(drawn) < 0.1 * limit * 1000
            assert 0.9 * limit * 1000 < max(drawn) <= limit * 1000


async def test_all_addresses_are_relative_for_a_proxy_with_a_prefix(page):
    async with EchoServer() as server:
        prefix = "user/alice/proxy/54321/"

        async def strip(route):
            await route.continue_(url=route.request.url.replace(prefix, ""))

        requested = []
        page.on("request", lambda request: requested.append(request.url))
        await page.route(f"**/{prefix}**", strip)
        async with page.expect_websocket() as websocket:
            await page.goto(server.page_url + prefix)
            await button(page, "Connect").click()
        # This proxy does not pass WebSockets on under its prefix, so the page asks over HTTP, under the same one.
        await expect(page.get_by_role("status")).to_contain_text("running, but it refused the WebSocket")
        assert f"{server.page_url}{prefix}health" in requested
        assert (await websocket.value).url == f"{server.url}{prefix}ws?last-words"
        assert len(requested) > 3
        assert all(url.startswith(server.page_url + prefix) for url in requested), requested
