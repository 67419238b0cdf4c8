"""Where a client is in a room's messages, and what it has to be told when it comes back. No input or output."""

from dataclasses import dataclass
from typing import cast

import msgspec

from wslearn.messages import Ack, BadMessage, Error, FeedMessage, Joined, Presence, decode

#: The largest number that every JSON reader keeps exactly (RFC 8259, section 6).
LARGEST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a room, and its place in the room's order."""

    offset: int
    sender: str
    message: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What may be missing: everything after offset `after` of `epoch`, up to offset `floor` of `new_epoch`.

    The two epochs are the same, unless the server started a new history.
    """

    epoch: str
    after: int
    new_epoch: str
    floor: int

    def __str__(self) -> str:
        if self.epoch != self.new_epoch:
            return f"the server started a new history: messages after {self.after} may be missing"
        if self.floor <= self.after:
            return f"the server can't prove that nothing is missing after {self.after}"
        return f"messages {self.after + 1} to {self.floor} may be missing"


@dataclass(slots=True)
class Place:
    """The last message that a client has had: its `offset` in an `epoch`. None: it has not joined yet."""

    epoch: str = ""
    offset: int | None = None

    def joined(self, joined: Joined) -> Gap | None:
        """Take note of the server's answer to a join, and return what it could not recover."""
        if self.offset is None:
            self.epoch, self.offset = joined.epoch, joined.offset
            return None
        gap = Gap(self.epoch, self.offset, joined.epoch, joined.floor)
        if joined.epoch == self.epoch and joined.floor <= self.offset:
            return None if joined.recovered else Gap(self.epoch, self.offset, self.epoch, self.offset)
        self.epoch, self.offset = joined.epoch, joined.floor
        return gap

    def take(self, offset: int) -> bool:
        """Tell whether a message is new, and take note of it."""
        if self.offset is None or offset <= self.offset:
            return False
        self.offset = offset
        return True


class _Tagged(msgspec.Struct):
    type: str


_type = msgspec.json.Decoder(_Tagged).decode
Known = FeedMessage | Joined | Ack | Error | Presence
KINDS = (FeedMessage, Joined, Ack, Error, Presence)
TAGS = {kind.__struct_config__.tag for kind in KINDS}


def read(data: str | bytes) -> Known | None:
    """Return what a server sent, or None for a type that this client does not know. Raises BadMessage."""
    try:
        message = decode(data, *KINDS)
    except BadMessage:
        if isinstance(data, str) and _unknown(data):
            return None
        raise
    for name in ("offset", "floor"):
        number = getattr(message, name, 0)
        if not 0 <= number <= LARGEST:
            raise BadMessage(f"expected {name} between 0 and 2**53 - 1, got {str(number)[:30]}")
    return cast(Known, message)


def _unknown(text: str) -> bool:
    try:
        return _type(text).type not in TAGS
    except (msgspec.DecodeError, RecursionError):
        return False
