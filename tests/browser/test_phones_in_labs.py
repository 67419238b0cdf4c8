"""The rooms and heartbeat labs with the phones of a class, in JupyterLab: rehearsed phones, and two real pages.

The class runs in the notebook's kernel, as in a lesson; the two pages are those of a phone.
"""

import re
from contextlib import asynccontextmanager

import pytest
from class_pages import people
from dashboards import button, caption, field, shot, status
from pages import button as phones_button
from pages import expect
from support import free_ports
from test_stage import all_in_view

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: One cell, so that the dashboard is all that a stage has to show.
CELL = """
from wslearn.classroom import ClassServers, rehearsal
from wslearn.common.polling import until
from wslearn.widgets import heartbeat_phones
from wslearn.widgets.{module} import {module}_lab
heartbeat_phones.RUN = 600  # a busy machine needs more than a minute for what follows
rehearsal.REMARK = 1e6  # whose phone goes into a tunnel would take the line of text
board = await ClassServers("127.0.0.1", {port}, code="tea42").start()
await board.rehearse({count})
await until(lambda: len(board.people) == {count}, 60)
lab = await {module}_lab(phones=board)
"""
#: How many rehearsed phones there are beside the two real ones.
COUNTS = [4, *(pytest.param(count, marks=pytest.mark.thorough) for count in (28, 198))]
#: Long enough for a busy machine with 200 phones.
PATIENT = 30_000


@asynccontextmanager
async def class_of(lab, browser, count: int, module: str):
    """Run a class and a lab with so many rehearsed phones, and yield JupyterLab's page, and those of Ann and Zoe."""
    port = free_ports(1)
    page = await lab(CELL.format(module=module, port=port, count=count), theme="dark" if count > 100 else "light")
    await page.set_viewport_size({"width": 1280, "height": 720})
    await expect(status(page)).to_contain_text("Done in", timeout=PATIENT)
    await button(page, "Run").click()
    async with people(browser, f"http://127.0.0.1:{port}/tea42", "Ann", "Zoe") as phones:
        for phone in phones:
            await phone.get_by_role("tab", name="More").click()
            await expect(phone.locator("#experiment-title")).to_be_visible()
        yield page, *phones
        await shot(page, f"{module}-phones-{count}")
        await shot(phones[1], f"{module}-zoe-{count}")
        await button(page, "Cancel").click()
        await expect(status(page)).to_have_text("Cancelled. Press Run to start again.")
        for phone in phones:
            await expect(phone.locator("#experiment-title")).to_be_hidden()


async def room_of(phone) -> str:
    """Return the room that a phone shows."""
    await expect(phone.locator("#room")).to_have_text(re.compile("You are in room (tea|coffee|library)"))
    return (await phone.locator("#room").inner_text()).removeprefix("You are in room ")


@pytest.mark.parametrize("count", COUNTS)
async def test_a_message_reaches_the_phones_of_a_room_only(lab, browser, count):
    async with class_of(lab, browser, count, "rooms") as (page, ann, zoe):
        line = caption(page)
        await button(page, "Let them choose").click()
        for phone, room in ((ann, "tea"), (zoe, "library")):
            await phone.get_by_role("tab", name="Vote").click()
            await phone.locator("#choices button", has_text=room).click()
            await phone.get_by_role("tab", name="More").click()
            await expect(phone.locator("#room")).to_have_text(f"You are in room {room}")
        await button(page, "library").click()
        await field(page, "Words").fill("good morning")
        await button(page, "Send to room").click()
        await expect(zoe.locator("#delivery")).to_have_text("good morning")
        await phones_button(ann, "Say hi").click()
        await expect(ann.locator("#delivery")).to_have_text(re.compile("^.+: hi$"))
        assert "good morning" not in await ann.locator("#delivery").inner_text()
        await expect(line).to_have_text(re.compile(r"1 message in, \d+ out\. \d+ of the \d+ phones have answered, "))
        await button(page, "Mix").click()
        assert {await room_of(ann), await room_of(zoe)} <= {"tea", "coffee", "library"}
        await button(page, "Send to room").click()
        await expect(line).to_contain_text("The server sent “good morning” to library: 1 message in, ", timeout=PATIENT)
        await expect(line).to_contain_text("have answered, half of them within", timeout=PATIENT)
        await all_in_view(page)


@pytest.mark.parametrize("count", COUNTS)
async def test_the_server_notices_a_phone_without_a_network_and_it_comes_back(lab, browser, count):
    async with class_of(lab, browser, count, "heartbeat") as (page, ann, zoe):
        line = caption(page)
        alive = re.compile(rf"^({'|'.join(str(count + 2 - n) for n in range(3))}) alive, ")  # some are in the tunnel
        await expect(line).to_have_text(alive, timeout=PATIENT)
        await zoe.get_by_role("switch", name="I go through a tunnel").click()
        await expect(line).to_contain_text("the server noticed Zoe ", timeout=PATIENT)
        await expect(line).to_contain_text("after it went into the tunnel (theory: 1 to 2 s)")
        await expect(zoe.locator("#state")).to_have_text("Connected", timeout=PATIENT)
        await expect(line).to_have_text(re.compile(r"Zoe .*it was back \d+\.\d s later"), timeout=PATIENT)
        await expect(ann.locator("#state")).to_have_text("Connected")
        await all_in_view(page)
