"""axe-core, which looks for what keeps people out (names, roles, contrast), finds nothing on what is ours."""

from importlib import import_module
from importlib.resources import files

import pytest
from pages import button, expect, join, say

from wslearn.cli import SERVERS

pytest.importorskip("axe_playwright_python", reason="no axe-core: install wslearn[test]")
#: Read from the package, whose own reading depends on the system's encoding.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def violations(page, *ours: str) -> list[str]:
    """Return what axe-core finds on the page, or only within these selectors, one line for each element."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    found = await page.evaluate("ours => axe.run(ours.length ? {include: ours.map(one => [one])} : document)", ours)
    assert found["passes"], "axe-core looked at nothing"
    return [
        f"{rule['id']}: {node['target'][0]}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def server_of(name: str):
    module, _, class_name = SERVERS[name].partition(":")
    return getattr(import_module(module), class_name)()


async def violations_in_every_look(page) -> list[str]:
    """Return what axe-core finds on a server's page: light and dark, in usual and large type."""
    found = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        for large in (False, True):
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
        await page.get_by_label("Reconnect by itself").check()
        await expect(page.locator("#state")).to_have_text("Open")
        assert await violations_in_every_look(page) == []
    await expect(page.locator("#countdown")).to_contain_text("Next try")
    assert await violations_in_every_look(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_of_the_comparisons_http_side(page, theme):
    await page.emulate_media(color_scheme=theme)
    async with server_of("comparison") as server:
        await page.goto(server.page_url)
        assert await violations(page) == []


#: Every kind of thing that a lesson shows in JupyterLab, one a cell.
CELLS = (
    "from wslearn.widgets.latency import latency_lab\nlab = await latency_lab()",
    "from wslearn.widgets.broadcast import fan_out_lab\nlab = await fan_out_lab()",
    "from wslearn.widgets.rooms import rooms_lab\nlab = await rooms_lab()",
    "from wslearn.widgets.auth import token_lab\nlab = await token_lab()",
    "from wslearn.widgets.heartbeat import heartbeat_lab\nlab = await heartbeat_lab()",
    "from wslearn.widgets.robustness import robustness_lab\nlab = await robustness_lab()",
)


async def test_x(lab, jupyter):
    import time
    from jupyterlab_runs import THEMES
    t = time.time()
    page = await lab(*CELLS)
    print("opened", time.time() - t)
    await page.set_viewport_size({"width": 1280, "height": 8000})
    print(await page.locator(".wsl-dashboard").count())
    for theme in ("light", "dark"):
        await jupyter.command(page, "apputils:change-theme", theme=THEMES[theme])
        await page.wait_for_selector(f'body[data-jp-theme-light="{str(theme == "light").lower()}"]', state="attached")
        found = await violations(page, ".jp-OutputArea")
        print(theme, time.time() - t)
        for f in found: print(f)
        print(await page.locator(".wsl-dashboard script").count(), await page.locator(".wsl-dashboard .jp-OutputArea").first.evaluate("e => e.outerHTML"))
        await page.screenshot(path=f"/tmp/wt/shots/look/all_{theme}.png")
