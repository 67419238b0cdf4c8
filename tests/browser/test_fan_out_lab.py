"""The fan-out lab in JupyterLab: each control used, its effect seen."""

import re

import pytest
from dashboards import all_controls_used, button, caption, field, picture, press_run, run_again_and_cancel, status
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: A run takes 8 s where a person watches it.
FAN_OUT = "from wslearn.widgets import broadcast\nbroadcast.RUN = 3.0\nlab = await broadcast.fan_out_lab()"


async def test_every_control_has_its_effect(lab):
    page = await lab(FAN_OUT)
    rows = page.locator(".wsl-dashboard td:first-child")
    fates = page.locator(".wsl-dashboard td:nth-child(2)")
    await expect(caption(page)).to_contain_text(re.compile(r"awaited loop: \d+ messages were due"))
    await expect(fates).to_have_text(["slow, kept"])
    first = await picture(page)
    async with all_controls_used(page):
        await field(page, "Sent with").select_option("fan_out")
        await field(page, "Clients").press("Home")  # 2
        for _ in range(10):
            await field(page, "Messages/s").press("ArrowRight")
        await press_run(page)
        await expect(caption(page)).to_contain_text(
            re.compile(r"^fan_out: 91 messages were due, .* The server dropped client 1 after \d\.\d s\.$")
        )
        assert await picture(page) != first
        await expect(rows).to_have_text(["awaited loop", "fan_out"])
        await expect(fates).to_have_text(["slow, kept", "slow, dropped"])

        await page.get_by_label("Client 1 is slow").uncheck()
        await press_run(page)
        await expect(caption(page)).not_to_contain_text("dropped")
        await expect(fates.last).to_have_text("fast")

        await run_again_and_cancel(page, "broadcast.RUN = 600.0")
        await expect(rows).to_have_count(3)  # what was cancelled is no result

        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")
        await expect(rows).to_have_text(["awaited loop"])
        await expect(caption(page)).to_contain_text(re.compile(r"awaited loop: \d+ messages were due"))
        await expect(field(page, "Clients")).to_have_attribute("aria-valuenow", "8.0")
        await expect(page.get_by_label("Client 1 is slow")).to_be_checked()
