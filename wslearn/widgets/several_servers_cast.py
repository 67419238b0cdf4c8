"""The clients of the several-servers lab: on each server a naive one and a resuming one. Lesson 10."""

import asyncio
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wslearn.client import Subscription
from wslearn.messages import FeedMessage, Joined, JoinRoom, decode, encode

ROOM = "tea"
#: Back-off of the clients that come back, and after how long they give up a silent server, in seconds: short, so that a
#: class need not wait.
BASE, CAP, SILENCE = 0.1, 0.3, 1.0


class Guest:
    """A client that starts on the server `letter`: how often it has shown each offset."""

    name = ""

    def __init__(self, letter: str, urls: dict[str, str]) -> None:
        self.letter, self.urls = letter, urls
        self.shown: Counter[int] = Counter()
        self.ready = asyncio.Event()

    @property
    def last(self) -> int:
        """The last offset that it has."""
        return max(self.shown, default=0)

    @property
    def twice(self) -> int:
        """How many messages it has shown more than once."""
        return sum(count > 1 for count in self.shown.values())

    @property
    def place(self) -> str:
        """Where it is connected."""
        raise NotImplementedError

    @property
    def recovered(self) -> str:
        """How often it has come back, and how often the server could prove that nothing was lost."""
        raise NotImplementedError

    async def run(self) -> None:
        """Read the room, for ever."""
        raise NotImplementedError


class Naive(Guest):
    """Connects once. When the connection ends, that is the end."""

    name = "naive"
    gone = False

    async def run(self) -> None:
        """Read until the connection ends."""
        with suppress(ConnectionClosed, OSError):
            async with connect(self.urls[self.letter]) as ws:
                await ws.send(encode(JoinRoom(ROOM)))
                async for data in ws:
                    with suppress(ValueError):  # presence, for example
                        message = decode(data, FeedMessage, Joined)
                        self.ready.set()
                        if isinstance(message, FeedMessage):
                            self.shown[message.offset] += 1
        self.gone = True

    @property
    def place(self) -> str:
        """Where it is connected."""
        return "gone" if self.gone else f"on {self.letter}"

    @property
    def recovered(self) -> str:
        """It never comes back."""
        return "–"


class Resuming(Guest):
    """A `Subscription` that knows all servers, and begins with its own one."""

    name = "resuming"

    def __init__(self, letter: str, urls: dict[str, str]) -> None:
        super().__init__(letter, urls)
        letters = sorted(urls, key=lambda other: (other < letter, other))  # its own one first, then those after it
        self.room = Subscription(
            [urls[each] for each in letters],
            ROOM,
            base=BASE,
            cap=CAP,
            silence=SILENCE,
            max_retry_after=1.0,
            on_state=self._changed,
        )
        self.lives = 0

    def _changed(self, room: Subscription) -> None:
        self.lives += room.state == "live"

    async def run(self) -> None:
        """Read, for ever."""
        async with self.room:
            self.ready.set()
            async for message in self.room:
                self.shown[message.offset] += 1

    @property
    def place(self) -> str:
        """Where it is connected."""
        here = next((letter for letter, url in self.urls.items() if url == self.room.url), "?")
        return f"on {here}" if self.room.state == "live" else "coming back"

    @property
    def comebacks(self) -> int:
        """How often it has come back."""
        return max(0, self.lives - 1)

    @property
    def recovered(self) -> str:
        """How often it has come back, and how often the server could prove that nothing was lost."""
        return f"{self.comebacks - len(self.room.gaps)} of {self.comebacks}" if self.comebacks else "–"
