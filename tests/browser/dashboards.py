"""What a student uses on a dashboard, and sees there: for tests of the dashboards in JupyterLab.

    async def test_run(lab):
        page = await lab("from wslearn.widgets.latency import latency_lab", "await latency_lab()")
        await field(page, "Count").fill("3")
        await press_run(page)
        await expect(caption(page)).to_contain_text("Medians")

`lab` is a fixture; each of its arguments is a cell.
"""

import os
import re
from pathlib import Path

from pages import expect


def button(page, label: str):
    """Return the button of a dashboard with this label."""
    return page.locator("button.jupyter-button", has_text=re.compile(f"^{re.escape(label)}$"))


async def shot(page, name: str) -> None:
    """Keep a picture of the page, to be looked at, where WSLEARN_SHOTS names a folder."""
    if folder := os.environ.get("WSLEARN_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


def field(page, label: str):
    """Return the control with this label."""
    row = page.locator(".widget-inline-hbox", has=page.locator("label", has_text=re.compile(f"^{re.escape(label)}$")))
    return row.locator("input, select, .noUi-handle").first


def status(page):
    """Return the line that says how it goes, or what went wrong."""
    return page.locator(".wsl-status, .wsl-error")


def caption(page):
    """Return the line below the picture."""
    return page.locator(".jp-OutputArea-output p").first


async def picture(page) -> str:
    """Return the picture's address, which is its content."""
    return await page.locator(".jp-OutputArea-output img").get_attribute("src")


async def press_run(page) -> None:
    """Press Run, and wait for the end of the run."""
    await button(page, "Run").click()
    await expect(status(page)).to_have_text("Running …")
    await expect(status(page)).to_contain_text("Done in", timeout=20_000)
