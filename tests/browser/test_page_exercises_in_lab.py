"""Exercises whose answer is a page, in JupyterLab: near, and through jupyter-server-proxy in test_far.py."""

import json
import re
from urllib.parse import urlsplit

import pytest
from page_cases import NOTEBOOK, PATIENT, SPY_CELL, assert_refused, spy, untouched
from pages import expect

from wslearn.exercises import browser as ex

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: The cells as the lesson has them, with the exercise's own answer: it uses what an earlier cell of the lesson defines.
ANSWER = f"""
from wslearn.exercises import browser as ex
{ex.safe_text.answer}
await ex.safe_text.check(safe_text_page)
"""
WRONG = "await ex.safe_text.check(safe_text_page.replace('textContent', 'innerHTML'))"
STUB = """await ex.safe_text.check('<script>\\nthrow new Error("not attempted yet")\\n</script>')"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_right_wrong_and_stub(lab, theme):
    page = await lab(PATIENT, NOTEBOOK, ANSWER, WRONG, STUB, theme=theme)
    results = page.locator(".wsl-result")
    await expect(results).to_have_count(3)
    await expect(results.nth(0)).to_contain_text("Right!")
    await expect(results.nth(1)).to_contain_text("your page made an element <b> of it")
    await expect(results.nth(2)).to_contain_text("Not attempted yet.")
    await expect(page.locator(".jp-OutputArea iframe")).to_have_count(0)  # a saved notebook would show them broken


FAR = """
from wslearn.exercises import browser as ex
{answer}
print((await ex.{name}.check({name}_page, remote=True)).state)
"""
#: A right and a wrong answer that need close codes and `bufferedAmount`, both of which the proxy would lose.
ANSWERS = {
    "safe_text": ("textContent = event", "innerHTML = event"),
    "reconnect": ("TERMINAL.includes(event.code)", "event.code === 1005"),
    "back_pressure": ("ws.bufferedAmount + 10_000 > 100_000", "ws.bufferedAmount < 0"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_through_the_proxy_if_the_reader_says_so(lab, name):
    """`check(…, remote=True)`: the frame and the kernel's end are behind the proxy, the page's WebSocket is not."""
    answer = getattr(ex, name).answer
    page = await lab("1")
    asked = []
    for event in ("request", "websocket"):
        page.on(event, lambda what: asked.append(urlsplit(what.url)))
    await lab(
        PATIENT,
        NOTEBOOK,
        FAR.format(name=name, answer=answer),
        f"await ex.{name}.check({name}_page.replace{ANSWERS[name]!r}, remote=True)",
    )
    await expect(page.get_by_text("right", exact=True)).to_be_visible()
    await expect(page.locator(".wsl-result")).to_contain_text(
        {"safe_text": "made an element <b>", "reconnect": "connected again", "back_pressure": "waited in the browser"}[
            name
        ]
    )
    jupyter = urlsplit(page.url).netloc
    pages = [one.path for one in asked if "/page/" in one.path]
    sockets = [one.path for one in asked if one.scheme == "ws" and not one.path.startswith("/api/")]
    assert {one.netloc for one in asked if one.scheme in ("http", "ws")} == {jupyter}
    assert pages and all(re.match(r"/proxy/\d+/wslearn-key-", path) for path in pages + sockets), (pages, sockets)
    assert len(sockets) == len(pages)


async def test_a_hostile_page_reaches_neither_the_notebook_nor_jupyter_nor_another_server(desk, jupyter):
    """Not with `lab`: what the browser refuses goes into its console, which `lab` takes for a failure."""
    page = await desk.page(jupyter)
    async with untouched() as elsewhere:
        await jupyter.open(page, SPY_CELL.format(page=spy(elsewhere, f"{jupyter.url}/api/contents")))
        printed = await page.locator(".jp-OutputArea-output pre").last.inner_text()
        assert_refused(json.loads(printed))
    assert page.url.startswith(jupyter.url)
    wrong = await desk.wrong()
    assert all("Content Security Policy" in one or "sandbox" in one or "Blocked" in one for one in wrong), wrong
