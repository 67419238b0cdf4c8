"""What runs a student's ASGI or aiohttp app for a check: on a port that the system chooses, and with bounds."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Protocol

from wslearn.common.patience import wait
from wslearn.exercises.engine.expectations import STEP, NotYet

if TYPE_CHECKING:
    from aiohttp import web

Message = MutableMapping[str, Any]
HOST = "127.0.0.1"
#: How long an app may take to start, and to stop when its clients have gone, in seconds.
START, STOP = 2 * STEP, 2.0
#: What aiohttp would print about an app's error, beside the check that shows it.
QUIET = logging.getLogger("wslearn.exercises.quiet")
QUIET.setLevel(logging.CRITICAL + 1)
NO_UVICORN = (
    "An ASGI app needs uvicorn to run. Install it with `pip install uvicorn`. In a notebook, restart the kernel then, "
    "and run this cell again."
)
USED_BEFORE = (
    "This app has been used before, and aiohttp's apps can run only once. Make a new one: run the app's cell again, or "
    "pass a function that makes the app."
)
NOT_IN_TIME = f"Your app did not start within {START:g} s. What it does at its start must end."


class Notes(Protocol):
    """What is told about an app while it runs."""

    def fails(self, error: BaseException, always: bool = False) -> None:
        """Note an error of the app. Those of its start and its end count `always`, even if the check is over."""

    def handles(self, websocket: bool) -> AbstractContextManager[None]:
        """Note that the app is handling a connection or a request, for a block."""


async def bounded(awaitable: Awaitable[Any], seconds: float) -> bool:
    """Wait so long for something of a student's, cancel it then, and return whether it ended; raise what it raised."""
    task = asyncio.ensure_future(awaitable)
    try:
        await wait({task}, seconds)
    finally:
        if late := not task.done():
            task.cancel()
            await wait({task}, STEP / 4)
    if not late:
        task.result()
    return not late


def is_aiohttp_app(app: Any) -> bool:
    """Return whether this is an aiohttp app. Who has none need not wait until aiohttp is imported."""
    module = sys.modules.get("aiohttp.web")
    return module is not None and isinstance(app, module.Application)


@asynccontextmanager
async def aiohttp_app(app: "web.Application", notes: Notes) -> AsyncIterator[int]:
    """Run an aiohttp app for a block, which gets its port."""
    from aiohttp import web

    @web.middleware
    async def noted(request: web.Request, handler: Callable) -> Any:
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        with notes.handles(upgrade):
            try:
                return await handler(request)
            except web.HTTPException:
                raise  # an answer, such as 404
            except Exception as error:
                notes.fails(error)
                raise

    if app.frozen:
        raise NotYet(USED_BEFORE)
    app.middlewares.insert(0, noted)
    runner = web.AppRunner(app, handle_signals=False, access_log=None, logger=QUIET, shutdown_timeout=STOP / 2)
    try:
        try:
            started = await bounded(runner.setup(), START)
        except Exception as error:
            notes.fails(error, always=True)
            raise NotYet("") from error
        if not started:
            raise NotYet(NOT_IN_TIME)
        await web.TCPSite(runner, HOST, 0).start()
        yield runner.addresses[0][1]
    finally:
        try:
            await bounded(runner.cleanup(), STOP)
        except Exception as error:  # noqa: BLE001 - whatever a student's `on_cleanup` raises
            notes.fails(error, always=True)


@asynccontextmanager
async def asgi_app(app: Callable, notes: Notes) -> AsyncIterator[int]:
    """Run an ASGI app on uvicorn for a block, which gets its port."""
    try:
        import uvicorn
    except ImportError:
        raise NotYet(NO_UVICORN) from None

    class Served(uvicorn.Server):
        @contextmanager
        def capture_signals(self):  # those are the kernel's
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    log = logging.getLogger("uvicorn.error")
    log.addFilter(_not_in_a_check)  # one that is there already is not added again
    ready, lifespan = asyncio.Event(), Lifespan(app, notes)
    config = uvicorn.Config(
        lifespan.called, interface="asgi3", log_config=None, access_log=False, lifespan="auto", http="h11",
        ws="websockets-sansio", ws_ping_interval=None, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Served(config)
    with socket.create_server((HOST, 0)) as sock:
        serving = asyncio.ensure_future(_served(server, sock))
        starting = asyncio.ensure_future(ready.wait())
        try:
            await wait({serving, starting}, START, return_when=asyncio.FIRST_COMPLETED)
            if lifespan.failed is not None or not server.started:
                raise NotYet(lifespan.failed or ("" if serving.done() else NOT_IN_TIME))
            try:
                yield sock.getsockname()[1]
            except NotYet:
                lifespan.blame()
                raise
        finally:
            starting.cancel()
            server.should_exit = True
            with suppress(Exception):  # what the app raised has been noted
                await bounded(serving, STOP if ready.is_set() else 0)
            for listener in getattr(server, "servers", ()):
                listener.close()


async def _served(server: Any, sock: socket.socket) -> None:
    with suppress(SystemExit):  # uvicorn's, where an app does not start
        await server.serve(sockets=[sock])


def _not_in_a_check(record: logging.LogRecord) -> bool:
    """Return whether nobody else tells of this: a check tells of all its app's errors, a test of all exceptions."""
    place = record.exc_info[2] if isinstance(record.exc_info, tuple) else None
    while place and place.tb_frame.f_code is not Lifespan.called.__code__:
        place = place.tb_next
    return record.threadName != "wslearn check" and place is None


class Lifespan:
    """An ASGI app whose errors are noted. Most apps know no `lifespan`, and may raise when they get one."""

    def __init__(self, app: Callable, notes: Notes) -> None:
        self.app, self.notes = app, notes
        self.failed: str | None = None
        self._asked = self._answered = False
        self._maybe: Exception | None = None

    async def called(self, scope: Message, receive: Callable, send: Callable) -> None:
        """Be the app that uvicorn calls."""
        lifespan = scope["type"] == "lifespan"
        with nullcontext() if lifespan else self.notes.handles(scope["type"] == "websocket"):
            try:
                if lifespan:
                    await self.app(scope, self._noting_receive(receive), self._noting_send(send))
                else:
                    await self.app(scope, receive, send)
            except Exception as error:
                if not lifespan or self._answered:
                    self.failed = None if self.failed is None else ""  # this error says it better
                    self.notes.fails(error, always=lifespan)
                elif self._asked:
                    self._maybe = error
                raise

    def blame(self) -> None:
        """Note an error in `lifespan` that counts only if something else is wrong: ASGI allows it."""
        if self._maybe:
            self.notes.fails(self._maybe, always=True)

    def _noting_receive(self, receive: Callable) -> Callable:
        async def noting() -> Message:
            message = await receive()
            self._asked = True
            return message

        return noting

    def _noting_send(self, send: Callable) -> Callable:
        async def noting(message: Message) -> None:
            self._answered = True
            if message["type"] == "lifespan.startup.failed":
                last = (message.get("message") or "").strip().splitlines()[-1:]
                self.failed = f"Your app failed at its start. {' '.join(last)}".strip()
            await send(message)

        return noting
