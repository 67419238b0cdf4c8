"""The people of a class: one for each session, with a unique name that everybody may see."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

from wslearn.classroom.text import clean, key_of
from wslearn.limits import TokenBucket

#: Longest name, in characters.
NAME_LENGTH = 20
#: People that are kept, present or not. With one more, one who is away is forgotten.
MOST = 300
#: Seconds after which somebody who is away is forgotten, if there is nothing to keep but the name.
ABSENT = 120.0
#: Removed sessions that are remembered.
REMOVED = 500
#: Ids of wall messages that are remembered for each person, so that a message that is sent again counts once.
IDS = 32

ADJECTIVES = (
    "brave", "bright", "calm", "clever", "curious", "eager", "fair", "fast", "gentle", "happy", "kind", "lively",
    "lucky", "merry", "mild", "nimble", "patient", "polite", "proud", "quick", "quiet", "ready", "sharp", "shy",
    "silent", "smart", "steady", "sunny", "tidy", "warm", "wise", "witty",
)  # fmt: skip
ANIMALS = (
    "ant", "badger", "bear", "beaver", "bee", "crane", "deer", "dove", "duck", "eagle", "falcon", "finch", "fox",
    "frog", "goose", "hare", "hawk", "heron", "horse", "koala", "lark", "lynx", "mole", "moose", "mouse", "otter",
    "owl", "panda", "puffin", "raven", "robin", "seal", "sparrow", "squirrel", "stork", "swan", "tiger", "turtle",
    "whale", "wolf", "wren", "yak", "zebra",
)  # fmt: skip

State = Literal["live", "slow", "away"]
Volunteer = Literal["slow-client", "tunnel"]


class Person:
    """Somebody in the class: a session, which only the own phone knows, and a name."""

    __slots__ = (
        "away_since", "ids", "name", "reacting", "renaming", "round_trip", "session", "state", "volunteer", "writing",
    )  # fmt: skip

    def __init__(self, session: str, name: str, clock: Callable[[], float]) -> None:
        self.session, self.name = session, name
        self.state: State = "live"
        #: Seconds from a ping to its answer; None before the first one.
        self.round_trip: float | None = None
        self.volunteer: Volunteer | None = None
        #: When the last connection ended, or None while there is one.
        self.away_since: float | None = None
        #: What one person may write on the wall, and how often one may react and take another name.
        self.writing = TokenBucket(0.2, burst=5, clock=clock)
        self.reacting = TokenBucket(2, burst=10, clock=clock)
        self.renaming = TokenBucket(0.2, burst=10, clock=clock)
        self.ids: deque[str] = deque(maxlen=IDS)


class People:
    """Everybody who has joined, in the order of their arrival."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.clock = most, clock
        self._by_session: dict[str, Person] = {}
        self._by_name: dict[str, Person] = {}
        self._removed: dict[str, None] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(list(self._by_session.values()))

    def __len__(self) -> int:
        return len(self._by_session)

    def get(self, session: str) -> Person | None:
        """Return the person with this session, or None."""
        return self._by_session.get(session)

    def is_removed(self, session: str) -> bool:
        """Whether the instructor has removed the person with this session."""
        return session in self._removed

    def join(self, session: str, name: str | None) -> Person:
        """Return the person with this session: the same one as before, or a new one called `name` if it is free."""
        if (known := self._by_session.get(session)) is not None:
            return known
        person = Person(session, self.free_name(name), self.clock)
        self._by_session[session] = self._by_name[key_of(person.name)] = person
        return person

    def rename(self, person: Person, name: str | None) -> str:
        """Give a person another name, or what is free and nearest to it, and return it."""
        del self._by_name[key_of(person.name)]
        person.name = self.free_name(name)
        self._by_name[key_of(person.name)] = person
        return person.name

    def free_name(self, wanted: str | None) -> str:
        """Return a name that nobody has: the wanted one, the wanted one with a number, or a friendly default."""
        name = clean(wanted or "")[:NAME_LENGTH].strip()
        if not key_of(name):
            name = f"{secrets.choice(ADJECTIVES)} {secrets.choice(ANIMALS)}"
        number, free = 1, name
        while key_of(free) in self._by_name:
            number += 1
            free = f"{name[: NAME_LENGTH - len(str(number)) - 1].strip()} {number}"
        return free

    def named(self, name: str) -> Person | None:
        """Return the person with this name, or None."""
        return self._by_name.get(key_of(name))

    def remove(self, person: Person) -> None:
        """Forget a person whom the instructor has removed; the same session doesn't get in again."""
        self.forget(person)
        self._removed[person.session] = None
        while len(self._removed) > REMOVED:
            del self._removed[next(iter(self._removed))]

    def forget(self, person: Person) -> None:
        """Forget a person, and free the name."""
        del self._by_session[person.session]
        del self._by_name[key_of(person.name)]

    def one_too_many(self, precious: Callable[[Person], bool]) -> Person | None:
        """Return who should be forgotten because there are too many: who has been away longest, `precious` ones last.

        So a flood of sessions pushes out its own, and nobody who is here.
        """
        if len(self._by_session) <= self.most:
            return None
        away = [person for person in self._by_session.values() if person.away_since is not None]
        return min(away, key=lambda person: (precious(person), person.away_since or 0.0), default=None)
