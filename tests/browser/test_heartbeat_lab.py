"""The heartbeat lab in JupyterLab: silence, and the client is dead; heal, and it is back."""

import re

import pytest
from dashboards import button
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

CELL = "from wslearn.widgets.heartbeat import heartbeat_lab\n\nlab = await heartbeat_lab()"


async def test_silence_and_heal(lab):
    page = await lab(CELL)
    line = page.locator(".jp-OutputArea-output p")
    await expect(line).to_have_text(re.compile(r"^DEAD: found \d\.\d\d s after the silence began \(theory: "))
    await expect(button(page, "Silence")).to_be_disabled()

    await button(page, "Run").click()
    await expect(line).to_have_text(re.compile(r"^ALIVE; the last round trip took"))
    await button(page, "Silence").click()
    await expect(line).to_have_text(re.compile(r"^DEAD: found"))
    await button(page, "Heal").click()
    await expect(line).to_have_text(re.compile(r"^ALIVE; .*; the last silence was found after"))

    await button(page, "Cancel").click()
    await expect(page.get_by_text("Cancelled. Press Run to start again.")).to_be_visible()
    await expect(button(page, "Heal")).to_be_disabled()
