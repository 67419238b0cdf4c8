"""The parts of a recording, which a network writes and `wslearn.frames` reads."""

from dataclasses import dataclass, field
from typing import Literal

#: `up` is from client to server.
Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrived at once, `time` seconds after the recording began."""

    time: float
    connection: int
    direction: Direction
    data: bytes = field(repr=False)
