"""The fan-out and the robustness lab with the phones of a class: rehearsed ones, and two real pages, one slow.

The dashboard is in JupyterLab on a small projector; the pages are in browsers of their own.
"""

import re
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from class_pages import join
from dashboards import button, caption, field, shot, status
from pages import expect
from support import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Scrolls the dashboard to the top of a small projector.
TOP = """() => {
    const area = document.querySelector('.wsl-panel').closest('.jp-Cell-outputArea')
    const scroller = area.closest('.jp-WindowedPanel-outer')
    scroller.scrollTop += area.getBoundingClientRect().top - scroller.getBoundingClientRect().top
}"""
#: Whether controls, picture and line are all in view.
IN_VIEW = """() => {
    const area = document.querySelector('.wsl-panel').closest('.jp-Cell-outputArea')
    const view = area.closest('.jp-WindowedPanel-outer').getBoundingClientRect()
    const parts = '.wsl-panel :is(button, input, select, .noUi-handle, .wsl-status), .jp-RenderedImage img, .wsl-line'
    return [...area.querySelectorAll(parts)].filter(part => part.checkVisibility()).flatMap(part => {
        const { top, right, bottom } = part.getBoundingClientRect()
        const inside = right <= view.right + 1 && top >= view.top - 1 && bottom <= view.bottom + 1
        return inside ? [] : [[part.textContent || part.tagName, top, right, bottom, view.bottom]]
    })
}"""


@asynccontextmanager
async def real_phones(browser, url, *names):
    """Join a class with real pages, each in its own browser's memory, or they would be one person."""
    async with AsyncExitStack() as stack:
        pages = []
        for name in names:
            context = await browser.new_context()
            stack.push_async_callback(context.close)
            pages.append(await context.new_page())
            await join(pages[-1], url, name)
        yield pages


async def opened(lab, source: str, run: str, theme: str = "light", rehearse: int = 3):
    """Open a class and a dashboard of it in JupyterLab; return the page, and the address for phones."""
    port = free_ports(1)
    start = f"from wslearn.widgets.classroom import classroom\nboard = await classroom('127.0.0.1', {port}, "
    make = f"from wslearn.widgets.{source.removesuffix('_phones')} import {LABS[source]} as show"
    short = f"from wslearn.widgets import {source}\n{source}.RUN = {run}"
    cells = (
        f"{start}code='kites', rehearse={rehearse}, height=100)",
        f"{make}\n{short}\nlab = await show(phones=board)",
    )
    page = await lab(*cells, theme=theme)
    return page, f"http://127.0.0.1:{port}/kites"


LABS = {"broadcast_phones": "fan_out_lab", "robustness_phones": "robustness_lab"}


async def be_slow(phone) -> None:
    """Volunteer, as the dashboard asks for."""
    await phone.get_by_role("tab", name="More").click()
    await phone.get_by_text("I am the slow client").click()
    await expect(phone.locator("[data-as=slow-client]")).to_have_attribute("aria-checked", "true")


async def run(page) -> None:
    """Press Run, and wait for its end."""
    await button(page, "Run").click()
    await expect(status(page)).to_contain_text("Done in", timeout=60_000)


async def test_fan_out_with_a_page_that_is_slow(lab, browser):
    page, url = await opened(lab, "broadcast_phones", "6.0", rehearse=0)
    await expect(caption(page)).to_contain_text("awaited loop: Nobody has joined yet")
    await expect(page.locator(".wsl-panel")).to_contain_text("Somebody: open More, and press “I am the slow client”.")
    async with real_phones(browser, url, "Ann", "Sam") as (ann, sam):
        await be_slow(sam)
        await button(page, "Run").click()
        await expect(ann.locator("#experiment-title")).to_have_text("Who waits for a slow phone?")
        await expect(status(page)).to_contain_text("Done in", timeout=60_000)
        await expect(ann.locator("#experiment")).to_be_hidden()
        await expect(caption(page)).to_contain_text("Slow: Sam.")
        row = page.locator(".wsl-dashboard tr").last.locator("td")
        await expect(row.nth(1)).to_have_text("Sam")
        in_loop = int((await row.nth(2).inner_text()).split()[0])
        await field(page, "Sent with").select_option("fan_out")
        await run(page)
        await expect(row.nth(0)).to_have_text("fan_out")
        assert int((await row.nth(2).inner_text()).split()[0]) > 2 * in_loop
        await expect(caption(page)).to_contain_text("were replaced by a newer one before a slow phone took them.")


async def test_robustness_with_a_page_that_is_slow_and_dropped_and_comes_back(lab, browser):
    page, url = await opened(lab, "robustness_phones", "10.0", rehearse=0)
    async with real_phones(browser, url, "Ann", "Sam") as (ann, sam):
        await be_slow(sam)
        await run(page)
        await expect(caption(page)).to_contain_text(re.compile("dropped once, and came back once"))
        await expect(sam.locator("#state")).to_have_text("Connected")
        await expect(sam.locator("[data-as=slow-client]")).to_have_attribute("aria-checked", "false")
        await be_slow(sam)
        await button(page, "naive").click()
        await run(page)
        await expect(page.locator(".wsl-dashboard tr").last.locator("td").last).to_have_text("0, 0 came back")
        await expect(ann.locator("#state")).to_have_text("Connected")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("source", LABS)
async def test_it_fits_a_small_projector(lab, browser, source, theme):
    page, url = await opened(lab, source, "8.0", theme, rehearse=30)
    await page.set_viewport_size({"width": 1280, "height": 720})
    async with real_phones(browser, url, "Ann", "Zoe"):
        await run(page)
    await page.evaluate(TOP)
    await shot(page, f"{source}-{theme}")
    assert await page.evaluate(IN_VIEW) == []
    await page.get_by_label("Large type").check()
    await page.evaluate(TOP)
    await shot(page, f"{source}-{theme}-large")
    assert await page.evaluate(IN_VIEW) == []
