"""The rooms lab in JupyterLab, by keyboard and mouse. Its buttons await sockets that another thread must not touch."""

import pytest
from dashboards import button
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOMS = "from wslearn.widgets.rooms import rooms_lab\nlab = await rooms_lab()"


@pytest.mark.parametrize(("theme", "width"), [("light", 1920), ("dark", 800)])
async def test_a_client_is_moved_speaks_vanishes_and_comes_back(lab, theme, width):
    page = await lab(ROOMS, theme=theme, width=width)
    says = page.locator(".wsl-status, .wsl-error")
    line = page.locator(".jp-OutputArea-output p").first
    image = page.locator(".jp-OutputArea-output img")
    await expect(line).to_contain_text("heard by guest-1, guest-2, guest-3")
    await expect(button(page, "Speak")).to_be_disabled()
    first = await image.get_attribute("src")

    await button(page, "Run").press("Enter")
    await expect(says).to_contain_text("The rooms are open")
    await button(page, "guest-3").press("Enter")
    await button(page, "Join coffee").press("Enter")
    await expect(line).to_contain_text("guest-3 joined coffee. Now coffee: guest-3, guest-4;")
    assert await image.get_attribute("src") != first
    await button(page, "Speak").click()
    await expect(line).to_contain_text("heard by guest-3, guest-4. 1 message in, 2 out.")
    await expect(page.locator("td code")).to_contain_text('"type":"room-message","room":"coffee"')

    await button(page, "guest-5").click()
    await button(page, "Vanish").click()
    await expect(line).to_contain_text("its room library was empty then, and was deleted")
    await button(page, "Speak").click()
    await expect(says).to_contain_text("guest-5 has gone")
    await button(page, "Join tea").click()
    await expect(line).to_contain_text("guest-6 joined tea.")
    await expect(button(page, "guest-6")).to_be_visible()

    await button(page, "Reset").click()
    await expect(says).to_contain_text("Done in")
    await expect(button(page, "guest-5")).to_be_visible()
    await expect(button(page, "Speak")).to_be_disabled()
