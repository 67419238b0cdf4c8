"""The rooms lab in JupyterLab, by keyboard and mouse. Its buttons await sockets that another thread must not touch."""

import pytest
from dashboards import all_controls_used, button, caption, field, picture, run_again_and_cancel, status
from pages import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOMS = "from wslearn.widgets.rooms import rooms_lab\nlab = await rooms_lab()"


async def test_every_control_has_its_effect(lab):
    page = await lab(ROOMS, theme="dark", width=800)
    line, says = caption(page), status(page)
    await expect(line).to_contain_text("received by guest-1, guest-2, guest-3")
    await expect(button(page, "Speak")).to_be_disabled()
    async with all_controls_used(page):
        await run_again_and_cancel(page)
        await expect(button(page, "Speak")).to_be_disabled()

        first = await picture(page)
        await button(page, "Run").press("Enter")
        await expect(says).to_contain_text("The rooms are open")
        await button(page, "guest-3").press("Enter")
        await button(page, "Join coffee").press("Enter")
        await expect(line).to_contain_text("guest-3 joined coffee. Now coffee: guest-3, guest-4;")
        assert await picture(page) != first
        await field(page, "Words").fill("good morning")
        await button(page, "Speak").click()
        await expect(line).to_contain_text("sent “good morning” to coffee, received by guest-3, guest-4 ")
        await expect(line).to_contain_text(": 1 message in, 2 out.")
        await expect(page.locator("td code")).to_contain_text('"type":"room-message","room":"coffee"')

        await button(page, "guest-4").click()
        await button(page, "Leave").click()
        await expect(line).to_contain_text("guest-4 left coffee. Now coffee: guest-3;")
        await button(page, "Speak").click()
        await expect(line).to_contain_text("guest-4 tried to speak without being in a room. The server responded:")
        await button(page, "guest-1").click()
        await button(page, "Join library").click()
        await expect(line).to_contain_text("guest-1 joined library. Now coffee: guest-3; library: guest-1, guest-5;")
        await button(page, "guest-2").click()
        await button(page, "Vanish").click()
        await expect(line).to_contain_text("Its room tea was empty, so the server deleted it.")
        await button(page, "guest-5").click()
        await button(page, "Vanish").click()
        await expect(line).to_contain_text("Its room library now has guest-1")
        await button(page, "Speak").click()
        await expect(says).to_contain_text("guest-5 has disconnected")
        await button(page, "Join tea").click()
        await expect(line).to_contain_text("guest-6 joined tea.")
        await expect(button(page, "guest-6")).to_be_visible()

        await button(page, "Reset").click()
        await expect(says).to_contain_text("Done in")
        await expect(button(page, "guest-5")).to_be_visible()
        await expect(field(page, "Words")).to_have_value("hi")
        await expect(button(page, "Speak")).to_be_disabled()
