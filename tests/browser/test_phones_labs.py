"""The fan-out and the robustness lab with the phones of a class: rehearsed ones, and two real pages, one slow.

The class runs in the notebook's kernel, and the dashboard is on a small projector.
"""

import re
from contextlib import asynccontextmanager

import pytest
from class_pages import people
from dashboards import button, caption, field, press_run, shot, status
from pages import expect
from support import free_ports
from test_stage import all_in_view

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

#: One cell, so that the dashboard is all that a stage has to show.
CELL = """
from wslearn.classroom import ClassServers, rehearsal
from wslearn.widgets import {module}_phones
from wslearn.widgets.{module} import {make}
{module}_phones.RUN = {seconds}
rehearsal.REMARK = 1e6  # who goes into a tunnel would be slow, too
board = await ClassServers("127.0.0.1", {port}, code="kites").start()
await board.rehearse({count})
lab = await {make}(phones=board)
"""
#: How many rehearsed phones there are beside the two real ones. The first of them is slow.
COUNTS = [3, *(pytest.param(count, marks=pytest.mark.thorough) for count in (28, 198))]
#: Long enough for a busy machine with 200 phones.
PATIENT = 60_000


@asynccontextmanager
async def class_of(lab, browser, theme: str, **of_cell):
    """Run a class and a dashboard of it, and yield JupyterLab's page, and those of Ann and Sam, who is slow."""
    port = free_ports(1)
    page = await lab(CELL.format(port=port, **of_cell), theme=theme)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await expect(status(page)).to_contain_text("Done in", timeout=PATIENT)
    async with people(browser, f"http://127.0.0.1:{port}/kites", "Ann", "Sam") as (ann, sam):
        await be_slow(sam)
        yield page, ann, sam


async def be_slow(phone) -> None:
    """Volunteer, as the dashboard asks for."""
    await phone.get_by_role("tab", name="More").click()
    await phone.get_by_text("I am the slow client").click()
    await expect(phone.locator("[data-as=slow-client]")).to_have_attribute("aria-checked", "true")


async def run(page, name: str) -> list[str]:
    """Press Run, wait for its end, look whether all is in view, and return the last row of the table."""
    await press_run(page, PATIENT / 1000)
    await all_in_view(page)
    await shot(page, name)
    return await page.locator(".wsl-dashboard tr").last.locator("td").all_inner_texts()


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
async def test_fan_out(lab, browser, count, theme):
    cell = {"module": "broadcast", "make": "fan_out_lab", "seconds": 6, "count": count}
    async with class_of(lab, browser, theme, **cell) as (page, ann, sam):
        to_do = page.locator(".wsl-panel")
        await expect(to_do).to_contain_text("Somebody: open More, and press “I am the slow client”. A phone can't stop")
        await button(page, "Run").click()
        await expect(ann.locator("#experiment-title")).to_have_text("Who waits for a slow phone?")
        await button(page, "Cancel").click()
        await expect(ann.locator("#experiment")).to_be_hidden()
        loop = await run(page, f"fan-out-{count}-loop-{theme}")
        await field(page, "Sent with").select_option("fan_out")
        fast = await run(page, f"fan-out-{count}-{theme}")
        assert [loop[0], fast[0]] == ["awaited loop", "fan_out"] and "Sam" in loop[1] and "Sam" in fast[1]
        assert int(fast[2].split()[0]) > int(loop[2].split()[0])
        await expect(caption(page)).to_contain_text("were replaced by a newer one before a slow phone took them.")
        await expect(sam.locator("#state")).to_have_text("Connected")


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("theme", [pytest.param("light", marks=pytest.mark.thorough), "dark"])
async def test_robustness(lab, browser, count, theme):
    cell = {"module": "robustness", "make": "robustness_lab", "seconds": 10, "count": count}
    async with class_of(lab, browser, theme, **cell) as (page, ann, sam):
        row = await run(page, f"robustness-{count}-protected-{theme}")
        assert row[0] == "protected" and "Sam" in row[1]
        await expect(caption(page)).to_contain_text(
            re.compile(r"dropped (once|\d+ times), and came back (once|\d+ times)")
        )
        await expect(sam.locator("#state")).to_have_text("Connected")
        await expect(sam.locator("[data-as=slow-client]")).to_have_attribute("aria-checked", "false")
        await be_slow(sam)
        await button(page, "naive").click()
        row = await run(page, f"robustness-{count}-naive-{theme}")
        assert row[0] == "naive" and row[-1] == "0, 0 came back"
        await expect(ann.locator("#state")).to_have_text("Connected")
