"""Every way of leaving a server's page that a notebook shows, seen from the server. JupyterLab's page is kept for Back.

The server runs in the test, so that its members can be looked at; the notebook shows its page as a lesson does.
"""

import pytest
import pytest_asyncio
from jupyterlab_runs import TOKEN
from pages import PATIENCE, button, comes, expect, join, shown_again, site
from support import until

from wslearn.servers.rooms import RoomsServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: As in test_leaving.
SOON = PATIENCE
SHOW = """
from types import SimpleNamespace
from wslearn.notebook import show

show(SimpleNamespace(page_url="{0.page_url}", port={0.port}, url="{0.url}"))
"""
OPEN = """
from wslearn.notebook import show
from wslearn.servers.rooms import RoomsServer

server = await RoomsServer().start()
show(server)
"""
ANOTHER = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
STATE = "document.querySelector('#state').textContent"


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser, jupyter):
    """A page for JupyterLab that is left and thrown away. Its user leaves also where JupyterLab asks to stay."""
    context = await browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    page = await context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    headers = {"Authorization": f"token {TOKEN}"}
    kernels = await context.request.get(f"{jupyter.url}/api/kernels", headers=headers)
    for kernel in await kernels.json():  # they would stay
        await context.request.delete(f"{jupyter.url}/api/kernels/{kernel['id']}", headers=headers)
    await context.close()


def inside(page):
    return page.frame_locator(".jp-OutputArea-output iframe")


async def enter(page, server) -> None:
    """Connect the page in the notebook that is shown, and join a room there."""
    await expect(inside(page).locator("#url")).to_contain_text("ws://")  # its script has run
    await button(inside(page), "Connect").click()
    await join(inside(page), "tea")
    await expect(inside(page).get_by_text("Room tea", exact=True)).to_be_visible()
    assert len(server.rooms.members["tea"]) == 1


async def has_left(server) -> None:
    await until(lambda: not server.rooms.members and not server.connections, SOON)


async def test_what_a_notebook_does_to_a_page(page, jupyter):
    async with RoomsServer() as server:
        await jupyter.open(page, SHOW.format(server))
        await enter(page, server)
        await jupyter.command(page, "notebook:run-all-cells")  # puts a new page in its place
        await has_left(server)

        await enter(page, server)
        await jupyter.command(page, "notebook:clear-all-cell-outputs")
        await has_left(server)

        await jupyter.run_all(page)
        await enter(page, server)
        await page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        await expect(inside(page).locator("#state")).to_have_text("Open")  # the page is still there
        assert len(server.rooms.members["tea"]) == 1

        await page.evaluate("() => { jupyterapp.shell.currentWidget.context.model.dirty = false }")
        await jupyter.command(page, "application:close")
        await has_left(server)


async def test_another_notebook_beside_it_is_not_leaving(page, jupyter):
    """The first one's tab is still there in JupyterLab: its page hears what is said, and shows it on return."""
    async with RoomsServer() as server:
        await jupyter.open(page, SHOW.format(server))
        await enter(page, server)
        first = await page.evaluate("() => jupyterapp.shell.currentWidget.id")
        await jupyter.command(page, "notebook:create-new", kernelName="python3")
        await page.wait_for_function("first => jupyterapp.shell.currentWidget?.id !== first", arg=first)
        (member,) = server.connections
        await (await member.ping())
        assert server.rooms.members == {"tea": {member}}
        await page.evaluate("first => jupyterapp.shell.activateById(first)", first)
        await expect(inside(page).locator("#state")).to_have_text("Open")
        assert server.connections == {member}


async def test_a_kernel_that_restarts_takes_its_server_with_it(page, jupyter):
    """The page says that nobody listens, and what to do."""
    await jupyter.open(page, OPEN)
    await expect(inside(page).locator("#url")).to_contain_text("ws://")
    await button(inside(page), "Connect").click()
    await expect(inside(page).locator("#state")).to_have_text("Open")
    await page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    await expect(inside(page).locator("#state")).to_have_text("Closed")
    await expect(inside(page).locator("#details li").first).to_have_text(
        "No server can be reached at this address. Run the server's cell or its command again."
    )


async def link(page, elsewhere, _):
    await page.goto(elsewhere)


async def another_notebook(page, _, jupyter):
    """As a link to a lesson does: a new JupyterLab in the same tab."""
    await page.goto(f"{jupyter.url}/doc/tree/another.ipynb?reset", wait_until="commit")


async def reload(page, *_):
    await page.reload(wait_until="commit")


async def tab(page, *_):
    await page.close()


@pytest.mark.parametrize("leave", [link, another_notebook, reload, tab])
async def test_the_browser_leaves_jupyterlab(page, jupyter, leave):
    (jupyter.folder / "another.ipynb").write_text(ANOTHER)
    async with RoomsServer() as server, site() as elsewhere:
        await jupyter.open(page, SHOW.format(server))
        await enter(page, server)
        await leave(page, elsewhere, jupyter)
        await has_left(server)
        if leave is link:  # and Back
            await page.go_back(wait_until="commit")
            await until(lambda: len(server.rooms.members.get("tea", ())) == 1, SOON)
            await comes(lambda: shown_again(page, server, STATE), lambda state: state == "Open")
            await page.close()
            await has_left(server)
