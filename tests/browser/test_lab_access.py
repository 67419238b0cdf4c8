"""The dashboards for everybody: the keyboard alone, a screen reader, large type."""

import re

import pytest
from dashboards import button, caption, nothing_beyond, shot, status
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEATS = "from wslearn.widgets.heartbeat import heartbeat_lab\nlab = await heartbeat_lab()"
ROBUSTNESS = "from wslearn.widgets.robustness import robustness_lab\nlab = await robustness_lab()"


async def test_the_keyboard_is_enough(lab):
    page = await lab(BEATS)
    await page.get_by_role("slider", name="Interval (s)").focus()

    async def tab_to(control):
        await page.keyboard.press("Tab")
        await expect(control).to_be_focused()
        assert await control.evaluate("control => getComputedStyle(control).outlineStyle") == "solid"

    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("slider", name="Interval (s)")).to_have_attribute("aria-valuenow", "0.5")
    await page.keyboard.press("Tab")  # the slider's value can be typed as well
    await tab_to(page.get_by_role("slider", name="Timeout (s)"))
    await page.keyboard.press("Tab")
    await tab_to(button(page, "Run"))
    await page.keyboard.press("Enter")
    await expect(status(page)).to_contain_text("Press Silence")
    await tab_to(button(page, "Cancel"))
    await tab_to(button(page, "Reset"))
    await tab_to(button(page, "Silence"))
    await page.keyboard.press("Space")
    await expect(caption(page)).to_contain_text(re.compile("SILENT|DEAD"))
    await tab_to(button(page, "Heal"))
    await tab_to(page.get_by_label("Large type"))
    await page.keyboard.press("Space")
    await expect(page.get_by_label("Large type")).to_be_checked()
    for _ in range(4):
        await page.keyboard.press("Shift+Tab")
    await expect(button(page, "Cancel")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(status(page)).to_have_text("Cancelled. Press Run to start again.")


async def test_a_screen_reader_is_told_what_is_chosen_how_it_goes_and_what_the_picture_says(lab):
    page = await lab(ROBUSTNESS)
    chosen = page.get_by_role("button", pressed=True)
    await expect(chosen).to_have_text("protected")
    await page.get_by_role("button", name="naive", pressed=False).click()
    await expect(chosen).to_have_text("naive")
    await expect(page.get_by_role("heading", name="Robustness")).to_be_visible()
    await expect(page.get_by_role("status").get_by_text("Done in")).to_be_visible()
    await expect(page.get_by_role("img", name="the text below says the same")).to_be_visible()
    await expect(caption(page)).to_contain_text("Bob's round trips: median")


@pytest.mark.parametrize("width", [800, 1920])
async def test_one_switch_makes_all_of_a_dashboard_large_and_cuts_nothing_off(lab, width):
    page = await lab(ROBUSTNESS, width=width)
    pressed = page.locator(".wsl-panel button, .wsl-status")
    read = page.locator(".wsl-line, .wsl-dashboard td")

    async def sizes(parts):
        return await parts.evaluate_all("parts => parts.map(part => parseFloat(getComputedStyle(part).fontSize))")

    usual = await sizes(pressed), await sizes(read)
    assert min(map(min, usual)) >= 16
    await page.get_by_label("Large type").check()
    assert await sizes(pressed) == pytest.approx([1.2 * size for size in usual[0]])
    assert await sizes(read) == pytest.approx([1.4 * size for size in usual[1]])
    await page.set_viewport_size({"width": width, "height": 1700})
    await shot(page, f"large-{width}")
    await nothing_beyond(page, ".wsl-panel button, .wsl-status, .wsl-line, .wsl-dashboard td")
