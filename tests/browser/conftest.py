"""A real browser for the tests here: one for the session, with a fresh and watched page for each test.

Playwright belongs to one event loop, so each module here says
`pytestmark = pytest.mark.asyncio(loop_scope="session")`, and runs its servers in that loop beside the page.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from jupyterlab_runs import Jupyter, jupyterlab
from page_cases import screen as screen_of
from pages import PATIENCE

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    *(
        f"{os.environ[folder]}/{program}"
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        if folder in os.environ
        for program in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
    ),
)
#: A browser that asks nobody for anything that a test did not ask it for.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What of Playwright's own a browser leaves out here: people's browsers keep the pages that they leave, for Back.
UNUSUAL = ["--disable-back-forward-cache"]
#: What the browser itself writes when nobody listens, or a server refuses; no page can prevent it.
REFUSED = "WebSocket connection to 'ws://127.0.0.1:"
FAILED = "Failed to load resource: "
#: Seconds for a test here: it may have to start JupyterLab on a machine that does a lot else.
LONGEST = 360
#: Asked for when a connection has failed, and by the browser itself.
MAY_FAIL = ("/health", "/favicon.ico")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound each test here that has no bound of its own."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONGEST))


def missing(what: str) -> None:
    """Skip the test, or fail it where WSLEARN_REQUIRE_BROWSER=1 says that a browser must be here."""
    if os.environ.get("WSLEARN_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what}, and WSLEARN_REQUIRE_BROWSER=1 asks for it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, Chrome or Edge."""
    path = next(filter(None, map(shutil.which, COMMANDS)), None) or next(filter(os.path.exists, PLACES), None)
    if path is None:
        missing("no Chromium, Chrome or Edge found: install one, for example with 'apt-get install chromium'")
    return path


@pytest.fixture(scope="session")
def quiet() -> list[str]:
    """What a browser of a test's own is started with."""
    return QUIET


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator:
    """A running browser."""
    try:
        from playwright.async_api import async_playwright, expect
    except ImportError:
        missing("no Playwright: install wslearn[test]")
    expect.set_options(timeout=1000 * PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET, ignore_default_args=UNUSUAL)
        yield browser
        await browser.close()


def watch(context, problems: list[str], *kinds: str) -> None:
    """Note in `problems` what goes wrong on any page of a context; `kinds` of console messages are wrong too.

    Wrong are an exception, a dialog, and a request that leaves this machine.
    """

    def console(message) -> None:
        expected = message.text.startswith(FAILED) and message.location["url"].endswith(MAY_FAIL)
        if message.type in kinds and not expected and not message.text.startswith(REFUSED):
            problems.append(f"console: {message.text} ({message.location['url']})")

    def address(what) -> None:
        parts = urlsplit(what.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            problems.append(f"left this machine: {what.url}")

    context.on("console", console)
    context.on("weberror", lambda event: problems.append(f"exception: {event.error.stack or event.error}"))
    context.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
    context.on("request", address)
    context.on("page", lambda page: page.on("websocket", address))


class Tabs:
    """A browser's context, whose pages are watched."""

    def __init__(self, context) -> None:
        self.context, self.problems = context, []
        context.set_default_timeout(1000 * PATIENCE)
        watch(context, self.problems, "error", "warning")

    @asynccontextmanager
    async def new(self) -> AsyncIterator:
        """Open a page. Fail at the end of the block if anything went wrong on it or its siblings, and close them."""
        kept = set(self.context.pages)
        page = await self.context.new_page()
        try:
            yield page
        finally:
            for each in set(self.context.pages) - kept:
                await each.close()
            found = self.problems.copy()
            self.problems.clear()
        assert found == []


@asynccontextmanager
async def tabs_of(browser) -> AsyncIterator[Tabs]:
    """Make a context, and close it at the end of the block."""
    context = await browser.new_context()
    yield Tabs(context)
    await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tabs(browser) -> AsyncIterator[Tabs]:
    """The context of the pages of servers: a new one for each test would take twice as long."""
    async with tabs_of(browser) as tabs:
        await tabs.context.new_page()  # which stays, or the window would go with each test's last page
        yield tabs


@pytest_asyncio.fixture(loop_scope="session")
async def page(tabs: Tabs) -> AsyncIterator:
    """A page; the test fails at its end if anything went wrong on it or its siblings."""
    async with tabs.new() as page:
        yield page


@pytest.fixture
def problems(tabs: Tabs) -> list[str]:
    """What went wrong on `page` so far."""
    return tabs.problems


@pytest_asyncio.fixture(loop_scope="session")
async def own_page(browser) -> AsyncIterator:
    """The same in a context of its own: for a test that changes what all pages of a context have, as their clock."""
    async with tabs_of(browser) as tabs, tabs.new() as page:
        yield page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def screen(browser) -> AsyncIterator:
    """A page that shows the pages of students while they are checked."""
    async with screen_of(browser) as shown:
        yield shown


class Window:
    """The browser's window that shows JupyterLab: a page for all tests, or a new one after a test that failed."""

    def __init__(self, browser) -> None:
        self._browser, self._page, self._jupyter = browser, None, None
        self.problems: list[str] = []

    async def page(self, jupyter: Jupyter):
        """Return the page that shows this JupyterLab."""
        if self._jupyter is not jupyter:
            await self.close()
        if self._page is None:
            context = await self._browser.new_context(accept_downloads=True)
            context.set_default_timeout(1000 * PATIENCE)
            watch(context, self.problems, "error")
            self._page, self._jupyter = await context.new_page(), jupyter
        return self._page

    async def wrong(self) -> list[str]:
        """Return what went wrong on the page so far; if anything did, the next test gets another one."""
        if self._page is None:
            return []
        dialogs = await self._page.locator(".jp-Dialog").all_inner_texts()
        found = [*self.problems, *(f"dialog: {text}" for text in dialogs)]
        if found:
            await self.close()
        return found

    async def clear(self) -> None:
        """Close all notebooks and end their kernels: what they run would slow down what follows."""
        if self._page is not None:
            await self._jupyter.close(self._page)

    async def close(self) -> None:
        """Close the page and its siblings."""
        if self._page is not None:
            page, self._page, self._jupyter = self._page, None, None
            await page.context.close()
            self.problems.clear()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(browser) -> AsyncIterator[Window]:
    """The window of the session that shows JupyterLab."""
    window = Window(browser)
    yield window
    await window.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jupyter(window: Window, tmp_path_factory) -> AsyncIterator[Jupyter]:
    """A running JupyterLab, one for the session."""
    async with jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as running:
        yield running
        await window.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(window: Window) -> AsyncIterator[Window]:
    """The window, whose notebooks are closed after each module."""
    yield window
    await window.clear()
    assert await window.wrong() == []


@pytest_asyncio.fixture(loop_scope="session")
async def lab(desk: Window, jupyter: Jupyter) -> AsyncIterator:
    """Open a notebook in JupyterLab and run it: `page = await lab("await ping_lab()")`, one argument a cell.

    `theme` is light or dark, `width` the window's in pixels. There is one page: each call shows another notebook on
    it, or runs the one that it shows again, if that has the same cells and is of the same module.
    The test fails at its end if the page wrote an error into its console, had an exception or a dialog, or asked
    another machine for anything.
    """

    async def open_notebook(*cells, theme: str = "light", width: int = 1280, run: bool = True):
        page = await desk.page(jupyter)
        await page.set_viewport_size({"width": width, "height": 1000})
        await jupyter.open(page, *cells, theme=theme, run=run)
        return page

    yield open_notebook
    assert await desk.wrong() == []
