"""`wslearn lab --reset 03` while JupyterLab shows lesson 03: what a reader does in the open tab, and what stays."""

import asyncio
import json
import os
import subprocess
import sys

import nbformat
import pytest
from jupyterlab_runs import LOOK, OPEN, READY, START, ask
from pages import expect

from wslearn.cli import lab, running

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "03_broadcast"
FIRST = "() => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.getSource()"
WRITE = "text => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource(text)"


async def reset(jupyter) -> list[str]:
    """Run the command beside the running JupyterLab, and return its lines."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wslearn", "lab", str(jupyter.folder), "--reset", "03"),
        env=os.environ | {"JUPYTER_RUNTIME_DIR": str(jupyter.folder / ".jupyter" / "runtime")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), START)
    assert process.returncode == 0
    return said.decode().splitlines()


@pytest.mark.parametrize("way", ["reload", pytest.param("revert", marks=pytest.mark.thorough)])
async def test_one_click_shows_the_fresh_lesson_and_the_kernel_goes_on(desk, jupyter, way):
    page, path = await desk.page(jupyter), jupyter.folder / f"{NAME}.ipynb"
    if not page.url.startswith(jupyter.url):
        await jupyter.enter(page)
    await jupyter.close(page)
    await jupyter.command(page, "docmanager:open", path=path.name, factory="Notebook")
    await page.wait_for_function(READY, arg=path.name, timeout=OPEN * 1000, polling=LOOK)
    fresh = nbformat.read(lab.lessons()[NAME], 4).cells[0].source
    await ask(page, "kept = 42")
    await page.evaluate(WRITE, "mine")
    await jupyter.command(page, "docmanager:save")
    await page.evaluate(WRITE, "mine, not saved yet")

    assert (await reset(jupyter))[-4:] == running.advice(NAME)
    assert path.read_bytes() == lab.fresh(lab.lessons()[NAME])
    assert await page.evaluate(FIRST) == "mine, not saved yet"  # JupyterLab hasn't noticed

    if way == "reload":
        await page.get_by_role("menuitem", name="File", exact=True).click()
        await page.get_by_role("menuitem", name="Reload Notebook from Disk").click()
    else:  # what happens without it, at the next save
        await page.evaluate("() => { jupyterapp.commands.execute('docmanager:save') }")
        await expect(page.locator(".jp-Dialog")).to_contain_text("File Changed")
    await page.locator(".jp-Dialog").get_by_role("button", name=way.title()).click()
    await page.wait_for_function(f"fresh => ({FIRST})() === fresh", arg=fresh, polling=LOOK)
    assert await ask(page, "print(kept)") == "42"

    await page.evaluate(WRITE, "mine again")
    await jupyter.command(page, "docmanager:save")  # and nobody is asked anything
    assert json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"] == ["mine again"]
    assert await desk.wrong() == []
