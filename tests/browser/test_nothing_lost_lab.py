"""The nothing-lost lab in JupyterLab: cut the cables, replace the server, and read who has lost what."""

import re

import pytest
from dashboards import all_controls_used, button, caption, field, run_again_and_cancel, status
from pages import expect

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.thorough]

#: A run ends when it is cancelled: what follows takes longer than a minute on a busy machine.
CELL = """
from wslearn.widgets import nothing_lost

nothing_lost.RUN = 600.0
lab = await nothing_lost.nothing_lost_lab()
"""


async def test_every_control_has_its_effect(lab):
    page = await lab(CELL)
    line = caption(page)
    lost = r"^naive: missed \d+, doubled 0; reconnecting: missed [1-9]\d*, doubled [1-9]\d*; resuming: missed 0, "
    await expect(line).to_have_text(re.compile(lost))
    await expect(button(page, "Cut the cables")).to_be_disabled()
    async with all_controls_used(page):
        await run_again_and_cancel(page)
        await field(page, "Away (s)").press("Home")
        await field(page, "Messages/s").press("End")
        await button(page, "Run").click()
        await expect(line).to_have_text(re.compile(r"^naive: missed 0, doubled 0; reconnecting: missed 0, doubled 0;"))
        await button(page, "Cut the cables").click()
        await expect(line).to_have_text(re.compile(lost))
        await button(page, "New server").click()
        await expect(line).to_contain_text("The resuming client told its user once that something may be missing.")
        await button(page, "Cancel").click()
        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")
        await expect(line).to_have_text(re.compile(lost))
        await expect(field(page, "Away (s)")).to_have_attribute("aria-valuenow", "1.0")
