"""What a client of a story gets: whose it is, where the server is, what to send; and what it gives to its user."""

import asyncio
from typing import Any

import msgspec

from wslearn.histories.history import History
from wslearn.histories.tap import Tap


class Person:
    """The user of a client: `async def client(person)` joins `person.room` at `person.url` and runs until it is over.

    - `name`, `room`, `url`: the URL leads through a network of this person's own, which breaks.
    - `await person.next()`: the next text that the person wants to send.
    - `person.hear(message)`: give the person what the server has sent. A client that drops what its user has had does
      not call it for those messages.
    - `person.tell()`: tell the person that something may be lost, for a client that does not call `hear(joined)`.
    """

    def __init__(self, name: str, room: str, tap: Tap, history: History) -> None:
        self.name, self.room, self.tap, self._history = name, room, tap, history
        #: Everything that the person has written, and received.
        self.written: set[str] = set()
        self.heard: set[str] = set()
        self._texts: asyncio.Queue[str] = asyncio.Queue()

    @property
    def url(self) -> str:
        """The server's address, through the person's own network."""
        return self.tap.url

    def write(self, text: str) -> None:
        """Let the person want to send a text."""
        self._history.wrote(self.name, text)
        self.written.add(text)
        self._texts.put_nowait(text)

    async def next(self) -> str:
        """Return the next text to be sent, and wait for it if there is none."""
        return await self._texts.get()

    def hear(self, message: Any) -> None:
        """Give the person a message: the text of a frame, or its object as a dict or one of `wslearn.messages`.

        Of all types only two count: `room-message`, and `joined` with `recovered: false`, which tells of a gap.
        """
        fields = msgspec.json.decode(message) if isinstance(message, str | bytes) else msgspec.to_builtins(message)
        match fields:
            case {"type": "room-message", "message": text}:
                offset = fields.get("offset")
                self.heard.add(text)
                self._history.heard(self.name, text, offset, self.tap.epoch_of(text, offset))
            case {"type": "joined", "recovered": False}:
                self.tell()

    def tell(self) -> None:
        """Tell the person that something may be lost."""
        self._history.told(self.name)
