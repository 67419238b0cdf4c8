"""The clients of the nothing-lost lab: naive, reconnecting and resuming; each reads and writes. Lesson 09."""

import asyncio
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wslearn.client import Gap, Subscription, stay_connected
from wslearn.common import tasks
from wslearn.messages import FeedMessage, Joined, JoinRoom, SayInRoom, decode, encode
from wslearn.network import SimulatedNetwork
from wslearn.widgets.kit.task import STOP_TIMEOUT

ROOM = "tea"
#: Back-off of the clients that come back, in seconds: short, so that a class need not wait.
BASE, CAP = 0.1, 0.2


class Guest:
    """A client: the texts that its user was shown, and how often; its cable, and when that was cut, and healed."""

    name = ""

    def __init__(self, cable: SimulatedNetwork) -> None:
        self.cable, self.url = cable, cable.url
        self.shown: Counter[str] = Counter()
        self.ready = asyncio.Event()
        self.written = 0
        self.gone = False
        self.gaps = 0
        #: Pairs: when the cable was cut, and when it was mended, in seconds since the start; None: not yet.
        self.outages: list[list[float | None]] = []

    async def run(self) -> None:
        """Read the room, for ever."""
        raise NotImplementedError

    async def send(self, text: str) -> None:
        """Send a text to the room."""
        raise NotImplementedError

    async def write(self) -> None:
        """Write the next text of its own."""
        if not self.gone:
            self.written += 1
            await self.send(f"{self.name} {self.written}")

    async def read(self, ws: ClientConnection) -> None:
        """Join, and show what comes, until the connection ends."""
        await ws.send(encode(JoinRoom(ROOM)))
        async for data in ws:
            with suppress(ValueError):  # presence, an ack
                message = decode(data, FeedMessage, Joined)
                self.ready.set()
                if isinstance(message, FeedMessage):
                    self.show(message.message)

    def show(self, text: str) -> None:
        """Show a text to the user."""
        self.shown[text] += 1


class Naive(Guest):
    """Connects once. When the connection ends, that is the end."""

    name = "naive"
    ws: ClientConnection | None = None

    async def run(self) -> None:
        """Read until the connection ends."""
        with suppress(ConnectionClosed):
            async with connect(self.url) as self.ws:
                await self.read(self.ws)
        self.gone = True

    async def send(self, text: str) -> None:
        """Send, and take it for received."""
        if self.ws:
            with suppress(ConnectionClosed):
                await self.ws.send(encode(SayInRoom(text)))


class Reconnecting(Guest):
    """Connects again, as in lesson 06, and sends a text again until it sees it in the room, but without an id."""

    name = "reconnecting"

    def __init__(self, cable: SimulatedNetwork) -> None:
        super().__init__(cable)
        self.ws: ClientConnection | None = None
        self.waiting: list[str] = []

    async def run(self) -> None:
        """Read, and connect again whenever the connection is lost."""
        await stay_connected(self.url, self._talk, base=BASE, cap=CAP)

    async def _talk(self, ws: ClientConnection) -> None:
        self.ws = ws
        await ws.send(encode(JoinRoom(ROOM)))
        for text in list(self.waiting):
            await ws.send(encode(SayInRoom(text)))
        await self.read(ws)

    async def send(self, text: str) -> None:
        """Send a text, now and after each lost connection, until it is seen in the room."""
        self.waiting.append(text)
        if self.ws:
            with suppress(ConnectionClosed):
                await self.ws.send(encode(SayInRoom(text)))

    def show(self, text: str) -> None:
        """Show a text, and send it no more."""
        super().show(text)
        if text in self.waiting:
            self.waiting.remove(text)


class Resuming(Guest):
    """Says where it was when it comes back, and gives each text an id: a `Subscription`."""

    name = "resuming"

    def __init__(self, cable: SimulatedNetwork) -> None:
        super().__init__(cable)
        self.room = Subscription(self.url, ROOM, base=BASE, cap=CAP, on_gap=self._missed)
        self.sending: set[asyncio.Task[int]] = set()

    async def run(self) -> None:
        """Read, for ever."""
        try:
            async with self.room:
                self.ready.set()
                async for message in self.room:
                    self.show(message.message)
        finally:
            await tasks.end(list(self.sending), STOP_TIMEOUT, "nothing-lost lab")

    async def send(self, text: str) -> None:
        """Let the subscription send a text until it is stored."""
        task = asyncio.create_task(self.room.send(text))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    def _missed(self, gap: Gap) -> None:
        self.gaps += 1


KINDS: tuple[type[Guest], ...] = (Naive, Reconnecting, Resuming)
