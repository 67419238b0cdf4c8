"""The JSON messages of the lessons as types, decoded with a clear error. This module has no input or output."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar, Union

import msgspec

from wslearn.redact import redact

Message = TypeVar("Message", bound=msgspec.Struct)
#: Patterns of strings, and what people read instead of them.
ROOM_NAME, SESSION = r"^[A-Za-z0-9._-]{1,64}\Z", r"^[0-9a-fA-F]{32}\Z"
FORMS = {ROOM_NAME: "1 to 64 of a-z A-Z 0-9 . _ -", SESSION: "32 hexadecimal digits"}
RoomName = Annotated[str, msgspec.Meta(pattern=ROOM_NAME)]
Session = Annotated[str, msgspec.Meta(pattern=SESSION)]  # 128 random bits that a client chooses and keeps
Epoch = Annotated[str, msgspec.Meta(max_length=64)]
MessageId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]  # no larger number is exact in JavaScript


def now() -> str:
    """Return the time in UTC as the servers write it: `2026-11-23T19:10:00.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Say(msgspec.Struct):
    """From a client: `message` is for all clients. Other members are ignored, so no client can claim a sender."""

    message: str


class JoinRoom(msgspec.Struct, tag="join-room"):
    """From a client: put it into `room`, and out of its last one."""

    room: RoomName


class LeaveRoom(msgspec.Struct, tag="leave-room"):
    """From a client: take it out of its room."""


class SayInRoom(msgspec.Struct, tag="room-message"):
    """From a client: `message` is for all clients in its room."""

    message: str


class Resume(msgspec.Struct, tag="join-room"):
    """From a client: put it into `room`, and send what it has missed since `offset` of `epoch` if it was there before.

    The same `session` means the same client, whatever connection it comes by.
    """

    room: RoomName
    session: Session | None = None
    epoch: Epoch = ""
    offset: Offset | None = None


class Publish(msgspec.Struct, tag="room-message"):
    """From a client: store `message`, and send it to all clients in its room; with an `id` once, and acknowledge it."""

    message: str
    id: MessageId | None = None


class Authenticate(msgspec.Struct, tag="authenticate"):
    """From a client: its `token`, a JSON Web Token."""

    token: str


class Ping(msgspec.Struct, tag="ping"):
    """From a client: an application-level ping."""


class Pong(msgspec.Struct, tag="pong"):
    """From a server: the reply to `Ping`."""


class Broadcast(msgspec.Struct, tag="broadcast", omit_defaults=True):
    """From a server: a client's `message`, the time as `now()` writes it, and the sender's verified name, if any."""

    message: str
    timestamp: str
    sender: str | None = None


class RoomMessage(msgspec.Struct, tag="room-message"):
    """From a server: a client's `message` in a room, with its name and the time as `now()` writes it."""

    room: str
    message: str
    sender: str
    timestamp: str


class FeedMessage(msgspec.Struct, tag="room-message"):
    """From a server: a client's stored `message`, as `RoomMessage` has it, and its place in the room's order."""

    room: str
    message: str
    sender: str
    timestamp: str
    offset: int = 0


class Joined(msgspec.Struct, tag="joined"):
    """From a server: the client is in `room`, and `missed` messages follow.

    `offset` is the last one of `epoch`, and nothing after `floor` is lost. If the server can't prove that the client
    gets everything, `recovered` is false.
    """

    room: str
    epoch: str
    offset: int
    floor: int
    recovered: bool
    missed: int


class Ack(msgspec.Struct, tag="ack"):
    """From a server: the message with this `id` is stored, at `offset`."""

    id: str
    offset: int


class Presence(msgspec.Struct, tag="presence"):
    """From a server: the names of the clients in a room, sorted."""

    room: str
    members: list[str]


class Authenticated(msgspec.Struct, tag="authenticated"):
    """From a server: the token was valid, and `user` is its name."""

    user: str


class Error(msgspec.Struct, tag="error", omit_defaults=True):
    """From a server: a `code` for programs, a message for people, and the `id` of the message that is meant, if any."""

    code: str
    message: str
    id: str | None = None


class Closing(msgspec.Struct, tag="closing"):
    """From a server, to a client that asked for `last-words`: code and reason of the close frame that follows."""

    code: int
    reason: str


class BadMessage(ValueError):
    """A message of an unexpected form; the text says what was expected, what was received, and where they differ."""


class _WithId(msgspec.Struct):
    """Any message with an id."""

    id: MessageId


class _Nothing(msgspec.Struct, tag=""):
    """In a union with it, a type needs its tag: alone, msgspec would accept `{}` for `{"type":"ping"}`."""


@lru_cache
def _decoder(types: tuple[type[msgspec.Struct], ...]) -> msgspec.json.Decoder[Any]:
    tagged = all(kind.__struct_config__.tag for kind in types)
    return msgspec.json.Decoder(Union[(*types, _Nothing) if tagged else types])  # noqa: UP007 - of a tuple


@lru_cache
def _shapes(types: tuple[type[msgspec.Struct], ...]) -> str:
    """Return the shortest messages of `types`: `{"type":"join-room","room":"…"}`."""
    shapes = []
    for kind in types:
        tag = kind.__struct_config__.tag
        pairs = [f'"type":"{tag}"'] if tag else []
        pairs += [f'"{field.encode_name}":"…"' for field in msgspec.structs.fields(kind) if field.required]
        shapes.append(f"{{{','.join(pairs)}}}")
    return " or ".join(shapes)


def decode(data: str | bytes, *types: type[Message]) -> Message:
    """Return the message in `data`, JSON text (RFC 8259), as one of `types`. Raises BadMessage, in one line."""
    if not isinstance(data, str):
        raise BadMessage(f"expected JSON text like {_shapes(types)}, got a binary message of {len(data)} bytes")
    try:
        message = _decoder(types).decode(data)
        if not isinstance(message, _Nothing):
            return message
        wrong = "Invalid value '' - at `$.type`"
    except RecursionError:
        wrong = "it is nested too deeply"
    except UnicodeEncodeError as error:  # not from a WebSocket, but a program can call this
        wrong = _cut_in_two(f"{ord(error.object[error.start]):x}")
    except msgspec.DecodeError as error:
        half = None if isinstance(error, msgspec.ValidationError) else _half_character(data, str(error))
        wrong = half or str(error)
        for pattern, form in FORMS.items():
            wrong = wrong.replace(f"`str` matching regex {pattern!r}", form)
    raise BadMessage(f"expected {_shapes(types)}; {redact(wrong[:200])}")


def id_of(data: str | bytes) -> str | None:
    """Return the valid `id` in a message that is not carried out, so that the error can name it, or None."""
    try:
        return _decoder((_WithId,)).decode(data).id
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


#: The escapes of JSON text (RFC 8259, section 7): a pair of surrogates, which is one character above U+FFFF; a single
#: surrogate, which is half of such a character; and all others.
ESCAPES = re.compile(r"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|u(?P<half>[dD][89a-fA-F]\w\w)|.)", re.S)


def _half_character(data: str, error: str) -> str | None:
    """Return an explanation of msgspec's error if half a character is the cause, otherwise None.

    If little text follows the half, msgspec calls the data truncated, otherwise malformed.
    """
    if "surrogate" not in error and "truncated" not in error:
        return None
    for escape in ESCAPES.finditer(data):
        if escape["half"]:
            goes_on = '"' in data[escape.end() :]  # otherwise the data really are truncated
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
