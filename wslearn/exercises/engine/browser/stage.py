"""Where a student's page runs while it is checked: a frame below the cell, and a server that talks to that frame.

The frame shows a page of ours, which `show()` could show too, so that near and far kernels are alike. In it is a second
frame with the student's page: its sandbox allows scripts and nothing else, and its Content-Security-Policy allows no
address at all. So it reaches neither the notebook nor any server. Our script in it, the probe, plays its network.
"""

import asyncio
import html
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from wslearn import cells
from wslearn.browser import patience
from wslearn.exercises.engine.expectations import NotYet
from wslearn.limits import Limits
from wslearn.server import Server
from wslearn.server.connection import Connection
from wslearn.server.handshake import STATIC, path_of, respond

#: How long the page may take for one action before it counts as stuck, in seconds: a busy computer is no mistake.
ANSWER = 6.0
#: How long a browser takes to end the process of a page that is stuck, which the next page would share, in seconds.
KILLED = 2.0
STUCK = (
    "Your page did not answer for {seconds:g} s, so it was stopped. A loop in it never ends. A page must return from "
    "each of its functions, and wait with events or `setTimeout`. A promise such as `sleep(10)` needs `await` before "
    "it."
)
#: The student's page may run its own script and style; everything else is refused (CSP level 3). In Safari the probe
#: turns inline scripts into addresses `data:`.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)
DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b[^>]*>", re.IGNORECASE)
#: Shows HTML where there is no notebook, and returns a function that removes it: for tests. None: nowhere.
display: Callable[[str], Callable[[], None]] | None = None


class NoBrowser(NotYet):
    """No browser shows the output of this kernel's cells."""


class Visit:
    """One student's page in one browser: what the check has it do, and the events that come from it."""

    def __init__(self, page: str) -> None:
        self.page, self.ticket = page, secrets.token_urlsafe(16)
        self.arrived, self.loaded, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        #: What the page has done, in order.
        self.events: list[dict[str, Any]] = []
        #: What the page had of each of its sockets when it last answered: `readyState` and `bufferedAmount`.
        self.sockets: list[list[int]] = []
        #: The page's clock, in seconds, when it last answered.
        self.now = 0.0
        self.stuck = False
        self._ws: Connection | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0

    async def talk(self, ws: Connection) -> None:
        """Show the page in the browser at the other end of `ws`, and take what comes until that has left."""
        self._ws = ws
        self.arrived.set()
        await ws.send("show")
        with suppress(ConnectionClosed):
            async for message in ws:
                for one in json.loads(message):
                    self._take(one)
        self.ended.set()
        self._give_up()

    def _give_up(self) -> None:
        self.loaded.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result({"left": True})

    def _take(self, message: dict[str, Any]) -> None:
        if answer := self._answers.pop(message.get("id", 0), None):
            if not answer.done():
                answer.set_result(message)
        elif message.get("event") == "loads":
            self.loaded.set()
        elif "event" in message:
            self.events.append(message)
            if message["event"] in ("navigates", "floods"):  # nobody is left who could answer
                self.stuck |= message["event"] == "floods"  # its loop may go on
                self._give_up()

    async def act(self, act: str, **given: Any) -> dict[str, Any]:
        """Have the page do something, and return its answer, once all that follows from it has happened.

        Raises NotYet if the page does not answer in time.
        """
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        with suppress(ConnectionClosed):
            if self._ws is not None:
                await self._ws.send(json.dumps({"id": self._number, "act": act, **given}))
        if self.ended.is_set():
            self._give_up()
        with suppress(TimeoutError):
            found = await asyncio.wait_for(answer, ANSWER)
            self.sockets, self.now = found.get("sockets", self.sockets), found.get("now", 1000 * self.now) / 1000
            return found
        self.stuck = True
        raise NotYet(STUCK.format(seconds=ANSWER))

    async def close(self) -> None:
        """Take the page out of the browser."""
        if self._ws is not None:
            self._ws.transport.abort()  # a page that is stuck would not answer a closing handshake


class Stage(Server):
    """Serves students' pages, with the probe before their own scripts, and talks to the browsers that show them."""

    limits = Limits(max_size=16 * 1024 * 1024)
    #: The stage of each event loop: it outlives the cells.
    _stages: ClassVar["WeakKeyDictionary[asyncio.AbstractEventLoop, Stage]"] = WeakKeyDictionary()

    def __init__(self) -> None:
        super().__init__()
        self.visits: dict[str, Visit] = {}

    @classmethod
    async def get(cls) -> "Stage":
        """Return the running stage of this event loop."""
        loop = asyncio.get_running_loop()
        if (stage := cls._stages.get(loop)) is None:
            stage = cls._stages[loop] = cls()
        await stage.start()
        cells.stopped(stage)  # a second run of the cell must not stop it
        return stage

    async def handler(self, ws: Connection) -> None:
        """Let a browser show the page that it has the ticket for."""
        patience.came()
        ticket = json.loads(await ws.recv()).get("ticket")
        if visit := self.visits.get(ticket):
            await visit.talk(ws)

    def _process_request(self, ws: Any, request: Request) -> Response | None:
        response = super()._process_request(ws, request)
        if response is None or response.status_code not in (200, 404):  # a WebSocket, or refused
            return response
        path = path_of(request)
        if path == "/":
            bridge = (STATIC / "exercise.html").read_text("utf-8")
            policy = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; " \
                "frame-src 'self'; base-uri 'none'; form-action 'none'"  # fmt: skip
            return respond(200, bridge, "text/html", Content_Security_Policy=policy)
        if visit := self.visits.get(path.removeprefix("/page/")):
            return respond(200, probed(visit.page), "text/html", Content_Security_Policy=POLICY)
        return response

    @asynccontextmanager
    async def visit(self, page: str, remote: bool | None = None) -> AsyncIterator[Visit]:
        """Show a page for a block. Raises NoBrowser if there is none; `wslearn.browser.patience` says how soon."""
        if not patience.seconds:
            patience.ends()
            raise NoBrowser
        visit = Visit(page)
        self.visits[visit.ticket] = visit
        hide = _display(f"{self._address(remote)}#{visit.ticket}")
        try:
            if not await patience.within(visit.arrived.is_set):
                raise NoBrowser
            if not await _within(visit.loaded, ANSWER):
                visit.stuck = True
                raise NotYet(STUCK.format(seconds=ANSWER))
            yield visit
        finally:
            await visit.close()
            if visit.stuck:
                await asyncio.sleep(KILLED)
            hide()
            del self.visits[visit.ticket]

    def _address(self, remote: bool | None) -> str:
        from wslearn.notebook import address_of

        server: Any = self  # mypy wants a protocol's attributes to be writable
        return address_of(server, remote)[0]


async def _within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


def _display(address: str) -> Callable[[], None]:
    """Show a page below the cell, and return a function that removes it: a saved notebook would show a broken frame."""
    text = (
        f'<iframe src="{html.escape(address)}" title="Your page, while it is being checked" width="100%" height="240" '
        'style="border:0;border-radius:8px"></iframe>'
    )
    if display is not None:
        return display(text)
    if cells.kernel() is None:
        raise NoBrowser
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    handle.display({"text/html": text, "text/plain": ""}, raw=True)
    return lambda: handle.update({"text/plain": ""}, raw=True)


def probed(page: str) -> str:
    """Return a student's page with the probe as its first script; the probe knows how many lines are before the page's.

    It also knows how many lines of the page are above each of the page's scripts. A `<!doctype>` stays the first
    thing, or the browser would be in quirks mode.
    """
    start = found.end() if (found := DOCTYPE.match(page)) else 0
    script = (STATIC / "exercise-probe.js").read_text("utf-8")
    starts = ",".join(str(page.count("\n", 0, found.end())) for found in SCRIPT.finditer(page))
    script = script.replace("{{lines}}", str(script.count("\n"))).replace("{{starts}}", starts)
    return f"{page[:start]}<script>{script}</script>{page[start:]}"
