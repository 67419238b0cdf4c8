"""The hub of one process: what is published is stored and heard at once, and gone when the process ends. Lesson 09."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from time import monotonic

from wslearn.hubs.history import KEPT, KEPT_BYTES, Histories
from wslearn.hubs.hub import Heard
from wslearn.hubs.known import Known
from wslearn.hubs.members import Members

#: Seconds for which the key of a message is remembered, and the most keys that are.
SAME, KEYS = 120.0, 200_000
#: Seconds for which a topic is kept after its last subscription has ended, and the most topics without one.
FORGOTTEN, EMPTY = 120.0, 1000


class MemoryHub:
    """A `Hub` for the servers of one process.

    Offsets count all messages of the hub, so a topic that was forgotten and comes again starts with a floor that admits
    it. Of each topic the last `count` messages are kept, of all together `size` bytes.
    """

    def __init__(self, count: int = KEPT, size: int = KEPT_BYTES, clock: Callable[[], float] = monotonic) -> None:
        self.epoch = secrets.token_hex(8)
        self.lost = False  # never: there is no engine that could be out of reach
        self.on_lost: list[Callable[[], None]] = []
        self.on_back: list[Callable[[], None]] = []
        self.on_epoch: list[Callable[[], None]] = []
        self.on_gap: list[Callable[[str], None]] = []  # never: what is stored is heard at once
        self.on_presence: list[Callable[[str], None]] = []
        self.count, self.size = count, size
        self.histories = Histories(count, size)
        self._clock = clock
        self._offset = 0
        self._subscriptions: dict[str, list[MemoryTopic]] = {}
        #: Topics without a subscription, and since when.
        self._empty: OrderedDict[str, float] = OrderedDict()
        #: The offset of each key, and when it was stored.
        self._keys: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._names = Known()
        self._named = 0
        self._members = Members()
        #: Calls `_sweep` when the topic that has been empty for the longest time is to be forgotten.
        self._timer: asyncio.TimerHandle | None = None

    async def publish(self, topic: str, data: bytes, key: str | None) -> int:
        """Store a message, pass it on, and return its offset; a message with a known `key` is only looked up."""
        now = self._clock()
        while self._keys and (len(self._keys) > KEYS or now - next(iter(self._keys.values()))[1] > SAME):
            self._keys.popitem(last=False)
        if key is not None and key in self._keys:
            return self._keys[key][0]
        self.histories.open(topic, self._offset)
        self._offset += 1
        self.histories.add(topic, self._offset, data)
        if key is not None:
            self._keys[key] = self._offset, now
        offset = self._offset
        for subscription in tuple(self._subscriptions.get(topic, ())):
            subscription.heard(offset, data)
        if topic not in self._subscriptions:
            self._leave(topic)
        return offset

    async def subscribe(self, topic: str, heard: Heard) -> "MemoryTopic":
        """Call `heard` for each kept message, then for each that is published."""
        self._sweep()
        self._empty.pop(topic, None)
        history = self.histories.open(topic, self._offset)
        for offset, data in list(history.messages):
            heard(offset, data)
        subscription = MemoryTopic(self, topic, heard)
        self._subscriptions.setdefault(topic, []).append(subscription)
        return subscription

    def unsubscribe(self, subscription: "MemoryTopic") -> None:
        """End a subscription; without any, the topic is forgotten after two minutes."""
        others = self._subscriptions.get(subscription.topic, [])
        if subscription in others:
            others.remove(subscription)
            if not others:
                del self._subscriptions[subscription.topic]
                self._leave(subscription.topic)

    def floor(self, topic: str) -> int:
        """Return the offset after which nothing of a topic is missing."""
        return self.histories.floor(topic, self._offset)

    async def name(self, session: str | None) -> str:
        """Return `guest-N`, with the same N for the same session."""
        if known := self._names.name_of(session):
            return known
        self._named += 1
        name = f"guest-{self._named}"
        self._names.keep(session, name)
        return name

    def changed(self, topic: str, members: Collection[str], server: str) -> None:
        """Take note of a topic's members on one server, and tell all servers."""
        if self._members.set(topic, members, server):
            for tell in self.on_presence:
                tell(topic)

    def presence(self, topic: str) -> list[str]:
        """Return the names of a topic's members, sorted."""
        return self._members.names(topic)

    async def close(self) -> None:
        """Forget everything."""
        for topic in (*self._empty, *self._subscriptions):
            self.histories.forget(topic)
        for kept in (self._subscriptions, self._empty, self._keys, self._names):
            kept.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _leave(self, topic: str) -> None:
        self._empty[topic] = self._clock()
        self._empty.move_to_end(topic)
        self._sweep()

    def _sweep(self) -> None:
        now = self._clock()
        while self._empty and (len(self._empty) > EMPTY or now - next(iter(self._empty.values())) >= FORGOTTEN):
            topic, _ = self._empty.popitem(last=False)
            self.histories.forget(topic)
        loop = asyncio.get_running_loop()
        if self._empty and (self._timer is None or self._timer.when() < loop.time()):
            # Even if nothing else happens in this hub. A timer that is overdue has this call, or its loop has ended.
            since = next(iter(self._empty.values()))
            self._timer = loop.call_later(max(0.001, since + FORGOTTEN - now), self._sweep)


class MemoryTopic:
    """A subscription to a topic of a `MemoryHub`."""

    def __init__(self, hub: MemoryHub, topic: str, heard: Heard) -> None:
        self.topic, self.heard, self._hub = topic, heard, hub

    @property
    def floor(self) -> int:
        """The offset after which nothing of the topic is missing."""
        return self._hub.floor(self.topic)

    def unsubscribe(self) -> None:
        """End the subscription."""
        self._hub.unsubscribe(self)
