"""Every notebook as its reader meets it: opened in JupyterLab, Run All, looked at from top to bottom."""

import pytest
from dashboards import shot
from notebook_runs import NOTEBOOKS, code_cells, read
from pages import expect

COUNTS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code').map(cell => cell.model.executionCount)"""
CELLS = "() => jupyterapp.shell.currentWidget.content.widgets.length"
#: Those that run always. The others run in a kernel of their own always (tests/notebooks), and here with -m thorough.
ALWAYS = ("00_start_here", "02_echo")
#: Its pages have something refused, and the browser's console says so: test_browser_side.py looks at it.
REFUSES = "08_browser"
SHOW = "number => jupyterapp.shell.currentWidget.content.scrollToItem(number, 'center')"


def test_the_notebooks_are_those_that_the_introduction_lists():
    introduction = read(NOTEBOOKS["00_start_here"])
    table = next(cell.source for cell in introduction.cells if cell.id == "lessons")
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) == len(NOTEBOOKS) >= 9
    assert [row.split()[1].strip("[") for row in rows] == [name[:2] for name in NOTEBOOKS]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] * (name not in ALWAYS)) for name in NOTEBOOKS if name != REFUSES],
)
async def test_it_runs_in_jupyterlab(lab, jupyter, name):
    page = await lab(jupyter.folder / f"{name}.ipynb")
    count = len(code_cells(read(NOTEBOOKS[name])))
    assert await page.evaluate(COUNTS) == list(range(1, count + 1))
    await look_through(page)
    for title in await page.locator(".wsl-title").all():
        await expect(title).to_be_visible()
    await shot(page, f"notebook-{name}")


async def look_through(page) -> None:
    """Scroll from the first cell to the last one: JupyterLab draws what is seen. No image is broken."""
    for number in range(await page.evaluate(CELLS)):
        await page.evaluate(SHOW, number)
    broken = "images => images.filter(image => image.complete && !image.naturalWidth).map(image => image.outerHTML)"
    assert await page.locator(".jp-Notebook img").evaluate_all(broken) == []
