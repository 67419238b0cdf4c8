"""A browser for notebooks that are executed by a program: Chromium shows their iframes, as JupyterLab would.

So the outputs of lesson 08, which come from the reader's browser, can be made anew by refresh_notebooks.py.
"""

import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbclient import NotebookClient

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
#: Seconds for the browser to start and to end.
START, END = 60, 30
SHOW = "html => document.body.insertAdjacentHTML('beforeend', html)"


class FrontEnd:
    """A page in Chromium that gets the HTML of each output with an iframe. It lives in its own thread."""

    def __init__(self) -> None:
        self._outputs: queue.Queue[str | None] = queue.Queue()
        self._ready: queue.Queue[Exception | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Return when the browser runs. Raises RuntimeError where there is none."""
        self._thread.start()
        if problem := self._ready.get(timeout=START):
            raise RuntimeError(f"no browser for the notebook: {problem}") from problem

    def show(self, html: str) -> None:
        """Show the HTML of an output; return at once."""
        self._outputs.put(html)

    def stop(self) -> None:
        """End the browser."""
        self._outputs.put(None)
        self._thread.join(END)

    def _run(self) -> None:
        try:
            from playwright.sync_api import sync_playwright

            path = next(filter(None, map(shutil.which, COMMANDS)), None)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=path)
                page = browser.new_page()
                self._ready.put(None)
                while (html := self._outputs.get()) is not None:
                    page.evaluate(SHOW, html)
                browser.close()
        except Exception as error:  # noqa: BLE001 - whoever starts it is told
            self._ready.put(error)


class ShowingClient(NotebookClient):
    """A client that also hands the iframes that cells put out to a front end, while the cells run."""

    front_end: FrontEnd | None = None

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> Any:
        html = msg["content"].get("data", {}).get("text/html", "")
        if self.front_end and "<iframe" in html:
            self.front_end.show(html)
        return super().output(outs, msg, display_id, cell_index)


@contextmanager
def front_end() -> Iterator[FrontEnd]:
    """Run a front end until the block ends."""
    running = FrontEnd()
    running.start()
    try:
        yield running
    finally:
        running.stop()
