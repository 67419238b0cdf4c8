"""The token lab in JupyterLab: each control used; a token runs down, bad ones are refused, and nothing is cut off."""

import re
from itertools import product

import pytest
from dashboards import all_controls_used, button, caption, field, nothing_beyond, resize, run_again_and_cancel, shot
from pages import expect

from wslearn.widgets.auth_token import BAD_TOKENS

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "from wslearn.widgets.auth import token_lab\nlab = await token_lab()"


async def test_every_control_has_its_effect(lab):
    page = await lab(TOKEN)
    await expect(caption(page)).to_contain_text("ann (token expires after 1 s): ✔ connected for")
    tokens = page.locator(".wsl-details")
    async with all_controls_used(page):
        await field(page, "Expires in (s)").press("End")  # 60
        await run_again_and_cancel(page)
        await expect(tokens).to_contain_text("The token of ann: cancelled")

        await field(page, "Name").fill("bob")
        await field(page, "Expires in (s)").press("ArrowLeft")
        await button(page, "Run").click()
        await expect(tokens).to_contain_text(re.compile(r"The token of bob: ✔ connected, \d+ s left"))
        for kind in BAD_TOKENS:
            await button(page, kind).click()
            await expect(tokens).to_contain_text(f"Invalid token ({kind}): ✘ refused:")
        await expect(caption(page)).to_contain_text("bob (token expires after 59 s)")
        await expect(caption(page)).to_contain_text("Invalid tokens: 4 tried, 4 refused.")
        await button(page, "Cancel").click()
        await expect(tokens).to_contain_text("The token of bob: cancelled")

        await field(page, "Expires in (s)").press("Home")  # 1
        await button(page, "Run").click()
        await expect(tokens).to_contain_text(re.compile("The token of bob: .* then 1008 Token expired"))

        await button(page, "Reset").click()
        await expect(caption(page)).to_contain_text("0 tried, 0 refused")
        await expect(field(page, "Name")).to_have_value("ann")
        await expect(tokens).not_to_contain_text("Invalid token (")


async def test_a_name_that_is_none_is_said_where_one_looks(lab):
    page = await lab(TOKEN)
    await field(page, "Name").fill("")
    await button(page, "Run").click()
    await expect(page.get_by_role("alert")).to_contain_text("expected a name of 1 to 64 printable characters")


async def test_no_part_of_a_token_is_cut_off(lab, jupyter):
    page = await lab(TOKEN)
    await field(page, "Name").fill("x" * 64)
    await button(page, "Run").click()
    await button(page, "alg none").click()
    await expect(page.locator(".wsl-details")).to_contain_text("Invalid token (alg none): ✘ refused:")
    for theme, width in product(("light", "dark"), (800, 1920)):
        await jupyter.wear(page, theme)
        await resize(page, width)
        await shot(page, f"token-{theme}-{width}")
        await nothing_beyond(page, ".wsl-dashboard :is(button, td, .widget-html-content span)")
