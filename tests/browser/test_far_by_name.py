"""A browser that knows the kernel's machine by a name, as a hub's: what looks like DNS rebinding, and is not.

jupyter-server-proxy passes that name on as the Host, and no header says that it was a proxy. So the way in is the key
that `show()` puts into its links, and only that.
"""

import pytest
import pytest_asyncio
from jupyterlab_runs import TOKEN, Jupyter, jupyterlab
from pages import PATIENCE, button, expect, rows, say

from wslearn import EchoServer
from wslearn.servers.comparison import ComparisonServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

HUB = "hub.school.example"
SHOW = """
from wslearn import EchoServer
from wslearn.notebook import show

server = await EchoServer().start()
show(server)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hub(tmp_path_factory):
    """JupyterLab at a name, under a prefix."""
    options = ("--ServerApp.base_url=/user/ann/", "--ServerApp.allow_remote_access=True")
    variables = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}
    async with jupyterlab(tmp_path_factory.mktemp("hub"), *options, env=variables) as running:
        yield Jupyter(running.folder, running.url.replace("127.0.0.1", HUB))


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, chromium, quiet, hub):
    """A page of a browser for which the name leads to this machine, logged in."""
    rules = f"--host-resolver-rules=MAP {HUB} 127.0.0.1"
    named = await browser.browser_type.launch(executable_path=chromium, args=[*quiet, rules])
    page = await named.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    await page.goto(f"{hub.url}/api?token={TOKEN}")
    yield page
    await named.close()


async def talk(page, text: str) -> None:
    """Connect, and get an echo."""
    await expect(page.locator("#url")).to_contain_text("wslearn-key-")  # its script has run: its buttons do something
    await button(page, "Connect").click()
    await say(page, text)
    await expect(rows(page, "received")).to_have_text(["Welcome! Connection established.", f"Echo: {text}"])


async def test_the_key_lets_the_page_and_its_websocket_in_and_nothing_else_does(page, hub):
    async with EchoServer() as server:
        refused = await page.goto(f"{hub.url}/proxy/{server.port}/")
        assert refused.status == 403
        assert f"Host '{HUB}:" in await refused.text() and "--allow-host" in await refused.text()
        await page.goto(f"{hub.url}/proxy/{server.port}/{server.proxy_path}/")
        await talk(page, "by name")
        said = [f"{event}" for event in server.log]
        assert [event.code for event in server.log][:1] == [403] and server.proxy_path not in "\n".join(said)


async def test_the_comparison_has_the_key_on_both_ports(page, hub):
    async with ComparisonServer() as server:
        for port in (server.port, server.http_port):
            assert (await page.goto(f"{hub.url}/proxy/{port}/")).status == 403
            assert (await page.goto(f"{hub.url}/proxy/{port}/{server.proxy_path}/")).status == 200
        published = await page.evaluate(
            "address => fetch(address, {method: 'POST', body: 'hi'}).then(answer => answer.status)",
            f"{hub.url}/proxy/{server.http_port}/{server.proxy_path}/publish",
        )
        assert (published, server.peers.events.last) == (200, 1)


@pytest.mark.parametrize("size", [9_000, 40_000])
async def test_other_programs_cookies_are_no_hindrance(page, hub, size):
    many = [{"name": f"other-{n}", "value": "x" * 3000, "domain": HUB, "path": "/"} for n in range(size // 3000 + 1)]
    await page.context.add_cookies(many)
    async with EchoServer() as server:
        await page.goto(f"{hub.url}/proxy/{server.port}/{server.proxy_path}/")
        await talk(page, "with cookies")
        [ws] = server.connections
        assert len(ws.request.headers["Cookie"]) > size


async def test_show_gives_out_the_key_and_a_saved_notebook_does_not_contain_it(page, hub):
    await hub.enter(page)
    await hub.open(page, SHOW)
    frame = page.locator(".jp-OutputArea-output iframe")
    address = await frame.get_attribute("src")
    key = address.rstrip("/").rpartition("/")[2]
    assert address.startswith("/user/ann/proxy/") and key.startswith("wslearn-key-")
    await talk(page.frame_locator(".jp-OutputArea-output iframe"), "from a hub")
    async with page.expect_popup() as popup:
        await page.get_by_role("link", name="Open the page in its own tab").click()
    alone = await popup.value
    await alone.bring_to_front()  # or the browser may not draw it, and a button that is not drawn cannot be pressed
    await talk(alone, "in a tab of its own")
    await hub.command(page, "docmanager:save")
    saved = next(hub.folder.glob("test-*.ipynb")).read_text(encoding="utf-8")
    assert key not in saved and f"/user/ann/proxy/{address.split('/')[4]}/wslearn-key-[redacted]/" in saved
