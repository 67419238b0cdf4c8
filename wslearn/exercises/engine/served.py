"""What a check can serve: a handler, a server's class, an ASGI app, an aiohttp app; and what it notes about an app."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import apps
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.forgotten import cause
from wslearn.exercises.engine.kinds import check_server_class, kind
from wslearn.exercises.engine.place import raised
from wslearn.exercises.engine.starting import failed_tasks
from wslearn.server import Server

#: How the end of a connection is called in Starlette, in uvicorn and in aiohttp. An app may let it pass.
ENDS = {"WebSocketDisconnect", "ClientDisconnected", "ClientConnectionResetError"}
KINDS = (
    "a handler `async def handler(ws):`, a class `class MyServer(Server):`, an ASGI app "
    "(`async def app(scope, receive, send):`, Starlette, FastAPI) or an aiohttp app"
)


class Served:
    """An app while it runs: its `url`, the `connections` that it is handling, and the errors it has raised."""

    def __init__(self, notes: Calls, app: Any) -> None:
        self.notes, self.app = notes, app
        self.url = ""
        self.errors: list[str] = []
        #: Where a handler met the end of a connection, which is no error.
        self.ends: list[str] = []
        self.connections: set[object] = set()
        self.handlers: set[object] = set()  # requests too
        self.over = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve the app on this computer for a block."""
        run: Any = apps.aiohttp_app if apps.is_aiohttp_app(self.app) else apps.asgi_app
        with failed_tasks(lambda: self.over, lambda task: task.exception()) as failed:
            try:
                async with run(self.app, self) as port:
                    self.url = f"ws://{apps.HOST}:{port}/"
                    yield
            finally:
                for error in failed():
                    self.fails(error, always=True)

    def fails(self, error: BaseException, always: bool = False) -> None:
        """Note an error of the app, unless it is the end of a connection, or comes of the check's end."""
        for one in _causes(error):
            names = {base.__name__ for base in type(one).__mro__}
            if (self.over and not always) or isinstance(one, asyncio.CancelledError):
                continue
            if isinstance(one, ConnectionClosed) or names & ENDS:
                self.ends.append(raised(one))
                continue
            if isinstance(one, NotImplementedError):
                self.notes.untouched = True
            self.errors.append(f"Your app raised {(what := raised(one))}.{cause(what)}")
            self.notes.blames(self.errors[-1])

    @contextmanager
    def handles(self, websocket: bool) -> Iterator[None]:
        """Note that the app is handling a connection or a request, for a block."""
        token = object()
        self.handlers.add(token)
        if websocket:
            self.connections.add(token)
        try:
            yield
        finally:
            self.handlers.discard(token)
            self.connections.discard(token)


async def servable(talk: Calls, app: Any) -> Any:
    """Return a server's class, an ASGI app or an aiohttp app; raise NotYet for anything else.

    A handler becomes a class. A function without parameters is called: it makes what is to be served.
    """
    if (
        not _is_app(app)
        and callable(app)
        and _takes(app, 0)
        and (_makes(app) or not (_takes(app, 1) or _takes(app, 3)))
    ):
        app = await talk.call(app)
    if _is_app(app):
        return app
    if isinstance(app, Server):
        check_server_class(app)  # says that the class itself is wanted
    if callable(app) and not inspect.isclass(app) and _takes(app, 1):  # a partial, or an object to call, too
        return _handled_by(app)
    if callable(app) and _takes(app, 3):
        return app
    raise NotYet(f"Expected {KINDS}, got {kind(app)}.")


def _is_app(app: Any) -> bool:
    return apps.is_aiohttp_app(app) or is_server_class(app)


def is_server_class(app: Any) -> bool:
    """Return whether this is a class built on Server."""
    return inspect.isclass(app) and issubclass(app, Server)


def _takes(function: Any, count: int) -> bool:
    """Return whether this takes so many arguments, it itself and what it wraps (Django's `Consumer.as_asgi()`)."""
    try:
        for follow in (True, False):
            inspect.signature(function, follow_wrapped=follow).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _makes(function: Any) -> bool:
    """Return whether this makes an app though it may take arguments too, such as `def make(settings=None)`."""
    plain = inspect.isfunction(function) and not inspect.iscoroutinefunction(function)
    return plain and not function.__code__.co_flags & inspect.CO_VARARGS  # a decorator's `*args` are a handler's


def _handled_by(function: Callable) -> type[Server]:
    """Return a server's class with this handler."""

    async def handler(self: Server, ws: Any) -> Any:
        return await function(ws)

    handler.__signature__ = inspect.signature(handler)  # type: ignore[attr-defined] # not the function's own
    handler.__wrapped__ = function  # type: ignore[attr-defined] # errors show its lines
    return type("Handled", (Server,), {"handler": handler})


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    else:
        yield error
