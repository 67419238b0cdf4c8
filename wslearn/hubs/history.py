"""The last messages of many topics, bounded in number for each topic and in bytes for all. Lesson 09."""

from collections import deque

#: Messages that are kept of each topic, and bytes that are kept of all topics together.
KEPT, KEPT_BYTES = 500, 64 * 1024 * 1024
#: Bytes that a message takes besides its own: two numbers, a tuple and its places in two queues.
EACH = 200
#: Messages that have left, besides as many as are kept, that may still be in the queue of arrivals.
LEFT = 100


class History:
    """One topic: `messages` are pairs of offset and bytes, and nothing after `floor` is missing from them."""

    __slots__ = ("floor", "last", "messages")

    def __init__(self, floor: int = 0) -> None:
        #: The largest offset that may be missing, and the last offset that was added.
        self.floor = self.last = floor
        self.messages: deque[tuple[int, bytes]] = deque()

    def since(self, offset: int) -> list[tuple[int, bytes]]:
        """Return the kept messages after an offset."""
        if offset >= self.last:
            return []
        return [message for message in self.messages if message[0] > offset]

    def keeps(self, offset: int) -> bool:
        """Tell whether a message that was added has not been dropped: they leave in the order of their offsets."""
        return bool(self.messages) and self.messages[0][0] <= offset


class Histories:
    """The histories of topics: `count` messages of each, and `size` bytes of all together, the oldest leave first."""

    def __init__(self, count: int = KEPT, size: int = KEPT_BYTES) -> None:
        self.count, self.size = count, size
        #: Bytes that are kept now.
        self.bytes = 0
        self._messages = 0
        self._of: dict[str, History] = {}
        #: History and offset of each message in the order of arrival, and of some that have left already. The topic's
        #: name would not do: one that was forgotten may come again, with the same offsets.
        self._arrived: deque[tuple[History, int]] = deque()

    def open(self, topic: str, floor: int = 0) -> History:
        """Return the topic's history; a new one starts at `floor`."""
        history = self._of.get(topic)
        if history is None:
            history = self._of[topic] = History(floor)
        return history

    def floor(self, topic: str, otherwise: int) -> int:
        """Return the floor of a topic's history, or `otherwise` if there is none."""
        history = self._of.get(topic)
        return otherwise if history is None else history.floor

    def add(self, topic: str, offset: int, data: bytes) -> None:
        """Keep a message, and drop the oldest ones that are too many."""
        history = self._of[topic]
        history.messages.append((offset, data))
        history.last = offset
        self._arrived.append((history, offset))
        self._messages += 1
        self.bytes += len(data) + EACH
        if len(history.messages) > self.count:
            self._drop(history)
        while self.bytes > self.size:
            self._drop_oldest()
        if len(self._arrived) > 2 * self._messages + LEFT:
            self._arrived = deque(one for one in self._arrived if one[0].keeps(one[1]))

    def forget(self, topic: str) -> None:
        """Drop everything of a topic."""
        if history := self._of.pop(topic, None):
            while history.messages:
                self._drop(history)

    def _drop(self, history: History) -> None:
        history.floor, data = history.messages.popleft()
        self._messages -= 1
        self.bytes -= len(data) + EACH

    def _drop_oldest(self) -> None:
        history, offset = self._arrived.popleft()
        if history.keeps(offset):
            self._drop(history)
