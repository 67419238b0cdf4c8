"""The wall: short messages that everybody sees, newest last."""

from collections import deque

from wslearn.classroom.messages import WallEntry
from wslearn.classroom.people import Person
from wslearn.classroom.text import JOINERS, clean

#: Messages that a phone and the board show, and longest message in characters.
SHOWN, LENGTH = 20, 280


class Wall:
    """The newest messages, each with the person who wrote it. A hidden wall keeps them, and shows none."""

    def __init__(self) -> None:
        self._entries: deque[tuple[Person, str]] = deque(maxlen=SHOWN)
        self.hidden = False

    def write(self, person: Person, message: str) -> None:
        """Add a message. Raises ValueError if nothing readable is left of it."""
        text = clean(message, keep=JOINERS)
        if not text:
            raise ValueError("message: expected some text")
        self._entries.append((person, text))

    def clear(self) -> None:
        """Forget all messages."""
        self._entries.clear()

    def forget(self, person: Person) -> None:
        """Forget the messages of a person."""
        kept = [entry for entry in self._entries if entry[0] is not person]
        self._entries.clear()
        self._entries.extend(kept)

    @property
    def entries(self) -> list[WallEntry]:
        """The messages as phones and board show them."""
        return [] if self.hidden else [WallEntry(person.name, message) for person, message in self._entries]
