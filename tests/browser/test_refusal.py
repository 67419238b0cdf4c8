"""Why a connection failed: a browser tells a page only 1006, so the page asks the server over HTTP."""

import re

import pytest
from pages import button, connect, expect, site
from websockets.asyncio.client import connect as client

from wslearn.limits import Limits
from wslearn.network import SimulatedNetwork
from wslearn.server.draining import drain
from wslearn.servers.echo import EchoServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

GONE = "No server can be reached at this address. Run the server's cell or its command again."


async def fails(page, words: str) -> None:
    """Press Connect, and see that the first line about it says so."""
    await button(page, "Connect").click()
    await expect(page.locator("#code")).to_have_text("1006 Abnormal closure")
    await expect(page.locator("#details li").first).to_contain_text(words)
    await expect(page.locator("#state")).to_have_text("Closed")


def asked(page) -> list[str]:
    """Return a list to which the page's questions about the server's health are added."""
    found = []
    page.on("request", lambda request: found.append(request.url) if request.url.endswith("/health") else None)
    return found


async def test_nobody_listens(page):
    async with EchoServer() as server:
        await page.goto(server.page_url)
    await fails(page, GONE)


async def test_a_full_server_says_so(page):
    async with EchoServer(limits=Limits(max_connections=1)) as server:
        async with client(server.url):
            await page.goto(server.page_url)
            await fails(page, "The server is full. Open connections: 1. Try again later, or close another page")
        await button(page, "Connect").click()
        await expect(page.locator("#state")).to_have_text("Open")
        assert [event.code for event in server.log if event.kind == "error"] == [503]


async def test_a_server_that_drains_says_so_and_the_page_comes_back_when_it_has_restarted(page):
    words = "The server is about to restart, and takes no new connections now. Connect again in a few seconds."
    async with EchoServer() as server:
        await page.goto(server.page_url)
        await drain(server)
        await fails(page, words)
        await page.get_by_label("Reconnect automatically").check()
        await button(page, "Connect").click()
        await expect(page.locator("#details li").first).to_contain_text(words)
        await expect(page.locator("#state")).to_have_text("Closed, will reconnect")
        assert {event.code for event in server.log if event.kind == "error"} == {503}
    async with EchoServer(port=server.port):
        await expect(page.locator("#state")).to_have_text("Open")
        await expect(page.locator("#details li")).to_have_count(0)


@pytest.mark.parametrize("status", [403, 429, 431, 503])
async def test_the_servers_own_sentence_is_shown_as_text(page, status):
    """It can hold what a stranger wrote, such as a host's name, and be as long as one likes."""
    sentence = f"Host '<img src=x onerror=\"window.ran = 1\">' is not a name of this server. {'x' * 5000}"
    async with EchoServer() as server:
        await page.goto(server.page_url)
    async with site(sentence, status=status, kind="text/plain", port=server.port):
        await fails(page, f"The server refused (HTTP {status}): {sentence[:300]}")
        assert len(await page.locator("#details li").first.inner_text()) < 400
        assert await page.evaluate("window.ran") is None
        assert await page.locator("main img").count() == 0


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (502, "text/html", "<h1>502 Bad Gateway</h1>"),
        (404, "text/plain", "404 page not found"),
        (200, "text/html", "<title>Log in</title>"),
        (200, "application/json", "null"),
        (200, "application/json", '"ok"'),
        (200, "application/json", '{"status":7}'),
    ],
)
async def test_another_program_answers(page, status, kind, body):
    async with EchoServer() as server:
        await page.goto(server.page_url)
    async with site(body, status=status, kind=kind, port=server.port):
        await fails(page, f"Another program answered here, such as a proxy (HTTP {status}). Run the server's cell")


async def test_a_silent_server_answers_nothing_over_http_either(own_page):
    await own_page.clock.install()
    async with EchoServer() as server, SimulatedNetwork(server.url) as net:
        await own_page.goto(net.page_url)
        net.silence()
        await button(own_page, "Connect").click()
        await own_page.clock.run_for(11_000)
        await expect(own_page.locator("#details li").first).to_have_text(
            "The server did not answer an HTTP request within 3 s either. It may be busy, or stopped."
        )
        await expect(own_page.get_by_role("status")).to_contain_text("no response to the handshake within 10 s")


async def test_only_this_connection_was_lost(page):
    async with EchoServer() as server, SimulatedNetwork(server.url) as net:
        await connect(page, net)
        await expect(page.locator("#state")).to_have_text("Open")
        net.cut()
        await expect(page.locator("#details li").first).to_contain_text("running and answers over HTTP: only this")


async def test_the_answer_stays_while_the_page_waits_and_goes_when_the_server_is_back(page):
    await page.add_init_script("Math.random = () => 0.5")
    async with EchoServer() as server:
        await page.goto(server.page_url)
    await page.get_by_label("Reconnect automatically").check()
    await button(page, "Connect").click()
    await expect(page.locator("#countdown")).to_contain_text("Next attempt")
    await expect(page.locator("#details li").first).to_have_text(GONE)
    async with EchoServer(port=server.port):
        await expect(page.locator("#state")).to_have_text("Open")
        await expect(page.locator("#details li")).to_have_count(0)


async def test_an_answer_that_comes_too_late_is_not_shown(page):
    async with EchoServer() as server, SimulatedNetwork(server.url) as net:
        await connect(page, net)
        await expect(page.locator("#state")).to_have_text("Open")
        async with page.expect_event("requestfailed", lambda request: request.url.endswith("/health")) as unanswered:
            async with page.expect_request("**/health"):
                net.cut()
                net.silence()
            await button(page, "Connect").click()
        assert "ERR_ABORTED" in (await unanswered.value).failure
        net.heal()
        await expect(page.locator("#state")).to_have_text("Open")
        await expect(page.locator("#details li")).to_have_count(0)


async def test_nobody_is_asked_where_the_code_says_it_all(page):
    questions = asked(page)
    async with EchoServer() as server:
        await connect(page, server)
        await expect(page.locator("#state")).to_have_text("Open")
    await expect(page.get_by_role("status")).to_contain_text(re.compile("Closed.*1001", re.S))
    async with EchoServer(port=server.port):
        await button(page, "Connect").click()
        await button(page, "Disconnect").click()
        await expect(page.get_by_role("status")).to_contain_text(re.compile("Closed.*1000", re.S))
    assert questions == []


NAME = "wslearn.example"


async def test_a_host_that_is_no_longer_allowed_is_named(browser, chromium, quiet):
    rules = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    named = await browser.browser_type.launch(executable_path=chromium, args=[*quiet, rules])
    try:
        page = await named.new_page()
        async with EchoServer(limits=Limits(hosts=(NAME,))) as server:
            await page.goto(f"http://{NAME}:{server.port}/")
        async with EchoServer(port=server.port):
            refused = f"The server refused (HTTP 403): Host '{NAME}:{server.port}' is not allowed:"
            await fails(page, refused)
            await expect(page.locator("#details li").first).to_contain_text("--allow-host")
    finally:
        await named.close()
