"""Exercises whose answer is a page, in Jupyter Notebook 7, which shows a notebook as JupyterLab does, but alone."""

import json

import pytest
import pytest_asyncio
from jupyterlab_runs import LOOK, OPEN, READY, START, TOKEN, jupyterlab
from page_cases import NOTEBOOK, PATIENT, SPY_CELL, assert_refused, spy, untouched
from pages import expect
from test_page_exercises_in_lab import ANSWER, STUB, WRONG

from wslearn.exercises import browser as ex

pytestmark = pytest.mark.asyncio(loop_scope="session")

READING = ex.impatient.answer + "\nawait ex.impatient.check(seen)"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def jupyter(window, tmp_path_factory):
    """A running Notebook 7."""
    pytest.importorskip("notebook", reason="no Jupyter Notebook: install wslearn[test]")
    async with jupyterlab(tmp_path_factory.mktemp("notebook"), program="JupyterNotebookApp") as running:
        yield running
        await window.close()


async def shown(window, jupyter, *cells: str, theme: str = "light"):
    """Show a notebook of these cells on a new page, run all of it, and return the page."""
    await window.close()  # its notebook isn't saved, so the browser would ask before it loads another one
    page = await window.page(jupyter)
    path = jupyter.write(cells)
    await page.goto(f"{jupyter.url}/notebooks/{path}?token={TOKEN}", timeout=START * 1000)
    await page.wait_for_function("window.jupyterapp", timeout=START * 1000, polling=LOOK)
    await page.wait_for_function(READY, arg=path, timeout=OPEN * 1000, polling=LOOK)
    await jupyter.wear(page, theme)
    window.problems.clear()  # Notebook 7.6.5 itself has an exception whenever it starts
    await jupyter.run_all(page)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_right_wrong_stub_and_a_page_to_read(window, jupyter, theme):
    page = await shown(window, jupyter, PATIENT, NOTEBOOK, ANSWER, WRONG, STUB, READING, theme=theme)
    results = page.locator(".wsl-result")
    await expect(results).to_have_count(4)
    for number, text in enumerate(("Right!", "your page made an element <b> of it", "Not attempted yet.", "Right!")):
        await expect(results.nth(number)).to_contain_text(text)
    await expect(page.locator(".jp-OutputArea iframe")).to_have_count(0)
    assert await window.wrong() == []


async def test_a_hostile_page_reaches_neither_the_notebook_nor_jupyter_nor_another_server(window, jupyter):
    async with untouched() as elsewhere:
        page = await shown(window, jupyter, SPY_CELL.format(page=spy(elsewhere, f"{jupyter.url}/api/contents")))
        assert_refused(json.loads(await page.locator(".jp-OutputArea-output pre").last.inner_text()))
    assert page.url.startswith(jupyter.url)
    wrong = await window.wrong()
    assert all("Content Security Policy" in one or "sandbox" in one or "Blocked" in one for one in wrong), wrong
