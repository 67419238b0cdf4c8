"""The page of `wslearn new`: text stays text, the headers hold, and it comes back when its server does."""

import sys

import pytest
from support import until

from wslearn.cli import new

try:
    from playwright.async_api import expect
except ImportError:
    expect = None  # the fixture `browser` skips or fails every test here, and says what to install

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def command(tmp_path) -> list[str]:
    """The command that starts the server of a new project."""
    new.make(tmp_path / "mine")
    return [sys.executable, str(tmp_path / "mine" / "chat.py"), "--port", "{port}"]


async def say(page, text):
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send").click()


async def test_a_chat_of_two_pages_that_survives_its_server(page, command, server_process, problems):
    attack = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    async with server_process(command) as server:
        await page.goto(f"http://127.0.0.1:{server.port}/")
        await expect(page.get_by_role("status")).to_have_text("Connected as guest-1")
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(other.get_by_role("status")).to_have_text("Connected as guest-2")
        await say(other, attack)
        for each in (page, other):
            await expect(each.get_by_role("log").get_by_role("listitem")).to_have_text([f"guest-2: {attack}"])
        assert await page.locator("img, script:not([src])").count() == 0
        await say(page, " ")
        await expect(page.locator("#messages .error")).to_contain_text("1 to 500 characters")
        assert problems == []
        await page.add_init_script("window.again = true")  # would show that the page was loaded again
        port = server.port
    await expect(page.get_by_role("status")).to_contain_text("Disconnected. The next attempt is in")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    async with server_process(command, port=port):
        await expect(page.get_by_role("status")).to_contain_text("Connected as guest-", timeout=40_000)
        await say(page, "back again")
        await expect(page.get_by_role("log").get_by_role("listitem").last).to_contain_text(": back again")
        assert await page.evaluate("window.again") is None
        # What a page could never do: run a script that is written in it, or talk to another site.
        await page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'ran = 1'}))")
        assert await page.evaluate("typeof ran") == "undefined"
        await until(lambda: problems)
        assert [text for text in problems if "Content Security Policy" in text] == problems != []
        problems.clear()


async def test_a_page_finds_out_that_its_connection_is_dead(own_page, command, server_process):
    """Nothing comes any more, and no close event either: only the page's own pings can tell."""
    await own_page.clock.install()
    opened, sent = [], []

    def silent(socket):
        opened.append(socket.url)
        socket.on_message(lambda text: sent.append(text))
        socket.send('{"type":"welcome","name":"ann"}')

    await own_page.route_web_socket("**/ws", silent)
    async with server_process(command) as server:
        await own_page.goto(f"http://127.0.0.1:{server.port}/")
        await expect(own_page.get_by_role("status")).to_have_text("Connected as ann")
        await own_page.clock.run_for(20_000)
        await until(lambda: sent == ['{"type":"ping"}'])
        assert len(opened) == 1
        await own_page.clock.run_for(21_000)  # the next check, and the wait before the next attempt: 1 s at most
        await until(lambda: len(opened) == 2)
