"""Lesson 08 in a real browser: a policy stops what a message brings, scripts report, the lesson runs in JupyterLab."""

import asyncio

import pytest
import pytest_asyncio
from dashboards import shot
from jupyterlab_runs import ask
from notebook_runs import NOTEBOOKS, code_cells, read, text
from page_cases import PATIENT
from pages import PATIENCE, comes, expect
from support import until
from test_notebooks_in_lab import COUNTS, look_through

from wslearn import Server
from wslearn.browser import NEEDS, Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

ATTACK = """<img src="x" onerror="ws.send('stolen')"><b>bold</b>"""
PAGE = """<!doctype html><style>li { color: rgb(1, 2, 3) }</style><ul id="messages"></ul><script>
const ws = new WebSocket("ws")
ws.onmessage = event => {
    const item = document.createElement("li")
    item.HOW = event.data
    document.getElementById("messages").append(item)
    ws.send("shown")
}
</script>"""
#: Of the cells that a browser has answered: what each shows.
OUTPUTS = """() => Object.fromEntries(jupyterapp.shell.currentWidget.content.widgets
    .filter(({ model }) => model.type === 'code').map(({ model }) => [model.id, model.outputs.toJSON()
        .filter(output => output.output_type === 'stream').map(output => output.text).flat().join('')]))"""
#: What differs from run to run, or from browser to browser.
VARY = {"modify-away"}


class Wall(Server):
    """Sends the attack to whoever comes, and keeps what comes back."""

    def __init__(self, how: str, *, csp: bool) -> None:
        super().__init__()
        self.page, self.csp = PAGE.replace("HOW", how), csp
        self.received: asyncio.Queue[str] = asyncio.Queue()

    async def handler(self, ws):
        await ws.send(ATTACK)
        async for message in ws:
            self.received.put_nowait(message)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser):
    """A page whose console may say that something was refused: that is the point here."""
    context = await browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    yield await context.new_page()
    await context.close()


async def received(server: Wall) -> str:
    return await asyncio.wait_for(server.received.get(), PATIENCE)


async def test_without_a_policy_a_message_runs_its_code(visitor):
    async with Wall("innerHTML", csp=False) as server:
        await visitor.goto(server.page_url)
        assert [await received(server), await received(server)] == ["shown", "stolen"]


async def test_the_policy_runs_the_pages_own_script_and_style_and_no_other(visitor):
    refused = []
    visitor.on("console", lambda message: refused.append(message.text))
    async with Wall("innerHTML", csp=True) as server:
        await visitor.goto(server.page_url)
        assert await received(server) == "shown"
        item = visitor.locator("#messages li")
        await expect(item.locator("b")).to_have_text("bold")  # the fault is still there
        await expect(item).to_have_css("color", "rgb(1, 2, 3)")
        for code in ("fetch('http://127.0.0.1:1/')", "new WebSocket('ws://127.0.0.1:1/')"):  # another origin
            await visitor.evaluate(f"() => {{ {code}{'.catch(() => 0)' if 'fetch' in code else ''} }}")
        # Of the image, onerror, fetch and WebSocket.
        await until(lambda: sum("Content Security Policy" in line for line in refused) >= 4, PATIENCE)
        directives = " ".join(line for line in refused if "Content Security Policy" in line)
        assert all(name in directives for name in ("script-src", "connect-src")), refused
        assert server.received.empty()


async def test_text_as_text_needs_no_policy(visitor):
    async with Wall("textContent", csp=False) as server:
        await visitor.goto(server.page_url)
        assert await received(server) == "shown"
        await expect(visitor.locator("#messages li")).to_have_text(ATTACK)
        assert await visitor.locator("#messages li *").count() == 0


async def test_a_page_knows_the_subprotocol_that_its_server_has_chosen(visitor, capsys):
    async with Browser() as browser:
        await visitor.goto(browser.page_url)
        await expect(visitor.get_by_role("status")).to_contain_text("Connected.")
        for offer in '["chat.v2", "chat.v1"]', '["chat.v2"]', "[]":
            await browser.run(f"""
const ws = new WebSocket(url, {offer})
const {{ type, code }} = await Promise.race([once(ws, "open"), once(ws, "close")])
log(type, code ?? "", "chosen:", ws.protocol)""")
    assert capsys.readouterr().out.splitlines() == ["open  chosen: chat.v1", "close 1006 chosen: ", "open  chosen: "]


async def test_a_script_runs_in_the_page_and_reports(visitor, capsys):
    async with Browser() as server:
        await visitor.goto(server.page_url)
        await expect(visitor.get_by_role("status")).to_contain_text("Connected.")
        await server.run("log('a', 1); await sleep(1); log(typeof url)")
        await server.run("const ws = new WebSocket(url); await once(ws, 'open'); ws.send('hi'); "
                         "log((await once(ws, 'message')).data)")  # fmt: skip
        await server.run("throw new TypeError('no')")
        await server.run("this is no script")
        await server.run("await once(window, 'never')", timeout=0.2)
        await server.run("log('still here')")
        await expect(visitor.get_by_role("status")).to_contain_text("Connected.")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["a 1", "string", "hi", "The script failed. TypeError: no"]
    assert lines[4].startswith("The script failed. SyntaxError")
    assert lines[5:] == ["The script has not ended after 0.2 seconds. This cell waits no longer.", "still here"]
    await expect(visitor.get_by_role("status")).to_contain_text("has stopped")


async def test_a_connection_that_a_script_leaves_meets_no_later_script(visitor):
    met: list[str] = []

    async def note(ws):
        met.append(ws.request.path)
        await ws.send("noted")

    async with Browser() as server:
        await visitor.goto(server.page_url)
        for _ in range(20):
            await server.run("for (let i = 0; i < 6; i++) new WebSocket(url)")
            await server.run('await once(new WebSocket(url + "?mine"), "message")', note)
    assert met == ["/ws?mine"] * 20


async def states(page) -> list[str | None]:
    """Return what the pages that a notebook shows say of their connections."""
    shown = "() => document.querySelector('#state')?.textContent"
    return [await frame.evaluate(shown) for frame in page.frames if frame.parent_frame]


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
async def test_the_lesson_in_jupyterlab_shows_what_is_saved(visitor, jupyter, theme):
    await visitor.set_viewport_size({"width": 1280, "height": 1000})
    notebook = read(NOTEBOOKS["08_browser"])
    saved = {cell.id: text(cell) for cell in code_cells(notebook)}
    await jupyter.open(visitor, NOTEBOOKS["08_browser"], theme=theme, run=False)
    await ask(visitor, PATIENT)
    await jupyter.run_all(visitor)
    assert await visitor.evaluate(COUNTS) == list(range(1, len(saved) + 1))
    await look_through(visitor)
    await shot(visitor, f"notebook-08-{theme}")
    await comes(lambda: states(visitor), lambda found: "closed for good, with 1008" in found)  # part 4's has given up
    shown = await visitor.evaluate(OUTPUTS)
    from_browser = [name for name in shown if name.endswith(("-run", "-repaired", "-first", "-log")) or name in VARY]
    assert len(from_browser) >= 12
    for name in from_browser:
        assert shown[name] and NEEDS not in shown[name], name
        if name not in VARY:
            assert shown[name] in saved[name], name
    await jupyter.close(visitor)
