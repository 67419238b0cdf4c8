"""The server's part in a check of a client: each connection waits until the check plays it, message by message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.common.patience import patient, wait
from wslearn.exercises.engine import STEP, Message, NotYet, Talk, matches, read, shown
from wslearn.messages import encode
from wslearn.server import Server

ENDED = "Your function returned before it was done."
SILENT = "{name} should connect to `url` now, and didn't."
GONE = "{name} closed the connection too early. Keep it open, and go on with it until all is done."


class Counterpart(Server):
    """A server that puts its connections into a queue, for the check."""

    def __init__(self) -> None:
        super().__init__()
        self.peers: asyncio.Queue[Any] = asyncio.Queue()

    async def handler(self, ws: Any) -> None:
        """Hand a connection over, and keep it as long as it lives."""
        self.peers.put_nowait(ws)
        await ws.wait_closed()


class Line:
    """A connection from a student's client. `heard` and `said` are in JSON; times are in seconds."""

    def __init__(self, student: "Student", ws: Any) -> None:
        self.student, self.ws = student, ws

    async def hears(self, expected: Any, message: Message = "", *, meaning: str = "") -> Any:
        """Expect the client's next message, decoded, and return it."""
        came = await self.student.first(self._next())
        student = self.student
        if came is None:
            if self.ws.close_code is not None:
                await student.may_raise()
                student.talk.fail(GONE, student.name, "closes", "the connection", expected="keep it open")
            student.talk.fail(message, student.name, "sends", "nothing", expected=meaning or shown(expected))
        if not matches(expected, came):
            student.talk.fail(
                message, student.name, "sends", shown(came), expected=meaning or shown(expected), came=came
            )
        student.talk.tells(student.name, "sends", shown(came))
        return came

    async def hears_nothing(self, message: str, within: float = 0.1) -> None:
        """Expect that the client sends nothing for some time."""
        with suppress(TimeoutError):
            async with patient(within):
                came = await self._next(2 * within)
                if came is not None:
                    self.student.talk.fail(message, self.student.name, "sends", shown(came), expected="nothing")

    async def says(self, *messages: dict[str, Any]) -> None:
        """Send messages to the client."""
        for message in messages:
            self.student.talk.tells("the server", "sends", shown(message))
            with suppress(ConnectionClosed):
                await self.ws.send(encode(message))

    async def says_alike(self, message: dict[str, Any], types: tuple[str, ...]) -> None:
        """Send a message once for each of these types, which the client has to ignore."""
        self.student.talk.tells("the server", "sends", f"messages of other types, such as `{types[0]}`")
        for kind in types:
            with suppress(ConnectionClosed):
                await self.ws.send(encode(message | {"type": kind}))

    async def drops(self) -> None:
        """Deliver what was sent, and end the connection without a closing handshake, as a broken cable does."""
        with suppress(ConnectionClosed, TimeoutError):
            async with patient(STEP):
                await (await self.ws.ping())  # the client has read everything that came before
        self.student.talk.tells("the cable", "is", "cut")
        self.ws.transport.abort()

    async def closes(self, code: int) -> None:
        """End the connection with a closing handshake."""
        self.student.talk.tells("the server", "closes", f"with {code}")
        await self.ws.close(code)

    async def _next(self, within: float = STEP) -> Any:
        with suppress(ConnectionClosed, TimeoutError):
            async with patient(within):
                return read(await self.ws.recv())
        return None


class Student:
    """A student's client, which runs as a task. `first` waits for something, or for the end of the client."""

    def __init__(self, talk: Talk, server: Counterpart, name: str, task: "asyncio.Task[Any]") -> None:
        self.talk, self.server, self.name, self.task = talk, server, name, task

    async def first(self, waiting: Any, ended: str = ENDED) -> Any:
        """Await something; if the student's function ends meanwhile, for a moment only. Raises what that raised."""
        other = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait({other, self.task}, return_when=asyncio.FIRST_COMPLETED)
            if not other.done():
                await wait({other}, 0.05)
            if other.done():
                return other.result()
            self.task.result()
            self.talk.fail(ended, self.name, "returns", shown(self.task.result()), expected="go on")
        finally:
            other.cancel()

    async def may_raise(self) -> None:
        """Let a function that has closed its connection go on, and raise what it raises: `async with` closes first."""
        again = asyncio.ensure_future(self.server.peers.get())
        await wait({again, self.task}, STEP, return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        wrong = self.task.exception() if self.task.done() and not self.task.cancelled() else None
        if wrong and not isinstance(wrong.__cause__, ConnectionClosed):
            self.talk.tells(self.name, "closes", "the connection", wrong=True)
            raise wrong

    async def connects(self, message: str = SILENT, ended: str = ENDED) -> Line:
        """Expect that the client connects, and return the connection."""

        async def peer() -> Any:
            with suppress(TimeoutError):
                async with patient(STEP):
                    return await self.server.peers.get()

        try:
            ws = await self.first(peer(), ended)
        except NotYet as wrong:
            if not isinstance(wrong.__cause__, ConnectionClosed):
                raise
            self.talk.fail(
                message.replace("{name}", self.name), self.name, "ends", str(wrong), expected="connect again"
            )
        if ws is None:
            self.talk.fail(message.replace("{name}", self.name), self.name, "does", "nothing", expected="connect")
        self.talk.tells(self.name, "connects")
        return Line(self, ws)

    async def returns(self, message: str) -> Any:
        """Expect that the student's function returns, and return what."""
        await wait({self.task}, STEP)
        if not self.task.done():
            self.talk.fail(message, self.name, "goes", "on", expected="return")
        return self.task.result()


@asynccontextmanager
async def playing(talk: Talk, name: str, function: Callable[..., Any], *arguments: Any) -> AsyncIterator[Student]:
    """Run `function(url, *arguments)` against a server that the check plays."""
    async with Counterpart() as server:
        task = asyncio.create_task(talk.call(function, server.url, *arguments, within=12))
        try:
            yield Student(talk, server, name, task)
        finally:
            for ws in list(server.connections):
                ws.transport.abort()
            task.cancel()
            await wait({task}, STEP)
            if task.done() and not task.cancelled():
                task.exception()  # it was told already, or it came from the end of the check
