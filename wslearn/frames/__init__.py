"""Recorded bytes -> HTTP heads and WebSocket frames, for people to look at: as objects, as text, as a hex table.

No input or output here. A recording is an iterable of chunks in the order of time, as `wslearn.network` makes it:

    items = read(network.recording)
    print(text(items))      # one line for each
    print(items[0])         # one item with its parts
    table(items)            # in a notebook: the bytes in colours; pointing at a part names it

Lesson: 01_http_vs_websocket.
"""

from collections.abc import Iterable

from wslearn.frames.html import Table, table
from wslearn.frames.http import Head, read_message
from wslearn.frames.inflate import Budget, Inflater
from wslearn.frames.items import Chunk, Item, Part, Rest, Stream
from wslearn.frames.secrets import hidden_rest
from wslearn.frames.websocket import Frame, FrameReader

__all__ = ["Chunk", "Frame", "Head", "Item", "Part", "Rest", "Table", "read", "table", "text"]


def read(chunks: Iterable[Chunk]) -> list[Head | Frame | Rest]:
    """Return what a recording holds, in order of the time of each item's first byte.

    HTTP/1.1 (RFC 9112) until a response switches to WebSocket, then frames (RFC 6455), decompressed where
    permessage-deflate was agreed (RFC 7692). Whatever the bytes are, nothing is raised: what breaks off is shown as far
    as it goes, and what is neither of the two becomes a `Rest`.
    """
    connections: dict[int, dict[str, Stream]] = {}
    for index, chunk in enumerate(chunks):
        if chunk.data:
            pair = connections.setdefault(
                chunk.connection, {way: Stream(chunk.connection, way) for way in ("up", "down")}
            )
            pair[chunk.direction].add(index, chunk)
    budget = Budget()
    found = []
    for pair in connections.values():
        up, down = pair["up"].join(), pair["down"].join()
        _read_connection(up, down, budget)
        found += up.items + down.items
    return [item for _, item in sorted(found, key=lambda entry: entry[0])]


def text(items: Iterable[Item], secrets: bool = False) -> str:
    """Return a line for each of `items` as a plain table; with `secrets`, nothing is redacted."""
    return "\n".join(["   time s  conn  direction           bytes  what", *(item.line(secrets) for item in items)])


def _read_connection(up: Stream, down: Stream, budget: Budget) -> None:
    """Read both directions in step: what a response means depends on its request, and what follows on the response."""
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
            answering = response is not None and not response.missing and not lost_down
            if not answering:
                break
            if response.status == 101:
                lost_up = lost_down = _switch(response, up, down, budget)
                asking = answering = False
            if response.status >= 200:
                break
        if lost_down.startswith("a tunnel"):
            lost_up = lost_down
            break
    _rest(up, lost_up)
    _rest(down, lost_down)


def _switch(response: Head, up: Stream, down: Stream, budget: Budget) -> str:
    """Read the frames behind a 101 (RFC 6455 section 4.2.2); return why not, if it switches to something else."""
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
        # Already its first record shows how it is: type, version 3.x, length; then what only the two peers can read.
        reason, mask = "TLS record: encrypted", hidden_rest(left, encrypted=True)
    else:
        reason = f"not read: {lost}" if lost else "neither HTTP/1.1 nor WebSocket frames"
        mask = hidden_rest(left)
    stream.take(Rest, len(stream.data), reason=reason, hidden=mask)
