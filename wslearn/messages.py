"""The JSON messages of the lessons as types, decoded with a clear error.

No input or output here: text in, text out, so every rule is tested without a socket.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar, Union

import msgspec

from wslearn.redact import redact

Message = TypeVar("Message", bound=msgspec.Struct)
RoomName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]


def now() -> str:
    """Return the time in UTC as the servers write it: `2026-11-23T19:10:00.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# What clients say. Members that a type does not name are ignored: nobody can claim a sender.


class Say(msgspec.Struct):
    message: str


class JoinRoom(msgspec.Struct, tag="join-room"):
    room: RoomName


class LeaveRoom(msgspec.Struct, tag="leave-room"):
    pass


class SayInRoom(msgspec.Struct, tag="room-message"):
    message: str


class Authenticate(msgspec.Struct, tag="authenticate"):
    token: str


class Ping(msgspec.Struct, tag="ping"):
    pass


# What servers say.


class Broadcast(msgspec.Struct, tag="broadcast", omit_defaults=True):
    message: str
    timestamp: str
    sender: str | None = None


class RoomMessage(msgspec.Struct, tag="room-message"):
    room: str
    message: str
    sender: str
    timestamp: str


class Presence(msgspec.Struct, tag="presence"):
    room: str
    members: list[str]


class Authenticated(msgspec.Struct, tag="authenticated"):
    user: str


class Pong(msgspec.Struct, tag="pong"):
    pass


class Error(msgspec.Struct, tag="error"):
    code: str
    message: str


class Closing(msgspec.Struct, tag="closing"):
    """To a client that asked for `last-words`: the close frame that follows."""

    code: int
    reason: str


class BadMessage(ValueError):
    """A message that is none of those that were expected; its text says which, what came, and where it differs."""


class _Nothing(msgspec.Struct, tag=""):
    """Beside it, a type with a tag needs its tag: alone, msgspec would take `{}` for a `{"type":"ping"}`."""


@lru_cache
def _decoder(types: tuple[type[msgspec.Struct], ...]) -> msgspec.json.Decoder[Any]:
    tagged = all(kind.__struct_config__.tag for kind in types)
    return msgspec.json.Decoder(Union[(*types, _Nothing) if tagged else types])  # noqa: UP007 - of a tuple


@lru_cache
def _shapes(types: tuple[type[msgspec.Struct], ...]) -> str:
    """Return what messages of `types` look like: `{"type":"join-room","room":"…"}`."""
    shapes = []
    for kind in types:
        tag = kind.__struct_config__.tag
        pairs = [f'"type":"{tag}"'] if tag else []
        pairs += [f'"{name}":"…"' for name in kind.__struct_fields__]
        shapes.append(f"{{{','.join(pairs)}}}")
    return " or ".join(shapes)


def decode(data: str | bytes, *types: type[Message]) -> Message:
    """Return the message in `data`, JSON text (RFC 8259), as one of `types`.

    Raises BadMessage with one line that says what was expected and what is wrong.
    """
    if not isinstance(data, str):
        raise BadMessage(f"expected JSON text like {_shapes(types)}, got a binary message of {len(data)} bytes")
    try:
        message = _decoder(types).decode(data)
        if not isinstance(message, _Nothing):
            return message
        wrong = "Invalid value '' - at `$.type`"
    except RecursionError:
        wrong = "it is nested too deeply"
    except UnicodeEncodeError as error:  # no such text can come over a WebSocket, but a program can call this
        wrong = _cut_in_two(f"{ord(error.object[error.start]):x}")
    except msgspec.DecodeError as error:
        half = None if isinstance(error, msgspec.ValidationError) else _half_character(data, str(error))
        wrong = half or re.sub(r"`str` matching regex '.*'", "1 to 64 of a-z A-Z 0-9 . _ -", str(error))
    raise BadMessage(f"expected {_shapes(types)}; {redact(wrong[:200])}")


#: The escapes of JSON text (RFC 8259, section 7): a pair of surrogates, which is one character beyond U+FFFF; one
#: surrogate alone, which is half of such a character; and every other.
ESCAPES = re.compile(r"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|u(?P<half>[dD][89a-fA-F]\w\w)|.)", re.S)


def _half_character(data: str, error: str) -> str | None:
    """Return what msgspec's error means where half a character is the cause, and None where it is not.

    With little text after the half msgspec calls the data truncated, otherwise malformed.
    """
    if "surrogate" not in error and "truncated" not in error:
        return None
    for escape in ESCAPES.finditer(data):
        if escape["half"]:
            goes_on = '"' in data[escape.end() :]  # otherwise the data really end there
            return _cut_in_two(escape["half"]) if goes_on else None
    return None


def _cut_in_two(half: str) -> str:
    return (
        f"the text has half a character, `\\u{half.lower()}`: an emoji was cut in two, "
        'as `"😀".slice(0, 1)` does in JavaScript'
    )


def encode(message: object) -> str:
    """Return `message`, a dict or one of the types above, as JSON text."""
    return msgspec.json.encode(message).decode()
