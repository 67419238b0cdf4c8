"""The several-servers lab in JupyterLab: kill, freeze and restart, and read who has missed what."""

import re

import pytest
from dashboards import all_controls_used, button, caption, field, run_again_and_cancel, status
from pages import expect

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.thorough]

#: A run ends when it is cancelled: what follows takes longer than a minute on a busy machine.
CELL = """
from wslearn.widgets import several_servers

several_servers.RUN = 600.0
lab = await several_servers.several_servers_lab()
"""
#: Processes start slowly on a busy machine, in milliseconds.
SLOW = 60_000


async def test_every_control_has_its_effect(lab):
    page = await lab(CELL)
    line = caption(page)
    killed = r"^The three naive clients: missed [1-9]\d*, twice 0; the three resuming clients: missed 0, twice 0, "
    await expect(line).to_have_text(re.compile(killed + "recovered 1 of 1"), timeout=SLOW)
    await expect(button(page, "Kill")).to_be_disabled()
    async with all_controls_used(page):
        await run_again_and_cancel(page)
        await field(page, "For (s)").press("Home")
        await field(page, "Messages/s").press("End")
        await button(page, "Run").click()
        await expect(status(page)).to_contain_text("s left", timeout=SLOW)
        await field(page, "Which").select_option("the engine")
        await button(page, "Freeze").click()
        await expect(button(page, "Freeze")).to_be_enabled(timeout=SLOW)
        await expect(line).to_contain_text("recovered 0 of 0")
        await field(page, "Which").select_option("server b")
        await button(page, "Kill").click()
        await expect(line).to_have_text(re.compile(killed + "recovered 1 of 1"), timeout=SLOW)
        await button(page, "Restart all").click()
        await expect(line).to_have_text(re.compile(killed + r"recovered (\d+) of \1\."), timeout=SLOW)
        await button(page, "Cancel").click()
        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in", timeout=SLOW)
        await expect(line).to_have_text(re.compile(killed + "recovered 1 of 1"))
        await expect(field(page, "Messages/s")).to_have_attribute("aria-valuenow", "8.0")
