"""One room on one server: its members, and the history of what the server has heard from the hub. Lesson 09."""

import asyncio
import logging
from hashlib import sha256

import msgspec

from wslearn.fast import fan_out
from wslearn.hubs.history import Histories
from wslearn.hubs.hub import Topic
from wslearn.messages import FeedMessage, encode
from wslearn.server import Connection

logger = logging.getLogger("wslearn")

#: How long a join waits for an offset that the server has not heard of yet, in seconds: it may lag behind another one.
LAG = 2.0

_decode = msgspec.json.Decoder(FeedMessage).decode


def key_of(session: str, room: str, id: str | None) -> str | None:
    """Return the key by which a hub knows a message again: two clients may choose the same id. None without an id."""
    return sha256(f"{session} {room} {id}".encode()).hexdigest()[:32] if id else None


def with_offset(offset: int, data: bytes) -> str:
    """Return a message of the hub as clients receive it. Raises msgspec.DecodeError for anything else."""
    message = _decode(data)
    message.offset = offset
    return encode(message)


class HubRoom:
    """A room on one server: its members here, and the history of what was heard from the hub."""

    def __init__(self, histories: Histories, name: str) -> None:
        self.name = name
        self.members: set[Connection] = set()
        #: The names of the members that the hub knows of.
        self.names: set[str] = set()
        #: Clients that are about to be members.
        self.expected = 0
        self.topic: Topic | None = None
        #: Done when everything that the hub has kept was heard.
        self.loading: asyncio.Future[None] | None = None
        self._histories = histories
        self.history = histories.open(name)
        self._news = asyncio.Event()
        #: Whether this server has left the room: what is heard after that belongs to nobody.
        self.ended = False

    @property
    def floor(self) -> int:
        """The offset after which nothing is missing, neither here nor in what the hub has passed on."""
        return max(self.history.floor, self.topic.floor if self.topic else 0)

    def heard(self, offset: int, data: bytes) -> None:
        """Keep a message, and send it to the members."""
        if offset <= self.history.last or self.ended:
            return
        try:
            text = with_offset(offset, data)
        except msgspec.DecodeError as error:
            logger.warning("room %s: message %d of the hub was skipped: %s", self.name, offset, error)
            return
        self._histories.add(self.name, offset, data)
        fan_out(self.members, msgspec.Raw(text.encode()))
        self._news.set()
        self._news.clear()

    def restart(self) -> None:
        """Begin anew at offset 0, with nothing kept."""
        self._histories.forget(self.name)
        self.history = self._histories.open(self.name)

    async def reached(self, offset: int, seconds: float = LAG) -> None:
        """Wait until a message was heard, but no longer than so many seconds."""
        if self.history.last >= offset:
            return
        try:
            async with asyncio.timeout(seconds):
                while self.history.last < offset:
                    await self._news.wait()
        except TimeoutError:
            pass
