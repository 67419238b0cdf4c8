"""Exercises whose answer is a page, in JupyterLab: near, and through jupyter-server-proxy in test_far.py."""

import json

import pytest
from page_cases import NOTEBOOK, SPY_CELL, assert_refused, spy, untouched
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
    page = await lab(NOTEBOOK, ANSWER, WRONG, STUB, theme=theme)
    results = page.locator(".wsl-result")
    await expect(results).to_have_count(3)
    await expect(results.nth(0)).to_contain_text("Right!")
    await expect(results.nth(1)).to_contain_text("your page made an element <b> of it")
    await expect(results.nth(2)).to_contain_text("Not attempted yet.")
    await expect(page.locator(".jp-OutputArea iframe")).to_have_count(0)  # a saved notebook would show them broken


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
