"""HTTP/1.1 requests and responses in recorded bytes (RFC 9112)."""

import re
from dataclasses import dataclass, field
from typing import Literal

from wslearn.frames.items import Item, Part, Stream
from wslearn.frames.secrets import hidden, printable


@dataclass(frozen=True, repr=False, kw_only=True)
class Head(Item):
    """An HTTP/1.1 request or response (RFC 9112): its head, and the body that belongs to it."""

    kind: Literal["request", "response"]
    start_line: str
    headers: tuple[tuple[str, str], ...] = ()
    #: The body without its transfer coding.
    body: bytes = b""
    #: Bytes of `raw` before the body.
    head_length: int = 0
    ranges: tuple[Part, ...] = ()

    @property
    def parts(self) -> list[Part]:
        return list(self.ranges)

    @property
    def status(self) -> int | None:
        """The status code of a response whose status line is complete."""
        words = self.start_line.split(" ")
        return (
            int(words[1]) if self.kind == "response" and len(words) > 1 and re.fullmatch("[0-9]{3}", words[1]) else None
        )

    def values(self, name: str) -> list[str]:
        """Return the members of the comma-separated values of the headers called `name` (RFC 9110 section 5.6.1)."""
        values = ",".join(value for key, value in self.headers if key.lower() == name.lower())
        return [member.strip() for member in values.split(",") if member.strip()]

    def what(self, secrets: bool = False) -> str:
        line = self._shown(self.raw, 0, self.ranges[0].stop, secrets).rstrip(b"\r\n")
        body = f", body of {len(self.body):,} bytes" if self.body else ""
        return f"{printable(line)}, {len(self.headers)} header fields{body}"


_START = {
    "request": re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\s]+ HTTP/1\.[01]"),
    "response": re.compile(rb"HTTP/1\.[01] [0-9]{3}( .*)?", re.DOTALL),
}
_METHODS = b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split()

#: What header fields mean that a student meets in these lessons, and where that is said.
_FIELDS = {
    "host": ("the name and port that the client asks for", "RFC 9110 section 7.2"),
    "connection": ("what holds for this connection only: keep-alive, close, Upgrade", "RFC 9110 section 7.6.1"),
    "upgrade": ("the protocol to speak on this connection from now on", "RFC 9110 section 7.8"),
    "sec-websocket-key": ("16 random bytes in base64: the server must answer to them", "RFC 6455 section 11.3.1"),
    "sec-websocket-extensions": ("extensions offered or agreed, such as compression", "RFC 6455 section 11.3.2"),
    "sec-websocket-accept": ("worked out from the key: it proves a WebSocket server", "RFC 6455 section 11.3.3"),
    "sec-websocket-protocol": ("subprotocols offered, or the one agreed", "RFC 6455 section 11.3.4"),
    "sec-websocket-version": ("the version of the WebSocket protocol: 13", "RFC 6455 section 11.3.5"),
    "origin": ("the site whose page opens the connection", "RFC 6454 section 7"),
    "cookie": ("what the server told this browser to send again", "RFC 6265 section 4.2"),
    "set-cookie": ("what the browser must send again from now on", "RFC 6265 section 4.1"),
    "authorization": ("who asks, and the proof of it", "RFC 9110 section 11.6.2"),
    "content-length": ("the body's size in bytes", "RFC 9110 section 8.6"),
    "content-type": ("what kind of data the body is", "RFC 9110 section 8.3"),
    "content-encoding": ("how the body is compressed", "RFC 9110 section 8.4"),
    "transfer-encoding": ("how the body is cut into pieces for the way", "RFC 9112 section 6.1"),
    "user-agent": ("the program that asks", "RFC 9110 section 10.1.5"),
    "server": ("the program that answers", "RFC 9110 section 10.2.4"),
    "date": ("when the answer was made", "RFC 9110 section 6.6.1"),
    "accept": ("the kinds of data that the client understands", "RFC 9110 section 12.5.1"),
    "accept-encoding": ("the compressions that the client understands", "RFC 9110 section 12.5.3"),
    "cache-control": ("who may keep a copy, and for how long", "RFC 9111 section 5.2"),
}


def _line(data: bytes, at: int) -> tuple[bytes, int, bool]:
    """Return the line at `at` without its end, where the next begins, and whether it has an end at all."""
    end = data.find(b"\n", at)
    if end < 0:
        return data[at:], len(data), False
    return data[at : end - 1 if data[at:end].endswith(b"\r") else end], end + 1, True


def _begins(kind: str, line: bytes, whole: bool) -> bool:
    """Whether `line` is a start line; or, when the recording broke off in it, may become one."""
    if _START[kind].fullmatch(line):
        return True
    if whole:
        return False
    line = line.removesuffix(b"\r")
    if kind == "response":
        # As far as it goes it must look like this; what follows the status code is free.
        return _START[kind].fullmatch(line + b"HTTP/1.1 200"[len(line) :]) is not None
    method, space, rest = line.partition(b" ")
    if not space:
        return any(known.startswith(method) for known in _METHODS)
    target, space, version = rest.partition(b" ")
    return method in _METHODS and not re.search(rb"\s", target) and b"HTTP/1.1".startswith(version[:8])


@dataclass
class _Message:
    """What is known of a request or response so far."""

    stop: int
    parts: list[Part] = field(default_factory=list)
    headers: list[tuple[str, list[str]]] = field(default_factory=list)  # a name, and the lines of its value
    body: list[tuple[int, int]] = field(default_factory=list)
    missing: str = ""
    notes: list[str] = field(default_factory=list)
    #: Why nobody can tell where the next message begins.
    lost: str = ""

    def part(self, name: str, stop: int, meaning: str, section: str) -> None:
        if stop > self.stop:
            self.parts.append(Part(name, self.stop, stop, meaning, section))
            self.stop = stop


def read_message(stream: Stream, kind: Literal["request", "response"], method: str = "") -> tuple[Head | None, str]:
    """Take the HTTP message that `stream` stands at; `method` is that of the request which a response answers.

    Returns the message, or None where there is none, and why the bytes behind it cannot be read (empty: they can).
    """
    data, at = stream.data, stream.at
    line, stop, whole = _line(data, at)
    if not line or not _begins(kind, line, whole):
        return None, ""
    message = _Message(at)
    if kind == "request":
        method = line.split(b" ")[0].decode()
        message.part("request line", stop, "what is asked: method, target, version", "RFC 9112 section 3")
    else:
        message.part("status line", stop, "the answer: version, status code, reason", "RFC 9112 section 4")
    start_line = line.decode("utf-8", "backslashreplace")
    _fields(data, message)
    if not whole:
        message.missing = f"the {message.parts[0].name} is not recorded to its end"
    head = {
        "kind": kind,
        "start_line": start_line,
        "headers": tuple((name, " ".join(lines)) for name, lines in message.headers),
    }
    end_of_head = message.stop
    if not message.missing:
        _body(data, message, Head(**head, time=0, connection=0, direction="up", raw=b""), method)
    body = b"".join(data[start:stop] for start, stop in message.body)
    mask = _hidden(data, at, message, body)
    ranges = tuple(Part(p.name, p.start - at, p.stop - at, p.meaning, p.section) for p in message.parts)
    taken = stream.take(
        Head, message.stop, **head, body=body, ranges=ranges, missing=message.missing, notes=tuple(message.notes),
        head_length=end_of_head - at, hidden=mask,
    )  # fmt: skip
    return taken, message.lost


def _fields(data: bytes, message: _Message) -> None:
    """Read header fields up to the empty line that ends the head (RFC 9112 section 5)."""
    while True:
        line, stop, whole = _line(data, message.stop)
        if not whole:
            message.missing = "the empty line that ends the head"
        if whole and not line:
            message.part("end of the head", stop, "an empty line; what follows is the body", "RFC 9112 section 2.1")
            return
        name, colon, value = line.partition(b":")
        section = "RFC 9112 section 5"
        if not whole:
            message.part("header field, broken off", stop, "the recording ends in it", section)
            return
        if line[:1] in b" \t" and message.headers:
            message.headers[-1][1].append(line.strip().decode("utf-8", "backslashreplace"))
            message.part("header field, continued", stop, "goes on from the line before", "RFC 9112 section 5.2")
        elif colon and re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            key = name.decode()
            message.headers.append((key, [value.strip(b" \t").decode("utf-8", "backslashreplace")]))
            message.part(key, stop, *_FIELDS.get(key.lower(), ("a header field: name, colon, value", section)))
        else:
            message.part("no header field", stop, "expected a name, a colon and a value", section)
            message.notes.append("a line of the head is no header field")


def _body(data: bytes, message: _Message, head: Head, method: str) -> None:
    """Find where the body ends (RFC 9112 section 6.3)."""
    status = head.status
    if status is not None and (status < 200 or status in (204, 304) or method == "HEAD"):
        return
    if method == "CONNECT" and status is not None and status < 300:
        message.lost = "a tunnel that CONNECT opened"
        return
    codings = [coding.lower() for coding in head.values("Transfer-Encoding")]
    lengths = set(head.values("Content-Length"))
    if codings and codings[-1] == "chunked":
        _chunks(data, message)
    elif lengths and not codings:
        length = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,18}", length):
            message.notes.append("Content-Length is not one number: expected digits")
            message.lost = "behind a Content-Length that is not one number"
            return
        _take(data, message, int(length), "body", "RFC 9112 section 6.2")
    elif status is not None:
        start, stop = message.stop, len(data)
        if start < stop:
            message.body.append((start, stop))
            message.part("body", stop, "goes on until the server closes the connection", "RFC 9112 section 6.3")
    elif codings:
        message.notes.append("the last transfer coding of a request must be chunked")
        message.lost = "behind a body whose end is not told"


def _take(data: bytes, message: _Message, length: int, name: str, section: str) -> bool:
    """Take `length` bytes of body; return whether they are all there."""
    start = message.stop
    stop = min(start + length, len(data))
    if stop > start:
        message.body.append((start, stop))
        message.part(name, stop, f"{length:,} bytes of content", section)
    if stop < start + length:
        message.missing = f"{start + length - stop:,} of {length:,} bytes of the {name}"
    return not message.missing


def _chunks(data: bytes, message: _Message) -> None:
    """Read a body in chunks: the size in hexadecimal, the bytes, and so on until a size of 0 (RFC 9112 section 7.1)."""
    section = "RFC 9112 section 7.1"
    while True:
        line, stop, whole = _line(data, message.stop)
        size = re.match(rb"([0-9A-Fa-f]{1,15})[ \t]*(;|\Z)", line)
        if not whole and re.fullmatch(rb"([0-9A-Fa-f]{1,15}[ \t]*(;.*)?)?\r?", line, re.DOTALL):
            message.part("chunk size, broken off", stop, "the recording ends in it", section)
            message.missing = "the rest of the body: the chunk of size 0 that ends it"
            return
        if not size:
            message.notes.append("a chunk has no size: expected hexadecimal digits")
            message.lost = "behind a chunk without a size"
            return
        length = int(size[1], 16)
        message.part("chunk size", stop, f"{length:,} bytes follow (in hexadecimal)", section)
        if not length:
            break
        if not _take(data, message, length, "chunk", section):
            return
        line, stop, whole = _line(data, message.stop)
        if line.strip(b"\r"):
            message.notes.append("a chunk is longer than its size: expected a line end")
            message.lost = "behind a chunk that is longer than its size"
            return
        message.part("end of the chunk", stop, "a line end", section)
        if not whole:
            message.missing = "the rest of the body: the chunk of size 0 that ends it"
            return
    while True:
        line, stop, whole = _line(data, message.stop)
        name = "trailer field" if line.strip(b"\r") else "end of the body"
        message.part(name, stop, "ends the chunks" if name[0] == "e" else "a header field behind the body", section)
        if not whole:
            message.missing = "the empty line that ends the body"
            return
        if not line:
            return


def _hidden(data: bytes, at: int, message: _Message, body: bytes) -> bytes:
    """Mark the secrets of the head, of the body even where it is cut into chunks, and of what stands between them."""
    codings = {
        coding.strip().lower()
        for name, lines in message.headers
        if name.lower() in ("content-encoding", "transfer-encoding")
        for coding in " ".join(lines).split(",")
    }
    secret = hidden(body)
    if body and codings - {"chunked", "identity", ""}:
        secret = b"\1" * len(body)
        message.notes.append("the body is compressed: redacted, since it may hold a secret")
    mask = bytearray()
    done = 0
    for start, stop in message.body:
        mask += hidden(data[at + len(mask) : start], head=True)
        mask += secret[done : done + stop - start]
        done += stop - start
    mask += hidden(data[at + len(mask) : message.stop], head=True)
    return bytes(mask) if 1 in mask else b""
