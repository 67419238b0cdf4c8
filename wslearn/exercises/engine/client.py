"""A client in a check's conversation: what it sends, and what it expects to receive."""

import asyncio
import json
from contextlib import suppress
from typing import Any, NoReturn

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.common.patience import patient
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import STEP, Message, NotYet, in_words, matches, read
from wslearn.exercises.engine.result import shown


class Client:
    """A connected client with a name. `ws` is its connection, `heard` every message so far, JSON decoded.

    Times are in seconds. An expectation that does not hold raises NotYet, which ends the check; `{name}` in a message
    is this name; `or_else` is what `message` was called before. A name such as `Ann (guest-1)` has in brackets what
    the server calls this client, because that is what its messages say.
    """

    def __init__(self, notes: Calls, name: str, ws: ClientConnection, all_clients: "list[Client]", server: Any) -> None:
        self.notes, self.name, self.ws, self.server = notes, name, ws, server
        self.heard: list[Any] = []
        self.judged = 0  # so many of them have been compared with what was expected
        self.reading = True
        self._all = all_clients
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @property
    def called(self) -> str:
        """What the server calls this client: `guest-1` where its name is `Ann (guest-1)`, else the name itself."""
        return self.name.partition(" (")[2].removesuffix(")") or self.name

    @property
    def peer(self) -> Any:
        """The server's end of this client's connection. Raises NotYet if the server does not have it."""
        for ws in self.server.connections:
            if ws.remote_address == self.ws.local_address:
                return ws
        raise NotYet(f"Your server has lost {self.name}'s connection. A handler must go on until its client leaves.")

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self.ws:
                self.heard.append(read(message))
                self._news.set()
        self._news.set()

    async def says(self, message: dict | list | str | bytes) -> None:
        """Send a dict or list as JSON, a str as text, bytes as binary.

        On a closed connection nothing is sent; what is expected next will tell. Raises NotYet after 2 s.
        """
        self._step("sends", shown(message))
        data = json.dumps(message, ensure_ascii=False) if isinstance(message, dict | list) else message
        try:
            async with patient(STEP):
                await self.ws.send(data)
        except ConnectionClosed:
            self._step("finds", f"that it cannot: {self._end()}")
        except TimeoutError:
            raise NotYet(f"{self.name} could not send for {STEP:g} s, because your server does not read.") from None

    async def asks(self, said: dict | list | str | bytes, expected: Any, message: Message = "", **options: Any) -> Any:
        """Send something, and expect a message in return: `says`, then `hears` with its options."""
        await self.says(said)
        return await self.hears(expected, message, **options)

    async def closes(self, code: int = 1000, reason: str = "") -> None:
        """Close, with a closing handshake."""
        self._step("closes", f"with {code} {reason}".strip())
        await self.ws.close(code, reason)

    async def vanishes(self) -> None:
        """Drop the connection, as a program that crashes does: the server sees 1006."""
        self._step("vanishes", "without a closing handshake")
        self.ws.transport.abort()

    def stops_reading(self) -> None:
        """Read nothing more, and so answer no ping either; the connection stays."""
        self._step("stops", "reading")
        self.reading = False
        self.ws.transport.pause_reading()

    def reads_again(self) -> None:
        """Read what has waited, and what comes."""
        self._step("reads", "again")
        self.reading = True
        self.ws.transport.resume_reading()

    async def hears(
        self, expected: Any, message: Message = "", *, meaning: str = "", skip: Any = None, within: float = STEP,
        or_else: Message = "",
    ) -> Any:  # fmt: skip
        """Expect the next message within so many seconds, and return it. Those that match `skip` do not count."""
        came = await self._next(skip, within)
        if came is None or not matches(expected, came):
            found = shown(came) if came is not None else self._silence(within)
            self._fail(message or or_else, "receives", found, in_words(expected, meaning), came)
        self._step("receives", shown(came))
        return came

    async def hears_nothing(
        self, message: Message = "", *, skip: Any = None, within: float = 0, or_else: Message = ""
    ) -> None:
        """Expect no message after all that was sent so far has been read, and for `within` seconds more.

        Everybody's pings and pongs go round three times: time for any handler that has its answer ready.
        """
        for client in [client for client in self._all if client.reading] * 3:
            with suppress(ConnectionClosed):
                await client._ping()
        came = await self._next(skip, within)
        if came is not None:
            self._fail(message or or_else, "receives", shown(came), "nothing", came)
        self._step("receives", "nothing")

    async def is_closed(
        self, code: int | None = None, reason: str | None = None, message: Message = "", *, within: float = STEP,
        or_else: Message = "",
    ) -> None:  # fmt: skip
        """Expect that the server closes, with this code and reason, within so many seconds.

        `message` gets the pair that came, or None if the connection is still open; in a table a code alone fits too.
        """
        with suppress(TimeoutError):
            async with patient(within):
                await self.ws.wait_closed()
                await self._reader
        while self.judged < len(self.heard):
            self._step("receives", shown(self.heard[self.judged]))
            self.judged += 1
        came = None if self.ws.close_code is None else (int(self.ws.close_code), self.ws.close_reason)
        if not came or code not in (None, came[0]) or reason not in (None, came[1]):
            wanted = f"its connection closed with {code or 'any code'}{'' if reason is None else f' {reason!r}'}"
            found = f"it {self._end()}" if came else f"it open after {within:g} s"
            self._fail(message or or_else, "finds", found, wanted, came, *(came or ())[:1])
        self._step("finds", self._end())

    async def is_still_there(self, message: Message = "", *, or_else: Message = "") -> None:
        """Expect that the connection is open: that a ping is answered. `message` gets the close code and reason."""
        try:
            await self._ping()
        except ConnectionClosed:
            came = (int(self.ws.close_code or 1006), self.ws.close_reason)
            self._fail(message or or_else, "finds", f"it {self._end()}", "its connection open", came, came[0])
        self._step("finds", "its connection open")

    async def _ping(self) -> None:
        try:
            async with patient(STEP):
                await (await self.ws.ping())
        except TimeoutError:
            raise NotYet(f"{self.name}'s ping was not answered for {STEP:g} s.") from None

    async def _next(self, skip: Any, within: float) -> Any:
        """Return the next message that does not match `skip`, or None where none comes in time."""
        came = self._came(skip)
        with suppress(TimeoutError):
            async with patient(within):
                while came is None and within and not self._reader.done():
                    self._news.clear()
                    await self._news.wait()
                    came = self._came(skip)
        return self._came(skip) if came is None else came

    def _came(self, skip: Any) -> Any:
        """Return the next message that does not match `skip`, of those that are here, or None."""
        while self.judged < len(self.heard):
            came = self.heard[self.judged]
            self.judged += 1
            if skip is None or not matches(skip, came):
                return came
            self._step("receives", shown(came))
        return None

    def _silence(self, within: float) -> str:
        return f"nothing for {within:g} s" if self.ws.protocol.state is OPEN else f"nothing more: {self._end()}"

    def _end(self) -> str:
        return f"closed with {self.ws.close_code} {self.ws.close_reason or ''}".rstrip()

    def _step(self, did: str, what: str) -> None:
        self.notes.tells(self.name, did, what)

    def _fail(self, message: Message, did: str, what: str, expected: str, came: Any, *also: Any) -> NoReturn:
        self.notes.fail(message, self.name, did, what, expected=expected, came=came, also=also)

    def drop(self) -> None:
        """Drop the connection, because the conversation is over."""
        self._reader.cancel()
        self.ws.transport.abort()
