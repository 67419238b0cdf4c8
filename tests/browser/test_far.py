"""A kernel on another machine: JupyterLab under a base address, its servers' pages through jupyter-server-proxy.

Twice: as a program behind a reverse proxy would start it, and as JupyterHub and Binder do, with the hub's variable and
with pages of every Origin allowed, so that our own servers must refuse them.
"""

import json
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from dashboards import caption, press_run
from jupyterlab_runs import jupyterlab
from notebook_runs import NOTEBOOKS, code_cells, read, text
from page_cases import PATIENT, SPY_CELL, assert_refused, spy, untouched
from pages import button, connect, expect, rows, say, site
from test_browser_side import OUTPUTS
from test_phone_away import pauses

from wslearn.browser import NEEDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASE = "/user/ann/"
KINDS = {
    "base address": ((), {}),
    "hub": (("--ServerApp.allow_origin=*",), {"JUPYTERHUB_SERVICE_PREFIX": BASE}),
}
SHOW = """
from wslearn import EchoServer
from wslearn.notebook import show

server = await EchoServer().start()
show(server)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=KINDS)
async def jupyter(request, window, tmp_path_factory):
    """A running JupyterLab under a base address, for `lab`; `kind` says which."""
    options, variables = KINDS[request.param]
    folder = tmp_path_factory.mktemp("far")
    async with jupyterlab(folder, f"--ServerApp.base_url={BASE}", *options, env=variables) as running:
        assert urlsplit(running.url).path == BASE.rstrip("/")
        running.kind = request.param
        yield running
        await window.close()


async def addresses(page, count: int = 1) -> list[str]:
    """Return the addresses of so many pages that a notebook shows."""
    frames = page.locator(".jp-OutputArea-output iframe")
    await expect(frames).to_have_count(count)
    return await frames.evaluate_all("frames => frames.map(frame => frame.src)")


async def run_next(page, jupyter) -> None:
    """Run the selected cell to its end, and select the next."""
    await jupyter.command(page, "notebook:run-cell")
    await jupyter.command(page, "notebook:move-cursor-down")  # run-cell-and-select-next would add a cell at the end


async def test_the_page_is_shown_and_talks(lab, jupyter):
    page = await lab(SHOW)
    (address,) = await addresses(page)
    assert re.fullmatch(rf"{re.escape(jupyter.url)}/proxy/\d+/wslearn-key-[\w-]+/", address)
    inside = page.frame_locator(".jp-OutputArea-output iframe")
    hidden = re.sub("wslearn-key-[^/]+", "wslearn-key-…", address)  # a class may be looking
    websocket = f"ws{hidden.removeprefix('http')}ws?last-words"
    await expect(inside.locator("#url")).to_have_text(websocket)  # its script has run: its buttons do something
    await button(inside, "Connect").click()
    await say(inside, "from far away")
    await expect(rows(inside, "received")).to_have_text(["Welcome! Connection established.", "Echo: from far away"])

    async with page.expect_popup() as popup:
        await page.get_by_role("link", name="Open the page in its own tab").click()
    alone = await popup.value
    await expect(alone.locator("#url")).to_have_text(websocket)
    await button(alone, "Connect").click()
    await expect(rows(alone, "received")).to_have_text(["Welcome! Connection established."])
    assert alone.url == address
    await alone.close()


# Origin

#: What a WebSocket says to the page that opens it: its first message, or nothing where it is closed before.
TRIES = """address => new Promise(end => {
    const ws = new WebSocket(address), said = []
    ws.onmessage = message => { said.push(message.data); ws.close() }
    ws.onclose = () => end(said)
})"""


async def test_a_foreign_page_is_refused(lab, jupyter):
    """By Jupyter itself, and by our server where Jupyter allows every Origin."""
    page = await lab(SHOW, "[event.code for event in server.log if event.kind == 'error']", run=False)
    await run_next(page, jupyter)
    (address,) = await addresses(page)
    websocket = f"ws{address.removeprefix('http')}ws"
    async with site() as elsewhere:  # on another port: its browser sends Jupyter's cookies all the same
        foreign = await page.context.new_page()
        await foreign.goto(elsewhere)
        assert await foreign.evaluate(TRIES, websocket) == []
    await foreign.goto(address)
    assert await foreign.evaluate(TRIES, websocket) == ["Welcome! Connection established."]
    await foreign.close()
    await run_next(page, jupyter)
    await expect(page.locator(".jp-OutputArea-output").last).to_have_text(
        {"base address": "[]", "hub": "[403]"}[jupyter.kind]
    )


# Why a connection was closed

SERVERS = """
import time
from wslearn import EchoServer, Limits, Server
from wslearn.notebook import show
from wslearn.servers.auth import AuthServer
from wslearn.servers.broadcast import BroadcastServer
from wslearn.servers.heartbeat import HeartbeatServer
from wslearn.tokens import Tokens

class Brief(Tokens):
    def verify(self, token):
        return {"sub": "ann", "exp": time.time() + 0.5}

class Broken(Server):
    async def handler(self, ws):
        await ws.recv()
        raise KeyError("a mistake")

class Goodbye(Server):
    async def handler(self, ws):
        await ws.recv()
        await ws.close(1000, "see you")

expiring = AuthServer()
expiring.tokens = Brief("secret")
servers = [
    EchoServer(), BroadcastServer(limits=Limits(rate=0.01)), AuthServer(limits=Limits(auth_timeout=0.5)),
    expiring, HeartbeatServer(), Broken(), Goodbye(), EchoServer(),
]
for server in servers:
    show(await server.start())
"""
STOP = "for server in servers:\n    await server.stop()"
#: For each of them a token, what the page sends, its last line about the connection, and what else it says.
CLOSES = [
    (None, ["x" * 70_000], "1009 Message too big, frame with 70000 bytes", "Reason given: frame with 70000 bytes"),
    (None, ["1", "2", "3"], "1008 Policy violation, Too many messages", "last message: the limit is 0.01 messages a"),
    (None, [], "1008 Policy violation, Invalid token", "last message: no token within 0.5 s"),
    ("a.b.c", [], "1008 Policy violation, Token expired", "last message: the token has expired: connect again"),
    (None, ["?"] * 10, "1008 Policy violation, 10 malformed messages in a row", 'message: expected {"type":"ping"}'),
    (None, ["?"], "1011 Internal error, the server's handler failed", "Its log has the details."),
    (None, ["?"], "1000 Normal closure, see you", "Another attempt would end the same way"),
    (None, None, "1001 Going away", "The server is stopping"),
]
#: Sends these messages.
SEND = "(field, texts) => { for (const text of texts) { field.value = text; field.form.requestSubmit() } }"


@pytest.mark.parametrize("jupyter", ["base address"], indirect=True)
async def test_why_a_connection_was_closed_reaches_the_page(lab, jupyter):
    notebook = await lab(SERVERS, STOP, run=False)
    await run_next(notebook, jupyter)
    page = await notebook.context.new_page()
    await pauses(page, 3_600_000)  # what it says about the end stays there while the test looks at it
    shown = await addresses(notebook, len(CLOSES))
    for address, (token, messages, line, more) in zip(shown, CLOSES, strict=True):
        final = not line.startswith(("1011", "1001"))
        await connect(page, SimpleNamespace(page_url=address), token=token, reconnect=True)
        await expect(rows(page, "event").first).to_have_text("Connection open")
        # All at once: the page's own pings between them would be valid messages, and one of those ends a row.
        await page.locator("#text").evaluate(SEND, messages or [])
        if messages is None:
            await run_next(notebook, jupyter)
        await expect(rows(page, "event").filter(has_text=f"Connection closed: {line}").first).to_be_visible()
        status = page.get_by_role("status")
        await expect(status).to_contain_text(more)
        await expect(status).to_contain_text("Closed" if final else "Closed, will reconnect")
        await expect(button(page, "Connect" if final else "Stop reconnecting")).to_be_visible()
    await page.close()


# Why a connection was refused, or nobody listens: the proxy opens the WebSocket first and then closes it with 1006

FULL = """
from websockets.asyncio.client import connect
from wslearn import EchoServer, Limits
from wslearn.notebook import show

server = await EchoServer(limits=Limits(max_connections=1)).start()
client = await connect(server.url)
show(server)
"""


@pytest.mark.parametrize("jupyter", ["base address"], indirect=True)
async def test_why_a_connection_was_refused_reaches_the_page(lab, jupyter):
    notebook = await lab(FULL, "await server.stop()", run=False)
    await run_next(notebook, jupyter)
    inside = notebook.frame_locator(".jp-OutputArea-output iframe")
    first = inside.locator("#details li").first
    await expect(inside.locator("#url")).to_contain_text("ws?last-words")
    await button(inside, "Connect").click()
    await expect(first).to_contain_text("The server is full. Open connections: 1.")
    await run_next(notebook, jupyter)
    await button(inside, "Connect").click()
    await expect(first).to_contain_text("Another program answered here, such as a proxy (HTTP 500).")


# What needs no proxy: dashboards and exercises talk with their servers inside the kernel

EXERCISE = """
from wslearn import Server
from wslearn.exercises import echo as ex

class Shout(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper() + "!")

await ex.shout.check(Shout)
"""


PAGE_EXERCISE = """
from wslearn.exercises import browser as ex

PAGE = '''<!doctype html>
<ul id="messages"></ul>
<script>
const ws = new WebSocket("ws")
ws.onmessage = event => {
  const item = document.createElement("li")
  item.textContent = event.data
  document.getElementById("messages").append(item)
}
</script>'''
await ex.safe_text.check(PAGE)
"""


async def test_a_students_page_is_checked_in_the_browser(lab):
    """Its server is reached through the proxy, like every page; its WebSocket is carried by `postMessage`."""
    page = await lab(PATIENT, PAGE_EXERCISE, "await ex.safe_text.check(PAGE.replace('textContent', 'innerHTML'))")
    results = page.locator(".wsl-result")
    await expect(results.nth(0)).to_contain_text("Right!")
    await expect(results.nth(1)).to_contain_text("your page made an element <b> of it")


async def test_a_hostile_page_does_not_reach_jupyter_whose_origin_its_server_has(desk, jupyter):
    page = await desk.page(jupyter)
    async with untouched() as elsewhere:
        await jupyter.open(page, SPY_CELL.format(page=spy(elsewhere, f"{jupyter.url}/api/contents")))
        assert_refused(json.loads(await page.locator(".jp-OutputArea-output pre").last.inner_text()))
    await desk.wrong()  # the console has what the browser refused


@pytest.mark.thorough
@pytest.mark.parametrize("jupyter", ["base address"], indirect=True)
async def test_all_of_lesson_08_works_there(desk, jupyter):
    """Each experiment runs to its end in the browser, and shows what is saved wherever the proxy takes nothing away."""
    page, notebook = await desk.page(jupyter), NOTEBOOKS["08_browser"]
    await jupyter.open(page, notebook)
    shown = await page.evaluate(OUTPUTS)
    experiments = [name for name in shown if name.endswith(("-run", "-repaired", "-first", "-log", "-away"))]
    assert len(experiments) >= 14
    assert not [name for name in experiments if NEEDS in shown[name] or "has not ended" in shown[name]]
    saved = {cell.id: text(cell) for cell in code_cells(read(notebook))}
    differ = {name for name in experiments if shown[name] not in saved[name]} - {"modify-away"}
    # They show close codes, and the subprotocol that the proxy has chosen by itself.
    assert differ <= {"order-run", "codes-leave-run", "error-run", "headers-run", "subprotocol-run"}, differ
    await desk.wrong()  # the console has the connections that fail


@pytest.mark.parametrize("jupyter", ["base address"], indirect=True)
async def test_dashboards_and_exercises_work_there(lab):
    page = await lab("from wslearn.widgets.latency import latency_lab\nawait latency_lab()", EXERCISE)
    await expect(page.get_by_text("Right!")).to_be_visible()
    await press_run(page)
    await expect(caption(page)).to_contain_text("Medians")
