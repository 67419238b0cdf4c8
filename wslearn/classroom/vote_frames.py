"""The frames of one vote, as lines that the board can show: the vote, its answers, and what the board gets."""

import json
import re

from wslearn.fast import frame

#: Characters of a message that are shown.
SHOWN = 200
#: An id that a page made. Any other text could be somebody's message to the projector.
PLAIN_ID = re.compile(r"[0-9a-f-]{0,64}")


def is_plain(vote: str) -> bool:
    """Tell whether a vote, JSON text, has no room for words of its sender: a class sees it."""
    members = json.loads(vote)
    known = members.keys() <= {"type", "poll", "choice", "id"} and len(vote) <= SHOWN
    return known and PLAIN_ID.fullmatch(str(members.get("id") or "")) is not None


def vote_row(vote: str) -> str:
    """Return a line for the frame of a vote. A client masks its frames (RFC 6455, section 5.3)."""
    whole, payload = frame(vote), vote.encode()
    head = bytearray(whole[: len(whole) - len(payload)])
    head[1] |= 0x80
    size = len(whole) + 4
    return f"phone → server, {size} bytes: {head.hex(' ')}, a mask of 4 bytes, and {vote}"


def reply_row(receiver: str, message: str) -> str:
    """Return a line for the frame of a message from the server."""
    whole = frame(message)
    head = whole[: len(whole) - len(message.encode())]
    shown = message if len(message) <= SHOWN else f"{message[:SHOWN]}…"
    return f"server → {receiver}, {len(whole)} bytes: {head.hex(' ')} and {shown}"
