"""The frames of one vote, as lines that the board can show: the vote, its answers, and what the board gets.

While results are hidden, the lines have them no more than the bars do. The size of a frame is always the real one.
"""

import json
import re

from wslearn.classroom.polls import Poll
from wslearn.fast import frame

#: Characters of a message that are shown.
SHOWN = 200
#: An id that a page made. Any other text could be somebody's message to the projector.
PLAIN_ID = re.compile(r"[0-9a-f-]{0,64}")
#: What tells a result: a choice, one's own vote, and the counts. In a text of JSON, its quotes would be escaped.
RESULT = re.compile(r'("(?:choice|mine|counts|results)": ?)(?:-?\d+|\[[\d, ]*\])')
HIDDEN = "(hidden)"


def is_plain(vote: str) -> bool:
    """Tell whether a vote, JSON text, has no room for words of its sender: a class sees it.

    It is written as a page or Python writes JSON: with a member twice, a decoder would take only the last one.
    """
    members = json.loads(vote)
    plain = vote in (json.dumps(members, separators=(",", ":")), json.dumps(members)) and len(vote) <= SHOWN
    known = members.keys() <= {"type", "poll", "choice", "id"}
    return plain and known and PLAIN_ID.fullmatch(str(members.get("id") or "")) is not None


def is_hidden(poll: Poll | None) -> bool:
    """Tell whether the results of a poll are hidden."""
    return poll is not None and not poll.shown


def size_tells(poll: Poll | None) -> bool:
    """Tell whether the size of a vote tells what it is for: the last of many choices have two digits."""
    return poll is not None and len(poll.choices) > 10


def without_results(text: str) -> str:
    """Return a message, JSON text, without a choice and without counts."""
    return RESULT.sub(rf"\1{HIDDEN}", text)


def vote_row(vote: str, hide: bool = False) -> str:
    """Return a line for the frame of a vote. A client masks its frames (RFC 6455, section 5.3)."""
    whole, payload = frame(vote), vote.encode()
    head = bytearray(whole[: len(whole) - len(payload)])
    head[1] |= 0x80
    size, shown = len(whole) + 4, without_results(vote) if hide else vote
    return f"phone → server, {size} bytes: {head.hex(' ')}, a mask of 4 bytes, and {shown}"


def reply_row(receiver: str, message: str, hide: bool = False) -> str:
    """Return a line for the frame of a message from the server. With `hide` it has no results."""
    whole = frame(message)
    head = whole[: len(whole) - len(message.encode())]
    text = without_results(message) if hide else message
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return f"server → {receiver}, {len(whole)} bytes: {head.hex(' ')} and {shown}"
