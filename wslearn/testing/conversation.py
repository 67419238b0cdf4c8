"""The `talk` fixture: the words of the exercises, for tests of any WebSocket server. Each wait has a bound.

A word whose expectation does not hold raises Failed, an AssertionError. Its text says what was expected, what the app
raised, and everything that was sent and received before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any

from wslearn.exercises.engine.expectations import Message, NotYet
from wslearn.exercises.engine.result import lines, trace
from wslearn.exercises.engine.served import Served
from wslearn.exercises.engine.talk import Talk
from wslearn.server import Server
from wslearn.testing.client import Client, Failed, judged
from wslearn.testing.where import HasUrl, advice, at

#: The mark of a line that sends: a handler that has ended there may have met the end of another client's connection.
SENDS = "send"
#: Characters of a message that went as expected, in a failure's text.
SHOWN = 80
#: Time for the ends of connections when a test's event loop ends, in seconds.
END = 1.0


class Conversation(Talk):
    """Clients that talk with a server, and notes of everything that happened. Times are in seconds.

    - `async with talk.served(app) as server`: run an app in the test's own event loop, on a free port.
    - `await talk.client(where, "Ann")`, `await talk.clients(where, "Ann", "Bob")`: connect. `where` is a ws:// or wss://
      URL, or has one: what `served` gives, a server, a bad network. `options` are those of `websockets`' `connect`.
    - `all_hear`, `none_hear`, `has_connections`, `refused`, `until`, `expect` and `tells`: see `wslearn.exercises`.

    What is still open when the test or its event loop ends is dropped then.
    """

    client_class = Client
    all_hear, none_hear, until = judged(Talk.all_hear), judged(Talk.none_hear), judged(Talk.until)
    call, calls, _has_connections = judged(Talk.call), judged(Talk.calls), judged(Talk.has_connections)

    def __init__(self) -> None:
        super().__init__()
        self.served_now: list[Any] = []
        self._ends_of_loops: dict[asyncio.AbstractEventLoop, AsyncIterator[None]] = {}
        self._others: list[Any] = []

    def __repr__(self) -> str:
        return f"<a conversation of {len(self.steps)} steps>"

    def served(self, app: Any) -> "Serving":  # type: ignore[override]
        """Serve an app for a block, which gets something with a `url` and the open `connections`.

        An app is a handler `async def handler(ws)` of `websockets`, a class built on `wslearn.Server`, an ASGI app such
        as Starlette's or FastAPI's (on uvicorn, without its own pings), an aiohttp app, or a function that makes one.
        At the end of the block all clients leave, and every handler must end then. What the app has raised fails the
        test.
        """
        return Serving(self, super().served(app))

    async def client(self, where: str | HasUrl, name: str, **options: Any) -> Client:  # type: ignore[override]
        """Connect a client. Raises Failed if it isn't let in."""
        __tracebackhide__ = True
        if not isinstance(name, str):
            raise TypeError(f"a client's name is a string, such as 'Ann'; got {name!r}")
        target = at(where)
        await self.drops_with_the_loop()
        try:
            return await super().client(target, name, **options)  # type: ignore[return-value]
        except (NotYet, Failed) as wrong:
            if isinstance(wrong, NotYet):
                wrong = NotYet(f"{wrong}{advice(wrong, options.get('url', target.url))}")
            raise self.failure(wrong) from None

    async def clients(self, where: str | HasUrl, *names: str, **options: Any) -> list[Client]:  # type: ignore[override]
        """Connect a client for each name, in this order; of a served app, expect that it keeps them all."""
        __tracebackhide__ = True
        before = len(getattr(at(where), "connections", ()))
        clients = [await self.client(where, name, **options) for name in names]
        if hasattr(where, "connections"):
            await self.has_connections(where, before + len(names))
        return clients

    async def has_connections(self, server: Any, count: int, message: Message = "") -> None:
        """Expect that a server has so many connections soon: that it keeps all clients, or notices who has left."""
        __tracebackhide__ = True
        if not hasattr(server, "connections"):
            raise TypeError(
                "only what `talk.served` gives, or wslearn's own server, tells its connections; of any other server, "
                f"expect a message instead, such as who is in the room: got {server!r}"
            )
        await self._has_connections(server, count, message)

    async def refused(  # type: ignore[override]
        self, where: str | HasUrl, status: int, message: Message = "", **options: Any
    ) -> None:
        """Expect that a handshake is answered with this HTTP status."""
        __tracebackhide__ = True
        try:
            await super().refused(at(where), status, message, **options)
        except (NotYet, Failed) as wrong:
            raise self.failure(wrong) from None

    def expect(self, fact: bool, message: Message = "", **options: Any) -> None:
        """Expect a fact that nothing else here looks at: `expected` and `came` describe it in a failure's text."""
        __tracebackhide__ = True
        try:
            super().expect(fact, message, **{"expected": "True", "came": fact, **options})
        except (NotYet, Failed) as wrong:
            raise self.failure(wrong) from None

    def forgives(self, server: Any) -> None:
        """Forget the errors of an app so far, because the test itself provoked them."""
        if isinstance(server, Served):
            server.errors.clear()
        else:
            super().forgives(server)
        self.forget()

    def forget(self) -> None:
        """Forget what the apps have raised so far."""
        for texts in (self._errors, self._ends, self.forgotten):
            texts.clear()

    def failure(self, wrong: BaseException | None = None) -> Failed:
        """Return the error for an expectation that does not hold, with all that is known.

        A Failed stays as it is, but for the words in between, which are no lines of the test's.
        """
        if isinstance(wrong, Failed):
            return wrong.with_traceback(None)
        self.problem = str(wrong) if wrong else ""
        steps = [
            replace(step, what=f"{step.what[:SHOWN]}…") if len(step.what) > SHOWN and not step.wrong else step
            for step in self.steps
        ]
        ends = [end for server in self.served_now if isinstance(server, Served) for end in server.ends if SENDS in end]
        texts = [*self.complaints(), *(f"A handler of your app ended with {end}." for end in ends[-1:])]
        return Failed("\n".join([lines(texts), *trace(steps)]))

    def complaints(self) -> list[str]:
        """Return what the apps have raised and what was found, the causes first."""
        for server in self.served_now:
            if isinstance(server, Server):
                self._take_errors(server)
        return self.problems()

    async def drops_with_the_loop(self) -> None:
        """Drop what is open when this event loop ends, as at the end of `asyncio.run`: then it is too late for us."""
        loop = running_loop()
        if loop not in self._ends_of_loops:
            self._ends_of_loops[loop] = end = self._until_the_loop_ends()
            await anext(end)

    async def _until_the_loop_ends(self) -> AsyncIterator[None]:
        try:
            yield
        finally:  # `shutdown_asyncgens` comes here
            self.drop()
            ends = [
                asyncio.ensure_future(one.wait_closed()) for one in [*(c.ws for c in self.everybody), *self._others]
            ]
            if ends:
                await asyncio.wait(ends, timeout=END)

    async def _ends_with_its_clients(self, server: Any, *texts: str) -> None:
        self.drop()  # the hostile ones too
        await super()._ends_with_its_clients(server, *texts)

    def keeps(self, connection: Any) -> None:
        """Drop something else at the end: it has `drop()` and `wait_closed()`."""
        self._others.append(connection)

    def drop(self) -> None:
        """Drop every connection that is still open."""
        for one in [*self.everybody, *self._others]:
            with suppress(RuntimeError):  # its loop is closed, and has dropped it
                one.drop()


class Serving:
    """The block in which an app is served."""

    def __init__(self, talk: Conversation, block: AbstractAsyncContextManager[Any]) -> None:
        self._talk, self._block = talk, block

    async def __aenter__(self) -> Any:
        __tracebackhide__ = True
        running_loop()
        try:
            server = await self._block.__aenter__()
        except (NotYet, Failed) as wrong:
            raise self._talk.failure(wrong) from None
        self._server = server
        self._talk.served_now.append(server)
        return server

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        talk = self._talk
        try:
            await self._block.__aexit__(kind, error, place)
            talk.problem = ""  # what a word found has been raised there
            complaints = talk.complaints()
            if error is None and complaints:
                raise talk.failure()
            if isinstance(error, Exception) and not isinstance(error, Failed):
                for text in dict.fromkeys(complaints):
                    error.add_note(text)
        except (NotYet, Failed) as wrong:
            raise talk.failure(wrong) from None
        finally:
            talk.served_now.remove(self._server)
            talk.forget()  # all of it has been told


def running_loop() -> asyncio.AbstractEventLoop:
    """Return asyncio's running loop. Raises RuntimeError with advice where another library runs the test."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        advice = "with anyio's plugin, let the fixture `anyio_backend` return 'asyncio'"
        raise RuntimeError(f"wslearn.testing runs on asyncio only: {advice}") from None
