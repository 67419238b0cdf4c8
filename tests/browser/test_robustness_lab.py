"""The robustness lab in JupyterLab: each attack on the protected server and on the naive one, its effect seen."""

import re

import pytest
from dashboards import all_controls_used, button, caption, picture, run_again_and_cancel, status
from pages import expect

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.thorough]

#: A run ends when it is cancelled: four attacks on a busy machine take longer than the half minute of a lesson.
ROBUSTNESS = "from wslearn.widgets import robustness\nrobustness.RUN = 600.0\nlab = await robustness.robustness_lab()"
#: Milliseconds for four attacks at once on a busy machine.
SLOW = 100_000
#: What becomes of each attacker, on the protected server and on the naive one.
ENDS = {
    "Flood": ("closed: 1008 Too many messages", "nobody stopped it"),
    "Oversize": ("closed: 1009", "nobody stopped it"),
    "Bad JSON": ("closed: 1008", "closed: 1011"),
    "Stall": ("closed: 1006", "nobody stopped it"),
}


async def test_every_control_has_its_effect(lab):
    page = await lab(ROBUSTNESS)
    rows = page.locator(".wsl-dashboard tr")
    first = await picture(page)
    await expect(caption(page)).to_contain_text("protected server: Bob's round trips: median ")
    for name in ENDS:
        await expect(button(page, name)).to_be_disabled()
    async with all_controls_used(page):
        await run_again_and_cancel(page)
        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")

        for number, server in enumerate(("protected", "naive")):
            await button(page, server).click()
            await button(page, "Run").click()
            not_yet_attacked = re.compile(f"^{server} server: .*median .* times\\.$")
            await expect(caption(page)).to_have_text(not_yet_attacked)
            if number == 0:  # all at once; a naive server's clients suffer from each other's ends
                for name in ENDS:
                    await button(page, name).click()
            for name, ends in ENDS.items():
                if number == 1:
                    await button(page, name).click()
                attack = rows.filter(has_text=f"{name[0].lower()}{name[1:]} ({server})")
                await expect(attack).to_have_count(2 - number, timeout=SLOW)  # one is from the first run
                await expect(attack.last.locator("td").nth(1)).to_contain_text(ends[number])
                await expect(button(page, name)).to_be_enabled()
            bob = expect(caption(page))
            await (
                bob.to_contain_text("disconnected 0 times")
                if number == 0
                else bob.not_to_contain_text("disconnected 0 times")
            )
            await button(page, "Cancel").click()
            await expect(status(page)).to_have_text("Cancelled. Press Run to start again.")
        assert await picture(page) != first

        await button(page, "Reset").click()
        await expect(status(page)).to_contain_text("Done in")
        await expect(caption(page)).to_contain_text("protected server: ")
        await expect(rows.filter(has_text="naive")).to_have_count(0)
