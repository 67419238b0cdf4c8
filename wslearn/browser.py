"""Run JavaScript in the reader's own browser, from a cell, and print there what happened. Lesson 08.

    browser = await Browser().start()
    show(browser, height=60)
    await browser.run("log(typeof WebSocket.prototype.ping)")

The page that `show` shows keeps one WebSocket to this server, the control connection. It receives scripts on it, and
sends back each line that a script logs.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sized
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed

from wslearn import cells
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.server.policy import policy_of

Talk = Callable[[Any], Awaitable[None]]

NEEDS = (
    "This cell needs a browser: open the notebook in JupyterLab, wait until the page above it is connected, and run "
    "the cell again."
)
#: The queries of two addresses: of the control connection, and of the last connection after a script.
CONTROL, LAST = "?control", "?last"
_PAGE = (Path(__file__).parent / "static" / "experiments.html").read_text(encoding="utf-8")
#: How long a cell waits for a page, in seconds: as long as none has come, and once one has.
FIRST, KNOWN = 2.0, 10.0
#: How long a page may take to close what a script has left open, in seconds.
GOODBYE = 0.5


class Patience:
    """How long the cells of this kernel wait for a browser: *Run All* without one waits once, whoever asks for it.

    After a cell has waited in vain, the others don't wait. But a cell that is run again has a reader, so it does.
    """

    def __init__(self) -> None:
        self._known = False
        #: The run in which each cell has found no browser, since one was there or a cell has waited for it.
        self._in_vain: dict[str | None, str | None] = {}

    @property
    def seconds(self) -> float:
        """How long the cell that is being executed may wait."""
        cell, run = cells.current_cell()
        if self._in_vain and self._in_vain.get(cell, run) == run:
            return 0.0
        return KNOWN if self._known else FIRST

    def came(self) -> None:
        """Take note that there is a browser."""
        self._known = True
        self._in_vain.clear()

    def ends(self) -> None:
        """Take note that the cell that is being executed has found no browser."""
        if self.seconds:
            self._in_vain.clear()
        cell, run = cells.current_cell()
        self._in_vain[cell], self._known = run, False

    async def within(self, there: Callable[[], object]) -> bool:
        """Wait until `there` is true, and return whether it is."""
        try:
            async with asyncio.timeout(self.seconds):
                while not there():  # noqa: ASYNC110 - a server has no event for a new connection
                    await asyncio.sleep(0.02)
        except TimeoutError:
            self.ends()
            return False
        self.came()
        return True


#: The one of this kernel.
patience = Patience()


class _HasConnections(Protocol):
    @property
    def connections(self) -> Sized: ...


async def has_page(server: _HasConnections) -> bool:
    """Wait until a page has connected to this server, and return True. If none comes, print one line, return False."""
    return await _somebody(lambda: server.connections)


async def _somebody(there: Callable[[], Sized]) -> bool:
    if await patience.within(there):
        return True
    print(NEEDS)
    return False


async def echo(ws: Any) -> None:
    """Send each message back unchanged."""
    async for message in ws:
        await ws.send(message)


class Browser(Server):
    """A page that runs pieces of JavaScript and reports to the cell that sent them."""

    page = _PAGE
    # This page runs whatever its own kernel sends, which is what 'unsafe-eval' says; on this computer it may connect to
    # any port, so that a script can find out what happens where no server listens.
    csp = (
        policy_of(_PAGE)
        .replace("script-src", "script-src 'unsafe-eval'")
        .replace("connect-src", "connect-src ws://127.0.0.1:*")
    )
    limits = Limits(max_size=1 << 22, rate=None)
    subprotocols = ("chat.v1",)

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host, port)
        #: The control connections, the newest last: the page may be open in several tabs.
        self.pages: list[Any] = []
        #: What the last script has logged.
        self.lines: list[str] = []
        self._talk: Talk = echo
        self._numbers = count(1)
        self._reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def handler(self, ws: Any) -> None:
        """Keep a control connection, and collect what its page reports; any other connection belongs to a script."""
        if ws.request.path.endswith(LAST):
            return
        if not ws.request.path.endswith(CONTROL):
            await self._converse_with_script(ws)
            return
        self.pages.append(ws)
        patience.came()
        try:
            async for report in ws:
                self._reports.put_nowait(json.loads(report))
        finally:
            self.pages.remove(ws)
            self._reports.put_nowait({"lost": ws.name})

    async def _converse_with_script(self, ws: Any) -> None:
        try:
            await self._talk(ws)
        except ConnectionClosed:
            raise
        except Exception as error:  # a reader's handler: the cell shows what the log would only keep
            self._reports.put_nowait({"line": f"the handler in Python raised {error!r}"})
            raise

    async def run(self, script: str, handler: Talk = echo, *, timeout: float = 10) -> None:
        """Run a script in the page, and print each line that it logs; return when it has ended.

        `script` is the body of an async function. It has `log(…)`, `url` (a WebSocket of this server), `sleep(ms)` and
        `once(target, name)`, which waits for an event. `handler` is the other side of the connections that it opens.
        Without a page, one printed line says so. `timeout` is in seconds.
        """
        self.lines = []
        if not await _somebody(lambda: self.pages):
            return
        page, number = self.pages[-1], next(self._numbers)
        self._talk = handler
        try:
            async with asyncio.timeout(timeout):
                await page.send(json.dumps({"number": number, "script": script}))
                await self._print(number, page)
        except TimeoutError:
            print(f"The script has not ended after {timeout:g} seconds. This cell waits no longer.")
        except ConnectionClosed:
            print("The page has gone. Run the cell that shows it again.")
        finally:
            await self._leave([ws for ws in self.connections if ws not in self.pages])

    async def _print(self, number: int, page: Any) -> None:
        """Print the lines of a script until it has ended, and skip those of an earlier one."""
        while True:
            report = await self._reports.get()
            if report.get("lost") == page.name:
                print("The page has gone. Run the cell that shows it again.")
                return
            if report.get("number", number) != number:
                continue
            if "line" in report:
                self.lines.append(report["line"])
                print(report["line"])
            elif report.get("done"):
                return

    @staticmethod
    async def _leave(left: list[Any]) -> None:
        """Close connections that a script has left open, so that the next one begins without them.

        After a connection that was dropped, Firefox delays the page's next ones: by 0.2 s and more.
        """
        if left:
            await asyncio.wait([asyncio.create_task(ws.close(1001)) for ws in left], timeout=GOODBYE)
        for ws in left:
            ws.transport.abort()
