"""Messages on their way to a server: one at a time, sent again until it is known to be stored. Lesson 09."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from itertools import count

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from wslearn.messages import Ack, Error, encode

#: Errors after which the same message, with the same id, may be stored at the next attempt.
AGAIN = frozenset({"rate-limited", "not-stored", "hub-lost", "not-in-a-room"})
#: The first pause before a message after the server has said `rate-limited`, and the longest, in seconds.
SHORTEST, LONGEST = 0.05, 5.0


class Rejected(ValueError):
    """The server will never store this message: it is too long, or a server of another kind."""


class Outbox:
    """Sends one message at a time: with two under way, the second could be stored first when the first is resent.

    `silence` is how many seconds a server may take to answer; after them the connection is dropped. `asked` is called
    when a message begins to wait for an answer.
    """

    def __init__(self, silence: float, waits: Callable[[], Iterator[float]], asked: Callable[[], None]) -> None:
        self.silence, self.asked = silence, asked
        #: Whether somebody waits for a message to be stored.
        self.busy = False
        #: Seconds between two messages, as the server's limit seems to want it.
        self.pace = 0.0
        #: Whether the last connection was dropped because an answer was late.
        self.gave_up = False
        self._waits = waits
        self._turn = asyncio.Lock()
        # Another client with the same session, before or after this one, must not use the same ids.
        self._prefix, self._numbers = secrets.token_hex(8), count(1)
        self._ws: ClientConnection | None = None
        self._news = asyncio.Event()
        self._ended: Exception | None = None
        self._id = ""
        self._answer: asyncio.Future[Ack | Error | None] | None = None

    async def send(self, message: str) -> int:
        """Return the offset at which a message is stored. Raises Rejected, or the error with which all has ended."""
        async with self._turn:
            id = f"{self._prefix}-{next(self._numbers)}"
            text = encode({"type": "room-message", "message": message, "id": id})
            waits = self._waits()
            self.busy = True
            self.asked()
            try:
                while True:
                    match await self._attempt(id, text):
                        case Ack(offset=offset):
                            self.pace = self.pace * 0.8 if self.pace > SHORTEST / 10 else 0.0
                            return offset
                        case Error(code="rate-limited"):
                            self.pace = min(LONGEST, max(SHORTEST, 2 * self.pace))
                        case Error(code=code, message=why):
                            if code not in AGAIN:
                                raise Rejected(f"{code}: {why}")
                            await asyncio.sleep(min(next(waits), LONGEST))
            finally:
                self.busy = False

    async def _attempt(self, id: str, text: str) -> Ack | Error | None:
        """Send a message once, and return the answer; None if the connection was lost before there was one."""
        await self._connected()
        await asyncio.sleep(self.pace)
        ws = await self._connected()
        self._id, self._answer = id, asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.silence):
                await ws.send(text)
                return await self._answer
        except TimeoutError:
            self.gave_up = True
            ws.transport.abort()
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == 1009:
                return Error("message-too-big", str(closed))
        finally:
            self._id = ""
        while self._ws is ws:
            await self._change()
        return None

    async def _connected(self) -> ClientConnection:
        while self._ws is None or self._ended:
            if self._ended:
                raise self._ended
            await self._change()
        return self._ws

    async def _change(self) -> None:
        self._news.clear()
        await self._news.wait()

    def opened(self, ws: ClientConnection) -> None:
        """Send through this connection from now on."""
        self.gave_up = False
        self._ws = ws
        self._news.set()

    def lost(self) -> None:
        """Wait for the next connection: what has no answer will be sent again."""
        self._ws = None
        self._settle(None)
        self._news.set()

    def ended(self, error: Exception) -> None:
        """Let everybody who sends or will send have an error."""
        self._ended = error
        self.lost()

    def answered(self, answer: Ack | Error) -> None:
        """Pass on an answer, if it is for the message under way."""
        if answer.id == self._id:
            self._settle(answer)

    def rejected(self, code: str, why: str) -> bool:
        """Give up the message under way, and tell whether there was one."""
        there = bool(self._id)
        self._settle(Error(code, why))
        return there

    def _settle(self, answer: Ack | Error | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)
