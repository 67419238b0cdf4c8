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
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import not_
from pathlib import Path

from jupyterlab_runs import LOOK, ask
from pages import PATIENCE, comes, expect


def button(page, label: str):
    """Return the button of a dashboard with this label."""
    return page.locator("button.jupyter-button", has_text=re.compile(f"^{re.escape(label)}$"))


async def shot(page, name: str) -> None:
    """Keep a picture of the page, to be looked at, where WSLEARN_SHOTS names a folder."""
    if folder := os.environ.get("WSLEARN_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


#: Notes, by its name, each control of a dashboard that is used from now on.
NOTE = """() => {
    const label = control => control.closest('label') || control.closest('.widget-inline-hbox').querySelector('label')
    const words = control => control.textContent.trim() || label(control).textContent.trim()
    window.nameOf = control => control.download ? 'the file' : words(control)
    window.controls = '.wsl-dashboard :is(button, input, select, .noUi-handle, a[href])'
    window.used = new Set()
    const note = ({ target }) => {
        const control = target.closest(controls)
        if (control) used.add(nameOf(control))
    }
    for (const kind of ['click', 'input', 'change', 'keydown']) document.addEventListener(kind, note, true)
}"""
UNUSED = """() => [...document.querySelectorAll(controls)].filter(control => control.checkVisibility())
    .map(nameOf).filter(name => !used.has(name))"""


#: Counts, in `window.ended`, the runs that end from now on. What a run shows may be gone before anybody looks at it,
#: because a browser that is held up gets the messages of a whole run at once. An observer is told of each change.
COUNT_ENDS = r"""() => {
    const panel = document.querySelector('.wsl-panel')
    const runs = names => /\bwsl-running\b/.test(names)
    let on = runs(panel.className)
    window.ended = 0
    window.counting?.disconnect()
    window.counting = new MutationObserver(changes => {
        for (const names of [...changes.slice(1).map(change => change.oldValue), panel.className]) {
            ended += on && !runs(names)
            on = runs(names)
        }
    })
    counting.observe(panel, { attributeFilter: ['class'], attributeOldValue: true })
}"""
#: The addresses of all pictures of dashboards that are shown, or nothing unless they are those that the kernel has sent
#: last, and the browser has decoded them.
PICTURES = """() => {
    const outputs = ({ model }) => model.type === 'code' ? model.outputs.toJSON() : []
    const sent = jupyterapp.shell.currentWidget.content.widgets.flatMap(outputs)
        .flatMap(({ data }) => data?.['image/png'] ?? []).map(data => `data:image/png;base64,${data}`)
    const shown = [...document.querySelectorAll('.jp-RenderedImage img')]
    const ready = shown.every((one, n) => one.complete && one.naturalWidth && one.src === sent[n])
    return sent.length && ready && shown.length === sent.length ? sent : []
}"""


@asynccontextmanager
async def all_controls_used(page) -> AsyncIterator[None]:
    """Fail at the end of the block if a control that is seen then was not used in it.

    The switch for large type, which every dashboard has, is used here.
    """
    await page.evaluate(NOTE)
    usual = await size_of_type(page)
    await page.get_by_label("Large type").check()
    assert await size_of_type(page) > 1.3 * usual
    await page.get_by_label("Large type").uncheck()
    yield
    assert await page.evaluate(UNUSED) == []


async def size_of_type(page) -> float:
    """Return how large the line below a dashboard's picture is written, in pixels."""
    return await caption(page).evaluate("line => parseFloat(getComputedStyle(line).fontSize)")


async def run_again_and_cancel(page, endless: str = "") -> None:
    """Press Run, once more while it runs, and Cancel. `endless` is code for the kernel that makes runs long enough."""
    await ask(page, endless)
    await button(page, "Run").click()
    await expect(button(page, "Cancel")).to_be_enabled()
    await button(page, "Run").click()
    await expect(status(page)).not_to_have_text(re.compile("Done|Cancelled|It did not work"))
    await expect(button(page, "Cancel")).to_be_enabled()
    await button(page, "Cancel").click()
    await expect(status(page)).to_have_text("Cancelled. Press Run to start again.")
    await expect(button(page, "Cancel")).to_be_disabled()


async def resize(page, width: int) -> None:
    """Make the window so wide, in pixels, and wait until JupyterLab's notebook fills it but for the sidebars."""
    await page.set_viewport_size({"width": width, "height": 1300})
    await page.wait_for_function(
        """() => {
            const rest = innerWidth - document.querySelector('.jp-NotebookPanel').getBoundingClientRect().right
            return rest >= 0 && rest < 100
        }"""
    )


async def nothing_beyond(page, parts: str) -> None:
    """Expect that none of these parts goes beyond the right edge of its cell's output, once the page has its width."""
    beyond = """parts => {
        const edge = document.querySelector('.jp-OutputArea').getBoundingClientRect().right
        const over = [...document.querySelectorAll(parts)]
            .filter(part => part.checkVisibility() && part.getBoundingClientRect().right > edge)
        return over.map(part => part.outerHTML)
    }"""
    await comes(lambda: page.evaluate(beyond, parts), not_)


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
    """Return the picture's address, which is its content, once the page shows what the kernel has sent last."""
    (shown,) = await comes(lambda: page.evaluate(PICTURES), bool)
    return shown


async def press_run(page, seconds: float = PATIENCE) -> None:
    """Press Run, and wait for the end of the run."""
    await page.evaluate(COUNT_ENDS)
    await button(page, "Run").click()
    await page.wait_for_function("ended > 0", timeout=1000 * seconds, polling=LOOK)
    await expect(status(page)).to_contain_text("Done in")
