"""A client in a check's conversation: what it says, and what it expects to hear."""

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.exercises.engine.expectations import STEP, NotYet, OrElse, advice, in_words, matches, read
from wslearn.exercises.engine.result import shown

if TYPE_CHECKING:
    from wslearn.exercises.engine.talk import Talk


class Client:
    """A connected client with a name. `ws` is its connection, `heard` every message so far, JSON decoded."""

    def __init__(self, talk: "Talk", name: str, ws: ClientConnection) -> None:
        self.talk, self.name, self.ws = talk, name, ws
        self.heard: list[Any] = []
        self.judged = 0  # so many of them have been compared with what was expected
        self.reading = True
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self.ws:
                self.heard.append(read(message))
                self._news.set()
        self._news.set()

    # Says

    async def says(self, message: dict | list | str | bytes) -> None:
        """Send a dict or list as JSON, a str as text, bytes as binary.

        On a closed connection nothing is said; what is expected next will tell.
        """
        self._step("says", shown(message))
        data = json.dumps(message, ensure_ascii=False) if isinstance(message, dict | list) else message
        try:
            async with asyncio.timeout(STEP):
                await self.ws.send(data)
        except ConnectionClosed:
            self._step("finds", f"that it cannot: {self._end()}")
        except TimeoutError:
            raise NotYet(f"{self.name} could not send for {STEP:g} s: your server does not read.") from None

    async def closes(self, code: int = 1000, reason: str = "") -> None:
        """Close, with a closing handshake."""
        self._step("closes", f"with {code} {reason}".strip())
        await self.ws.close(code, reason)

    async def vanishes(self) -> None:
        """Be gone without a goodbye, as a program that crashes (1006)."""
        self._step("vanishes", "without a goodbye")
        self.ws.transport.abort()

    def stops_reading(self) -> None:
        """Read no more, and so answer no ping either; the connection stays."""
        self._step("stops", "reading")
        self.reading = False
        self.ws.transport.pause_reading()

    def reads_again(self) -> None:
        """Read what has waited, and what comes."""
        self._step("reads", "again")
        self.reading = True
        self.ws.transport.resume_reading()

    # Hears

    async def hears(
        self,
        expected: Any,
        or_else: OrElse = "",
        *,
        meaning: str = "",
        skip: Any = None,
        within: float = STEP,
    ) -> Any:
        """Expect the next message, and return it. Those that match `skip` do not count."""
        came = await self._next(skip, within)
        if came is not None and matches(expected, came):
            self._step("hears", shown(came))
            return came
        wanted = in_words(expected, meaning)
        said = shown(came) if came is not None else self._silence(within)
        self._step("should hear", wanted)
        self._step("hears", said, wrong=True)
        raise NotYet(advice(or_else, came, f"{self.name} should hear {wanted}, and heard {said}."))

    async def hears_nothing(self, or_else: OrElse, *, skip: Any = None, within: float = 0) -> None:
        """Expect no message after all that was sent so far has been read, and for `within` seconds more.

        Everybody's pings and pongs go round three times: time for any handler that has its answer ready.
        """
        for _ in range(3):
            for client in self.talk.clients:
                if client.reading:
                    with suppress(ConnectionClosed):
                        await client._ping()
        came = await self._next(skip, within)
        if came is not None:
            self._step("should hear", "nothing")
            self._step("hears", shown(came), wrong=True)
            raise NotYet(advice(or_else, came, f"{self.name} should hear nothing."))
        self._step("hears", "nothing")

    async def is_closed(
        self, code: int | None = None, reason: str | None = None, or_else: OrElse = "", *, within: float = STEP
    ) -> None:
        """Expect that the server closes, with this code and reason. `or_else` gets the pair that came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.ws.wait_closed()
                await self._reader
        while self.judged < len(self.heard):
            self._step("hears", shown(self.heard[self.judged]))
            self.judged += 1
        came = None if self.ws.close_code is None else (self.ws.close_code, self.ws.close_reason)
        if came and code in (None, came[0]) and reason in (None, came[1]):
            self._step("finds", self._end())
            return
        wanted = f"closed with {code or 'any code'}{'' if reason is None else f' {reason!r}'}"
        found = self._end() if came else f"open after {within:g} s"
        self._step("should find", wanted)
        self._step("finds", found, wrong=True)
        raise NotYet(advice(or_else, came, f"{self.name}'s connection should be {wanted}; it was {found}."))

    async def is_still_there(self, or_else: OrElse = "") -> None:
        """Expect that the connection is open: that a ping is answered."""
        try:
            await self._ping()
        except ConnectionClosed:
            self._step("should find", "open")
            self._step("finds", self._end(), wrong=True)
            came = (self.ws.close_code, self.ws.close_reason)
            raise NotYet(advice(or_else, came, f"{self.name}'s connection was {self._end()}.")) from None
        self._step("finds", "the connection open")

    async def _ping(self) -> None:
        try:
            async with asyncio.timeout(STEP):
                await (await self.ws.ping())
        except TimeoutError:
            raise NotYet(f"{self.name}'s ping was not answered for {STEP:g} s.") from None

    async def _next(self, skip: Any, within: float) -> Any:
        """Return the next message that does not match `skip`, or None where none comes in time."""
        loop = asyncio.get_running_loop()
        late = loop.time() + within
        while True:
            while self.judged < len(self.heard):
                came = self.heard[self.judged]
                self.judged += 1
                if skip is None or not matches(skip, came):
                    return came
                self._step("hears", shown(came))
            self._news.clear()
            if self._reader.done() or loop.time() >= late:
                return None
            with suppress(TimeoutError):
                async with asyncio.timeout_at(late):
                    await self._news.wait()

    def _silence(self, within: float) -> str:
        return f"nothing for {within:g} s" if self.ws.protocol.state is OPEN else f"nothing more: {self._end()}"

    def _end(self) -> str:
        return f"closed with {self.ws.close_code} {self.ws.close_reason or ''}".rstrip()

    def _step(self, did: str, what: str, wrong: bool = False) -> None:
        self.talk.tells(self.name, did, what, wrong)

    def drop(self) -> None:
        """Be gone, for the conversation is over."""
        self._reader.cancel()
        self.ws.transport.abort()
