"""Reads a recording: HTTP/1.1 first, then WebSocket frames, then whatever is neither of the two."""

from collections.abc import Iterable

from wslearn.common.chunk import Chunk
from wslearn.frames.frame_reader import FrameReader
from wslearn.frames.http import HttpMessage
from wslearn.frames.http_reader import read_message
from wslearn.frames.inflate import Budget, Inflater
from wslearn.frames.items import Item, Rest, Stream
from wslearn.frames.secrets import hidden_rest


def read(chunks: Iterable[Chunk]) -> list[Item]:
    """Return the items of a recording (`HttpMessage`, `Frame` or `Rest`) in the order of their first bytes.

    Reads HTTP/1.1 (RFC 9112) until a response switches to WebSocket, then frames (RFC 6455), decompressed if
    permessage-deflate was agreed on (RFC 7692). No bytes raise an exception: a message that breaks off is shown as far
    as it goes, and bytes that are neither HTTP nor frames become a `Rest`.
    """
    connections: dict[int, tuple[Stream, Stream]] = {}
    for index, chunk in enumerate(chunks):
        if chunk.data:
            pair = connections.setdefault(
                chunk.connection, (Stream(chunk.connection, "up"), Stream(chunk.connection, "down"))
            )
            pair[chunk.direction == "down"].add(index, chunk)
    budget = Budget()
    found = []
    for up, down in connections.values():
        _read_connection(up.join(), down.join(), budget)
        found += up.items + down.items
    return [item for _, item in sorted(found, key=lambda entry: entry[0])]


def text(items: Iterable[Item], secrets: bool = False) -> str:
    """Return `items` as a plain table with a line for each; with `secrets`, nothing is redacted."""
    return "\n".join(["   time s  conn  direction           bytes  what", *(item.line(secrets) for item in items)])


def _read_connection(up: Stream, down: Stream, budget: Budget) -> None:
    """Read both directions in step: a response depends on its request, and what follows depends on the response."""
    lost_up = lost_down = ""
    asking = answering = True
    while asking or answering:
        request = None
        if asking:
            request, lost_up = read_message(up, "request")
            asking = request is not None and not request.missing and not lost_up
        method = request.start_line.split(" ")[0] if request else ""
        while answering:
            response, lost_down = read_message(down, "response", method)
            if response is None or response.missing or lost_down:
                answering = False
                break
            if response.status == 101:
                lost_up = lost_down = _switch(response, up, down, budget)
                asking = answering = False
            if response.status is not None and response.status >= 200:
                break
        if lost_down.startswith("a tunnel"):
            lost_up = lost_down
            break
    _rest(up, lost_up)
    _rest(down, lost_down)


def _switch(response: HttpMessage, up: Stream, down: Stream, budget: Budget) -> str:
    """Read the frames after a 101 (RFC 6455 section 4.2.2); return why not, if it switches to something else."""
    if "websocket" not in [protocol.lower() for protocol in response.values("Upgrade")]:
        return "the connection has switched to a protocol that is not WebSocket"
    agreed: list[str] | None = None
    for extension in response.values("Sec-WebSocket-Extensions"):
        name, *parameters = (word.strip().lower() for word in extension.split(";"))
        if name == "permessage-deflate":
            agreed = [parameter.split("=")[0].strip() for parameter in parameters]
    for stream, side in ((up, "client"), (down, "server")):
        inflater = None
        if agreed is not None:
            inflater = Inflater(f"{side}_no_context_takeover" not in agreed, budget)
        FrameReader(stream, inflater).read()
    return ""


def _rest(stream: Stream, lost: str) -> None:
    """Make an item of the bytes that nobody could read."""
    if stream.ended:
        return
    left = stream.data[stream.at :]
    if not stream.at and left[0] in range(0x14, 0x18) and left[1:2] == b"\3":
        # The first record already shows it: type, version 3.x, length; then bytes that only the two peers can read.
        reason, mask = "TLS record: encrypted", hidden_rest(left, encrypted=True)
    else:
        reason = f"not read: {lost}" if lost else "neither HTTP/1.1 nor WebSocket frames"
        mask = hidden_rest(left)
    stream.take(Rest, len(stream.data), reason=reason, hidden=mask)
