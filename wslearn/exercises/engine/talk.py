"""What a check's conversation is made with: servers, clients, groups of clients; `calls` has the rest."""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from wslearn.client.connection import SafeConnection
from wslearn.common import buffers, polling
from wslearn.common.patience import patient
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.expectations import STEP, WHOLE, Message, NotYet, matches
from wslearn.exercises.engine.forgotten import cause, noting
from wslearn.exercises.engine.idle import busy
from wslearn.exercises.engine.kinds import check_server_class
from wslearn.exercises.engine.place import line, raised
from wslearn.exercises.engine.served import Served, is_server_class, servable
from wslearn.exercises.engine.starting import failed_tasks, start, stop
from wslearn.server import Server

#: A handler's error, as a server's log has it.
HANDLER_ERROR = re.compile(r"(?P<what>.*) \(in (?P<name>.+), line (?P<line>\d+)\)", re.DOTALL)
#: A check is quick, knows no proxy, and has all the memory that a student's server fills.
CLIENT: dict[str, Any] = {
    "proxy": None, "compression": None, "ping_interval": None, "open_timeout": None, "close_timeout": STEP / 2,
    "max_size": None, "max_queue": None, "create_connection": SafeConnection,
}  # fmt: skip
#: What a student is told whose server lost a connection, or kept one.
TOO_SOON = "A client was disconnected as soon as it connected. A handler must go on until its client has left."
NOT_ASYNC = "Your `handler` must begin with `async def`, not `def`: it has to wait for its client."
TOO_LATE = "A client has left, and the server still has its connection. A handler must end when its client has left."

#: What a student is told whose handler goes on without its client.
OUTLIVES = (
    "All clients have left, and a handler of yours is still running. When its client leaves, `recv()` and `send()` "
    "raise `ConnectionClosed`: let that end the handler. An `except Exception` inside a loop catches it every time."
)
APP_OUTLIVES = (
    "All clients have left, and your app is still handling a connection. When its client leaves, `receive` gives "
    "`websocket.disconnect` or raises: let that end the handler. An `except Exception` inside a loop catches it."
)
SPINS = "All clients have left, and your code is still busy. Let `ConnectionClosed` end a handler and what it started."
#: How long a server without clients is watched, in seconds.
IDLE = 0.05


class Talk(Calls):
    """One check's conversation. `wslearn.exercises` describes the words that it is made with; times are in seconds.

    A word whose expectation does not hold raises NotYet with the message for the student, and so ends the check.
    """

    #: What makes a client of a connection.
    client_class = Client

    def __init__(self) -> None:
        super().__init__()
        self.everybody: list[Client] = []

    async def converse(self, conversation: Callable, answer: object) -> None:
        """Hold a conversation; `problems()` and `untouched` say how it went."""
        try:
            async with patient(WHOLE):
                await conversation(self, answer)
            self.problem = ""
        except NotYet as wrong:
            self.problem = str(wrong)
        except NotImplementedError:
            self.untouched = True
        except TimeoutError:
            self.problem = f"The check did not end within {WHOLE:g} s, so it was stopped."
        except Exception as error:  # noqa: BLE001 - a check never raises
            self.problem = f"The check itself failed, which is not your fault. Please report it: {raised(error)}"
        finally:
            for client in self.everybody:
                client.drop()

    @asynccontextmanager
    async def server(self, server_class: type[Server], **options: Any) -> AsyncIterator[Any]:
        """Start a server of this class for a block. `options` go to its `__init__`."""
        check_server_class(server_class)
        server = await self.call(server_class, **options)
        if not hasattr(server, "connections"):
            raise NotYet("Your `__init__` must begin with `super().__init__()`, and pass on what it was given.")
        if not isinstance(server.connections, set):
            raise NotYet("`self.connections` is the server's own set of all its clients. Give yours another name.")
        over = taken = False
        with failed_tasks(lambda: over) as failed:
            try:
                server.handler = noting(server.handler, self.forgot, self._unwritten)
                await start(self, server)
                yield server
                self._take_errors(server)  # before the clients are gone: in a TaskGroup that is an ExceptionGroup
                taken = True
                await self._ends_with_its_clients(server)
            finally:
                over = True
                try:  # what ends a student's code may end it here too
                    if not taken:
                        self._take_errors(server)
                    for error in failed():
                        self.failed(error)
                    for client in self.everybody:
                        client.drop()
                finally:
                    await stop(self, server)

    @asynccontextmanager
    async def served(self, app: Any) -> AsyncIterator[Any]:
        """Serve for a block: a handler `async def handler(ws)`, a server's class, an ASGI app or an aiohttp app.

        A function without parameters that makes one of these will do too. The block gets something with a `url`.
        """
        app = await servable(self, app)
        if is_server_class(app):
            async with self.server(app) as server:
                yield server
            return
        served = Served(self, app)
        async with served.running():
            try:
                yield served
                served.over = True  # what is raised because its clients are dropped here is no mistake
                await self._ends_with_its_clients(served, APP_OUTLIVES)
            finally:
                served.over = True
                for client in self.everybody:
                    client.drop()

    async def _ends_with_its_clients(self, server: Any, outlives: str = OUTLIVES) -> None:
        """Expect that every handler ends soon after its client has gone, and that nothing is busy then."""
        if self.error(server):
            return  # that is what has to be mended first
        for client in self.everybody:
            client.drop()
        if not await polling.until(lambda: not server.handlers, STEP):  # `connections` forgets a lost client at once
            self.fail(outlives, "a handler", "is", "running after its client has left", expected="over")
        if share := await busy(IDLE):
            self.fail(SPINS, "your code", "is", f"busy for {share:.0%} of the time", expected="idle without clients")

    def _unwritten(self) -> None:
        """Let nobody wait for what a stub would have sent."""
        self.untouched = True
        for client in self.everybody:
            client.ws.transport.abort()

    def _take_errors(self, server: Server) -> None:
        for error in _errors(server):
            self.untouched = self.untouched or error["what"].startswith("NotImplementedError")
            handler, place = inspect.unwrap(type(server).handler), ""
            if inspect.isfunction(handler):  # the log doesn't know the lines of anything else
                if error["name"] in ("handler", "_converse", "noted") and not inspect.iscoroutinefunction(handler):
                    self._errors.append(NOT_ASYNC)  # a `def` that returns a coroutine is right, and raises elsewhere
                    continue
                where = line(handler.__code__.co_filename, int(error["line"]))
                place = f" (in `{error['name']}`, {where})"
            what = error["what"].removesuffix(": ")
            self._errors.append(f"Your handler raised {what}{place}.{cause(error['what'])}")

    def error(self, server: Any) -> str:
        """Return the first error that a handler raised, as the server's log has it, or an empty text."""
        errors = server.errors if isinstance(server, Served) else [error.string for error in _errors(server)]
        return next(iter(errors), "")

    def forgives(self, server: Server) -> None:
        """Forget the errors of handlers so far, because the check itself sent what no handler has to understand."""
        server._log.forget()

    async def has_connections(self, server: Any, count: int, message: Message = "") -> None:
        """Expect that a server has so many connections soon: that it keeps all clients, or notices who has left.

        If a handler has failed, that is all the student reads.
        """
        await polling.until(lambda: len(server.connections) == count or self.error(server), STEP)
        if error := self.error(server):
            self.tells("a handler", "fails", error, wrong=True)
            raise NotYet("")
        if (came := len(server.connections)) != count:
            message = message or (TOO_SOON if came < count else TOO_LATE)
            self.fail(message, "the server", "has", str(came), expected=f"connections: {count}", came=came)

    async def client(
        self, server: Any, name: str, *, url: str | None = None, receive_buffer: int | None = None, **options: Any
    ) -> Client:
        """Connect a client to a server, or to anything else that has a `url`; `options` are those of `connect`.

        With a `receive_buffer` of some thousand bytes the system keeps little for a client that does not read.
        """
        address = urlsplit(url := url or server.url)
        try:
            if receive_buffer:
                options["sock"] = await buffers.connected(address.hostname or "", address.port or 80, receive_buffer)
            async with patient(2 * STEP):
                ws = await connect(url, **CLIENT | options)
        except (OSError, InvalidHandshake) as error:
            slow = "timed out during opening handshake" if isinstance(error, TimeoutError) else ""
            reason = str(error) or slow or type(error).__name__  # some have no words
            self.tells(name, "connects", f"but is not let in: {reason}", wrong=True)
            raise NotYet(f"{name} could not connect: {reason}.") from None
        self.tells(name, "connects")
        self.everybody.append(self.client_class(self, name, ws, self.everybody, server))
        return self.everybody[-1]

    async def clients(self, server: Any, *names: str, **options: Any) -> list[Client]:
        """Connect a client for each name, in this order, and expect that the server keeps them all.

        With a `receive_buffer`, in bytes, the server's ends have small buffers too: what is not read waits there soon.
        """
        count = len(server.connections) + len(names)
        clients = [await self.client(server, name, **options) for name in names]
        await self.has_connections(server, count)
        for client in clients if "receive_buffer" in options else ():
            buffers.shrink(client.peer, options["receive_buffer"])
        return clients

    async def all_hear(self, clients: Iterable[Client], expected: Any, message: Message = "", **options: Any) -> None:
        """Expect the same next message at each of these clients. `options` are those of `Client.hears`."""
        for client in clients:
            await client.hears(expected, message, **options)

    async def none_hear(self, clients: Iterable[Client], message: Message, **options: Any) -> None:
        """Expect no message at any of these clients. `options` are those of `Client.hears_nothing`."""
        for client in clients:
            await client.hears_nothing(message, **options)

    async def refused(
        self, server: Any, status: int, message: Message = "", *, name: str = "a client", or_else: Message = "",
        **options: Any,
    ) -> None:  # fmt: skip
        """Expect that a handshake is answered with this HTTP status. `message` gets the one that came."""
        came = None
        try:
            async with patient(2 * STEP), connect(options.pop("url", None) or server.url, **CLIENT | options) as ws:
                came = ws.response.status_code if ws.response else None
        except InvalidHandshake as error:
            came = getattr(getattr(error, "response", None), "status_code", None)
        except OSError:
            pass
        self._judge(matches(status, came), name, "gets", came, message or or_else, str(status))


def _errors(server: Server) -> Iterator[re.Match[str]]:
    """Yield the errors that handlers raised."""
    return filter(None, (HANDLER_ERROR.fullmatch(event.text) for event in server.log if event.kind == "error"))
