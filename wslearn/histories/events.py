"""What happened, event by event: what was sent, stored and received, and by whom. Lesson 09."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to somebody. `str()` tells it in a sentence."""

    who: str

    def __str__(self) -> str:
        return f"{self.who} does something."


@dataclass(frozen=True, slots=True)
class Wrote(Event):
    """A person wrote a text, which their client has to send. Each text is written once: it tells messages apart."""

    text: str

    def __str__(self) -> str:
        return f"{self.who} writes {self.text}."


@dataclass(frozen=True, slots=True)
class Sent(Event):
    """A client sent a text, for the first time or `again`."""

    text: str
    again: bool = False

    def __str__(self) -> str:
        return f"{self.who}'s client sends {self.text}{' again' if self.again else ''}."


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """The server acknowledged a text. Whether the ack has arrived is another question."""

    text: str
    offset: int | None = None
    epoch: str = ""

    def __str__(self) -> str:
        at = "" if self.offset is None else f" at offset {self.offset}"
        return f"The server stores {self.text}{at} and sends the ack to {self.who}."


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """The server refused a message, with an error's `code`."""

    code: str
    text: str = ""

    def __str__(self) -> str:
        return f"The server sends {self.who} the error {self.code}{f' for {self.text}' if self.text else ''}."


@dataclass(frozen=True, slots=True)
class Heard(Event):
    """A client gave a text to its user. `offset` is None where the server has none."""

    text: str
    offset: int | None = None
    epoch: str = ""

    def __str__(self) -> str:
        return f"{self.who} receives {self.text}."


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """The server put a client into the room, as its message `joined` has it.

    `since` is the offset that the client had asked for, of the epoch `of`; None: it did not ask to resume.
    """

    epoch: str = ""
    offset: int | None = None
    floor: int = 0
    recovered: bool = True
    missed: int = 0
    since: int | None = None
    of: str = ""

    def __str__(self) -> str:
        if self.since is None and self.recovered:
            return f"{self.who} joins{'' if self.offset is None else f' at offset {self.offset}'}."
        since = "" if self.since is None else f" from offset {self.since}"
        if self.recovered:
            return f"{self.who} resumes{since}: {self.missed} missed, recovered."
        return f"{self.who} resumes{since}: not recovered, and everything after offset {self.floor} is kept."


@dataclass(frozen=True, slots=True)
class Told(Event):
    """A client told its user that something may be lost."""

    def __str__(self) -> str:
        return f"{self.who} is told that something may be lost."


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """A client's function ended before the story did. `error` is what it raised, unless that was a lost connection."""

    error: str = ""

    def __str__(self) -> str:
        return f"{self.who}'s client {f'fails with {self.error}' if self.error else 'ends'}."


@dataclass(frozen=True, slots=True)
class Happened(Event):
    """A fault, in a sentence. `who` is empty if it hit everybody."""

    sentence: str

    def __str__(self) -> str:
        return self.sentence
