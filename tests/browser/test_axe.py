"""axe-core, which looks for what keeps people out (names, roles, contrast), finds nothing on what is ours."""

from importlib import import_module
from importlib.resources import files
from itertools import product

import pytest
from dashboards import shot
from pages import button, expect, join, say

from wslearn.cli.main import SERVERS

pytest.importorskip("axe_playwright_python", reason="no axe-core: install wslearn[test]")
#: Read from the package, whose own reading depends on the system's encoding.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
#: Waits until no transition is on: half-way colours have other contrasts. What moves without an end does not count.
SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter(each => Number.isFinite(each.effect.getComputedTiming().endTime)).map(each => each.finished))"""
#: Returns the violations, and only the number of rules that passed, because their elements would take long to transfer.
RUN = """async ours => {
    const where = ours.length ? {include: ours.map(one => [one])} : document
    const {violations, passes} = await axe.run(where, {resultTypes: ["violations"]})
    return {violations, passed: passes.length}
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def violations(page, *ours: str) -> list[str]:
    """Return what axe-core finds on the page, or only within these selectors, one line for each element."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    await page.evaluate(SETTLED)
    found = await page.evaluate(RUN, ours)
    assert found["passed"], "axe-core looked at nothing"
    return [
        f"{rule['id']}: {node['target'][0]}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def server_of(name: str):
    module, _, class_name = SERVERS[name].partition(":")
    return getattr(import_module(module), class_name)()


#: A theme, and whether type is large.
LOOKS = list(product(("light", "dark"), (False, True)))


async def violations_in_every_look(page) -> list[str]:
    """Return what axe-core finds on a server's page: light and dark, in usual and large type."""
    found = []
    for theme, large in LOOKS:
        await page.emulate_media(color_scheme=theme)
        await page.get_by_label("Large type").set_checked(large)
        found += [f"{theme}{', large' if large else ''}: {one}" for one in await violations(page)]
    return found


@pytest.mark.parametrize("name", SERVERS)
async def test_the_page_of_each_server(page, name):
    async with server_of(name) as server:
        await page.goto(server.url.replace("ws", "http", 1))
        await expect(page.locator("#state")).to_have_text("Closed")
        assert await violations_in_every_look(page) == []
        if "token" in server.features:
            await page.get_by_label("Token").fill(server.tokens.issue("ann"))
        await button(page, "Connect").click()
        await expect(page.locator("#state")).to_have_text("Open")
        if "rooms" in server.features:
            await join(page, "tea")
            await expect(page.get_by_text("Room tea", exact=True)).to_be_visible()
        await say(page, "hello")
        await say(page, "x" * 70_000)  # an error, and the end of the connection
        await expect(page.locator("#state")).to_have_text("Closed")
        await button(page, "Connect").click()
        await page.get_by_label("Reconnect automatically").check()
        await expect(page.locator("#state")).to_have_text("Open")
        assert await violations_in_every_look(page) == []
    await expect(page.locator("#countdown")).to_contain_text("Next attempt")
    await expect(page.locator("#details .why")).to_contain_text("No server can be reached")
    assert await violations_in_every_look(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_of_the_comparisons_http_side(page, theme):
    await page.emulate_media(color_scheme=theme)
    async with server_of("comparison") as server:
        await page.goto(server.page_url)
        assert await violations(page) == []


LABS = {
    "latency": "latency_lab",
    "broadcast": "fan_out_lab",
    "rooms": "rooms_lab",
    "auth": "token_lab",
    "heartbeat": "heartbeat_lab",
    "robustness": "robustness_lab",
    "nothing_lost": "nothing_lost_lab",
    "several_servers": "several_servers_lab",
}
EXERCISE = """
from wslearn import Server
from wslearn.exercises import echo as ex

class Stub(Server):
    async def handler(self, ws):
        raise NotImplementedError

class Wrong(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper())

class Right(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper() + "!")

display(*[await ex.shout.check(answer) for answer in (Stub, Wrong, Right)], ex.shout.hint(), ex.shout.solution())
"""
BYTES = """
from websockets.asyncio.client import connect
from wslearn import EchoServer
from wslearn.frames import read, table
from wslearn.network import SimulatedNetwork

async with EchoServer() as server, SimulatedNetwork(server.url) as net:
    async with connect(net.url) as ws:
        await ws.send("hello")
        await ws.recv()
table(read(net.recording))
"""
PAGE = """
from wslearn.notebook import show

server = await EchoServer().start()
show(server)
"""


async def test_what_a_lesson_shows_in_jupyterlab(lab, jupyter):
    labs = (f"from wslearn.widgets.{module} import {name}\nlab = await {name}()" for module, name in LABS.items())
    page = await lab(*labs, EXERCISE, BYTES, PAGE)
    await page.set_viewport_size({"width": 1280, "height": 10_000})  # all of it at once
    await page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(0)")  # it was at the last cell
    await expect(page.locator(".wsl-title").first).to_be_in_viewport()
    await expect(page.locator(".wsl-dashboard")).to_have_count(2 * len(LABS))
    await expect(page.locator(".wsl-result")).to_have_count(3)
    await expect(page.locator(".wsl-bytes")).to_have_count(1)
    for theme, large in LOOKS:
        await jupyter.wear(page, theme)
        for switch in await page.get_by_label("Large type").all():
            await switch.set_checked(large)
        await shot(page, f"all-{theme}{'-large' if large else ''}")
        assert await violations(page, ".jp-OutputArea") == [], (theme, large)
