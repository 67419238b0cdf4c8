"""The store of task 5 of lesson 09: a database that is as slow as the check wants it to be."""

import asyncio


class Store:
    """Keeps messages, like a database: it is slow when the check wants it to be. Offsets have gaps.

    While `reading` is cleared by `hold`, `since` is slow only for those who had missed something at that time.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[int, str]] = []
        self.offset = 7
        self.adding, self.reading = asyncio.Event(), asyncio.Event()
        self.readers = self.slow_below = 0
        self.adding.set()
        self.reading.set()

    async def add(self, text: str) -> int:
        """Store a message, and return its offset, which is larger than all before."""
        self.offset += 1 + self.offset % 3
        offset = self.offset
        self.messages.append((offset, text))
        await asyncio.sleep(0)
        await self.adding.wait()
        return offset

    async def since(self, offset: int) -> list[tuple[int, str]]:
        """Return the messages after an offset, as pairs of offset and text, in order."""
        found = [message for message in self.messages if message[0] > offset]
        self.readers += 1
        await asyncio.sleep(0)
        if offset < self.slow_below:
            await self.reading.wait()
        self.readers -= 1
        return found

    def hold(self) -> None:
        """Let `since` look at once, and return late: not for clients that have all, for they may ask it too."""
        self.slow_below = self.offset
        self.reading.clear()

    def offset_of(self, text: str) -> int:
        """Return the offset of a message that was stored."""
        return next(offset for offset, stored in self.messages if stored == text)
