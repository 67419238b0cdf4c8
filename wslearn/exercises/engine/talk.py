"""What a check's conversation is made with: servers, clients, calls; and what it wrote down when it was over."""

import asyncio
import inspect
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from wslearn.exercises.engine.client import Client
from wslearn.exercises.engine.expectations import STEP, WHOLE, NotYet, OrElse, advice, in_words, matches
from wslearn.exercises.engine.kinds import check_arguments, check_server_class, kind
from wslearn.exercises.engine.place import line, raised
from wslearn.exercises.engine.result import Step, shown
from wslearn.exercises.engine.thread import GRACE
from wslearn.server import Server

#: A handler's error, as a server's log has it.
HANDLER_ERROR = re.compile(r"(?P<what>.*) \(in (?P<name>.+), line (?P<line>\d+)\)", re.DOTALL)
#: A check is quick, knows no proxy, and has all the memory that a student's server fills.
CLIENT = {
    "proxy": None, "compression": None, "ping_interval": None, "open_timeout": STEP, "close_timeout": STEP / 2,
    "max_size": None, "max_queue": None,
}  # fmt: skip


class Talk:
    """One check's conversation. `wslearn.exercises` describes the words that it is made with."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.clients: list[Client] = []
        self.problem: str | None = None  # not over
        self.untouched = False
        self.advice: list[str] = []
        self._errors: list[str] = []
        self._ends: list[str] = []

    async def converse(self, conversation: Callable, answer: object) -> None:
        """Hold a conversation; `problems()` and `untouched` say how it went."""
        try:
            async with asyncio.timeout(WHOLE):
                await conversation(self, answer)
            self.problem = ""
        except NotYet as wrong:
            self.problem = str(wrong)
        except NotImplementedError:
            self.untouched = True
        except TimeoutError:
            self.problem = f"The check was not over after {WHOLE:g} s."
        except Exception as error:  # noqa: BLE001 - a check never raises
            self.problem = f"The check itself failed, which is not your fault. Please report it: {raised(error)}"
        finally:
            for client in self.clients:
                client.drop()

    def failed(self, error: BaseException) -> None:
        """Write down an error that nobody caught."""
        if isinstance(error, NotImplementedError):
            self.untouched = True
        else:
            texts = self._ends if isinstance(error, ConnectionClosed) else self._errors
            texts.append(f"Your code raised {raised(error)}.")

    def problems(self) -> list[str]:
        """Return what the student's code raised and what the conversation found, a text each, the causes first.

        That a connection has ended comes last: the check itself ends them all when it has found something.
        """
        return [*self._errors, self.problem or "", *self._ends]

    def tells(self, who: str, did: str, what: str = "", wrong: bool = False) -> None:
        """Write down a step for the student to read."""
        self.steps.append(Step(who, did, what, wrong))

    def advises(self, text: str) -> None:
        """Say what might be better in an answer that is right; who is not there yet does not read it."""
        self.advice.append(text)

    # Servers and clients

    @asynccontextmanager
    async def server(self, server_class: type[Server], **options) -> AsyncIterator[Server]:
        """Start a server of this class for a block. `options` go to its `__init__`."""
        check_server_class(server_class)
        server = await self.call(server_class, **options)
        if not hasattr(server, "connections"):
            raise NotYet("Your `__init__` must begin with `super().__init__(*args, **options)`.")
        try:
            await self._bounded(server.start(), STEP, "`start()`")
            yield server
        finally:
            try:  # what ends a student's code may end it here too
                self._take_errors(server)  # before the clients are gone, which nobody should have to handle here
                for client in self.clients:
                    client.drop()
                await self._bounded(server.stop(), STEP, "`stop()`")
            finally:
                await Server.stop(server)  # a student's own may not have; twice is fine

    def _take_errors(self, server: Server) -> None:
        for event in server.log:
            if event.kind == "error" and (error := HANDLER_ERROR.fullmatch(event.text)):
                if error["what"].startswith("NotImplementedError"):
                    self.untouched = True
                file = inspect.unwrap(type(server).handler).__code__.co_filename
                place = f"in `{error['name']}`, {line(file, int(error['line']))}"
                self._errors.append(f"Your handler raised {error['what'].removesuffix(': ')} ({place}).")

    async def client(
        self, server: Any, name: str, *, url: str | None = None, receive_buffer: int | None = None, **options
    ) -> Client:
        """Connect a client to a server, or to anything else that has a `url`.

        With a `receive_buffer` of some thousand bytes the system keeps little for a client that does not read.
        """
        url = url or server.url
        if receive_buffer:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (urlsplit(url).hostname, urlsplit(url).port))
            options["sock"] = sock
        try:
            ws = await connect(url, **CLIENT | options)
        except (OSError, InvalidHandshake) as error:
            self.tells(name, "connects", f"in vain: {error}", wrong=True)
            raise NotYet(f"{name} could not connect: {error}.") from None
        self.tells(name, "connects")
        self.clients.append(Client(self, name, ws))
        return self.clients[-1]

    async def refused(
        self, server: Any, status: int, or_else: OrElse = "", *, name: str = "a client", **options
    ) -> None:
        """Expect that a handshake is answered with this HTTP status. `or_else` gets the one that came."""
        try:
            async with connect(options.pop("url", None) or server.url, **CLIENT | options) as ws:
                came = ws.response.status_code
        except InvalidHandshake as error:
            came = getattr(getattr(error, "response", None), "status_code", None)
        except OSError:
            came = None
        self._judge(name, ("should get", "gets"), status, came, or_else, "")

    # Calls and facts

    async def call(self, function: Callable, *arguments, within: float = STEP, **options) -> Any:
        """Call a student's function, async or not, and return what it returns; what it raises ends the check."""
        name = f"`{getattr(function, '__name__', type(function).__name__)}`"
        check_arguments(function, arguments, options)

        async def called() -> Any:
            value = function(*arguments, **options)
            return await value if inspect.isawaitable(value) else value

        try:
            return await self._bounded(called(), within, name)
        except (NotYet, NotImplementedError):
            raise
        except Exception as error:
            raise NotYet(f"{name} raised {raised(error)}.") from error

    async def calls(
        self, function: Callable, arguments: tuple, expected: Any, or_else: OrElse = "", *, meaning: str = ""
    ) -> Any:
        """Call a function, expect what it returns, and return that. An exception class: expect that it raises it."""
        what = f"{getattr(function, '__name__', 'it')}({', '.join(map(shown, arguments))})"
        raises = isinstance(expected, type) and issubclass(expected, Exception)
        wanted = f"an exception: {expected.__name__}" if raises else in_words(expected, meaning)
        try:
            came = await self.call(function, *arguments)
        except NotYet as wrong:
            if raises and isinstance(wrong.__cause__, expected):
                self.tells(what, "raises", type(wrong.__cause__).__name__)
                return wrong.__cause__
            self.tells(what, "should return", wanted)
            self.tells(what, "fails", str(wrong), wrong=True)
            raise
        if came is None and expected is not None and not raises:
            or_else = "It returned None: is a `return` missing?"
        self._judge(
            what, ("should return", "returns"), (lambda _: False) if raises else expected, came, or_else, wanted
        )
        return came

    def method(self, thing: object, name: str) -> Callable:
        """Return a method of something that a student's class or function made, or say that it has none."""
        if not callable(found := getattr(thing, name, None)):
            raise NotYet(f"Expected an object with a method `{name}`, got {kind(thing)}.")
        return found

    def expect(self, fact: bool, or_else: OrElse, *, expected: str, came: Any, who: str = "") -> None:
        """Expect a fact that nothing else here looks at."""
        self._judge(who, ("should be", "is"), lambda _: fact, came, or_else, expected)

    async def eventually(
        self, condition: Callable[[], bool], or_else: OrElse, *, expected: str, came: Callable[[], Any] | None = None,
        within: float = STEP,
    ) -> None:  # fmt: skip
        """Expect a state of a server that comes about in time; no event tells when."""
        try:
            async with asyncio.timeout(within):
                while not condition():  # noqa: ASYNC110 - there is no event to wait for
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pass
        self.expect(condition(), or_else, expected=expected, came=came() if came else None)

    def _judge(self, who: str, words: tuple[str, str], expected: Any, came: Any, or_else: OrElse, meaning: str) -> None:
        """Write down what came; where it is not what was expected, that too, and end the conversation."""
        should, does = words
        right = matches(expected, came)
        wanted = in_words(expected, meaning)
        if not right:
            self.tells(who, should, wanted)
        self.tells(who, does, shown(came), wrong=not right)
        if not right:
            raise NotYet(advice(or_else, came, f"{who} {should} {wanted}, and {does} {shown(came)}.".lstrip()))

    async def _bounded(self, coroutine: Awaitable, seconds: float, what: str) -> Any:
        """Await what a student's code may never end, or not when it is cancelled, for so many seconds."""
        task = asyncio.ensure_future(coroutine)
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if late := not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE / 2)
        if late:
            raise NotYet(f"{what} did not end within {seconds:g} s.")
        return task.result()
