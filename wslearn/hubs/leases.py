"""Who is in a topic on the other servers, and for how long that is believed. Lesson 10.

Each server repeats who is on it. What a server has said is a lease of 2 seconds: a server that was killed says nothing,
and its members are gone after that. But if nobody is heard of, the engine itself is silent, and that proves nothing
about the others. So a lease ages only while a server receives its own messages. Nothing here does any I/O.
"""

import re
from collections.abc import Callable, Collection
from typing import Annotated

import msgspec

from wslearn.hubs.members import Members
from wslearn.messages import RoomName

#: Seconds for which a server's members are believed to be there, and between two messages of a server.
LEASE, BEAT = 2.0, 0.5
#: Most servers whose members are kept.
SERVERS = 100

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Here(msgspec.Struct, omit_defaults=True):
    """From a server to all: it is there, and its members have this `version`; or with the members themselves.

    With `asks` it does not know the members of some server. With `ends` it is about to stop.
    """

    server: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    version: Annotated[int, msgspec.Meta(ge=0)]
    rooms: dict[RoomName, list[Name]] | None = None
    asks: bool = False
    ends: bool = False


_decode = msgspec.json.Decoder(Here).decode


class Leases:
    """The members on this server, whose id is `id`, and on the others. `tell(topic)` is called after a change."""

    def __init__(self, id: str, tell: Callable[[str], None], number: Callable[[int], None]) -> None:
        self.id, self._tell, self._number = id, tell, number
        self._here, self._all = Members(), Members()
        self._topics: set[str] = set()
        self.version = 0
        #: Whether the others should be told the members, not only that nothing has changed.
        self.due = True
        self._asks = True
        #: The version of each other server's members, and the age of its lease in seconds.
        self._versions: dict[str, int] = {}
        self._ages: dict[str, float] = {}
        self._beat_at: float | None = None

    def changed(self, topic: str, members: Collection[str], server: str) -> bool:
        """Take note of a topic's members on a server of this process, and tell whether that was a change."""
        if not self._here.set(topic, members, server):
            return False
        names = self._here.names(topic)
        (self._topics.add if names else self._topics.discard)(topic)
        self.version += 1
        self.due = True
        self._set(self.id, {topic: names})
        return True

    def names(self, topic: str) -> list[str]:
        """Return the names of a topic's members on all servers, sorted."""
        return self._all.names(topic)

    def message(self, ends: bool = False) -> bytes:
        """Return what the others should be told now."""
        rooms = {topic: self._here.names(topic) for topic in sorted(self._topics)} if self.due and not ends else None
        message = Here(self.id, self.version, rooms, self._asks, ends)
        self.due = self._asks = False
        return msgspec.json.encode(message)

    def again(self) -> None:
        """Tell everything, and ask for everything: after a pause in which messages may have been lost."""
        self.due = self._asks = True

    def heard(self, data: bytes, now: float) -> None:
        """Take note of a message at the time `now`, in seconds. Anything that is not one is skipped."""
        try:
            message = _decode(data)
        except msgspec.DecodeError:
            return
        if message.server == self.id:
            self._age(now)
            return
        self.due = self.due or message.asks
        server = message.server
        if message.ends:
            self._expire(server)
            return
        if server not in self._ages and len(self._ages) >= SERVERS:
            return
        self._ages[server] = 0.0
        if message.rooms is not None:
            self._versions[server] = message.version
            gone: dict[str, list[str]] = {topic: [] for topic in self._all.topics(server)}
            self._set(server, gone | message.rooms)
        elif self._versions.get(server) != message.version:
            self._asks = True

    def _age(self, now: float) -> None:
        """Let the leases of the others age; after a silence of the engine, by no more than one beat and a half."""
        passed = min(now - self._beat_at, BEAT * 1.5) if self._beat_at is not None else 0.0
        self._beat_at = now
        for server in list(self._ages):
            self._ages[server] += passed
            if self._ages[server] > LEASE:
                self._expire(server)

    def _expire(self, server: str) -> None:
        self._ages.pop(server, None)
        self._versions.pop(server, None)
        self._set(server, {topic: [] for topic in self._all.topics(server)})

    def _set(self, server: str, rooms: dict[str, list[str]]) -> None:
        for topic, names in rooms.items():
            for name in names:
                if found := re.fullmatch(r"guest-(\d{1,15})", name):
                    self._number(int(found[1]))
            if self._all.set(topic, names, server):
                self._tell(topic)
