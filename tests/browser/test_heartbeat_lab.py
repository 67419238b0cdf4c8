"""The heartbeat lab in JupyterLab: silence, and the client is dead; heal, and it is back; the sliders' theory."""

import re

import pytest
from dashboards import all_controls_used, button, caption, field, run_again_and_cancel, status
from pages import expect

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.thorough]

#: A machine that is held up for longer than the timeout counts a false alarm, rightly: the controls work all the same.
ALIVE = r"^ALIVE(, false alarms: \d+)?; "
#: A run ends when it is cancelled: what follows takes longer than a minute on a busy machine.
CELL = """
from wslearn.widgets import heartbeat

heartbeat.LENGTH = 600.0
lab = await heartbeat.heartbeat_lab()
"""


async def test_every_control_has_its_effect(lab):
    page = await lab(CELL)
    line = caption(page)
    await expect(line).to_have_text(re.compile(r"^DEAD: noticed \d\.\d\d s after the silence began \(theory: "))
    await expect(button(page, "Silence")).to_be_disabled()
    async with all_controls_used(page):
        await run_again_and_cancel(page)
        await expect(button(page, "Heal")).to_be_disabled()

        await button(page, "Run").click()
        await expect(line).to_have_text(re.compile(ALIVE + "the last round trip took"))
        await button(page, "Silence").click()
        await expect(line).to_have_text(re.compile(r"^DEAD: noticed .*\(theory: 0\.28 to 0\.80 s\)"))
        await button(page, "Heal").click()
        await expect(line).to_have_text(re.compile(ALIVE + ".*; the server noticed the last silence after"))

        await button(page, "Cancel").click()  # a slider counts from the next ping on, so they are moved between runs
        await field(page, "Interval (s)").press("Home")  # 0.2
        for _ in range(4):
            await field(page, "Timeout (s)").press("ArrowRight")  # 0.8
        await button(page, "Run").click()
        no_silence_yet = r"the last round trip took \d+ ms(; false alarms .*)?$"  # not of the run before
        await expect(line).to_have_text(re.compile(ALIVE + no_silence_yet))
        await button(page, "Silence").click()
        await expect(line).to_have_text(re.compile(r"^DEAD: noticed .*\(theory: 0\.68 to 1\.00 s\)"))

        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")
        await expect(line).to_have_text(re.compile(r"^DEAD: noticed .*\(theory: 0\.28 to 0\.80 s\)"))
        await expect(field(page, "Interval (s)")).to_have_attribute("aria-valuenow", "0.4")
