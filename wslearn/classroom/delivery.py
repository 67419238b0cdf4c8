"""One message to the phones of a class: for whom it is, who has it, and who will not get it."""

import asyncio
from collections.abc import Iterable

from wslearn.classroom.messages import Deliver
from wslearn.classroom.people import Person


class Delivery:
    """One message: for whom it is, and who has it. `due` is when it should have been sent (event loop's clock)."""

    def __init__(self, number: int, text: str, people: Iterable[Person], due: float) -> None:
        self.number, self.text, self.due = number, text, due
        self.people = list(people)
        #: For each person who has it, the seconds from `due` until the server had the phone's answer.
        self.seconds: dict[Person, float] = {}
        #: Who will never get it, because a newer message took its place, or the connection ended.
        self.skipped: set[Person] = set()
        self.done = asyncio.Event()
        self._settle()

    @property
    def message(self) -> Deliver:
        """What is sent."""
        return Deliver(self.number, self.text)

    def answer(self, person: Person) -> None:
        """Note that this person has it. A second answer changes nothing."""
        if person not in self.skipped:
            self.seconds.setdefault(person, asyncio.get_running_loop().time() - self.due)
            self._settle()

    def skip(self, person: Person) -> None:
        """Note that this person will not get it."""
        if person not in self.seconds:
            self.skipped.add(person)
            self._settle()

    def _settle(self) -> None:
        if len(self.seconds) + len(self.skipped) >= len(self.people):
            self.done.set()
