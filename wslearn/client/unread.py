"""Messages that have arrived and wait to be read. Lesson 09."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")

#: Most characters that may wait, whatever the number of messages.
MOST_CHARACTERS = 16 * 1024 * 1024


class Unread(Generic[Item]):
    """A queue that says when it is full: whoever fills it then waits for `room`, which there is at half its size."""

    def __init__(self, most: int, characters: int = MOST_CHARACTERS) -> None:
        self.most, self.characters = most, characters
        #: Whether nothing more should be added for now.
        self.full = False
        #: Set when something was added, and when the queue has stopped being full.
        self.news, self.room = asyncio.Event(), asyncio.Event()
        self._items: deque[tuple[Item, int]] = deque()
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item, size: int = 0) -> None:
        """Add an item of `size` characters."""
        self._items.append((item, size))
        self._waiting += size
        if len(self._items) >= self.most or self._waiting >= self.characters:
            self.full = True
            self.room.clear()
        self.news.set()

    def take(self) -> Item:
        """Return the oldest item, and remove it. Raises IndexError if there is none."""
        item, size = self._items.popleft()
        self._waiting -= size
        if not self._items:
            self.news.clear()
        if self.full and len(self._items) <= self.most // 2 and self._waiting <= self.characters // 2:
            self.full = False
            self.room.set()
        return item
