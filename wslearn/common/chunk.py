"""What a recording is made of. A network writes it, and `wslearn.frames` reads it."""

from dataclasses import dataclass, field
from typing import Literal

#: `up` is from client to server.
Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that came at once: `time` in seconds since the recording began, `up` is from client to server."""

    time: float
    connection: int
    direction: Direction
    data: bytes = field(repr=False)
