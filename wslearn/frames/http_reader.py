"""Reads HTTP/1.1 requests and responses in recorded bytes (RFC 9112)."""

import re
from dataclasses import dataclass, field

from wslearn.frames.fields import FIELDS
from wslearn.frames.http import Headers, HttpMessage, Kind, members, status_of
from wslearn.frames.items import Part, Stream
from wslearn.frames.secrets import hidden

_START = {
    "request": re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^\s]+ HTTP/1\.[01]"),
    "response": re.compile(rb"HTTP/1\.[01] [0-9]{3}( .*)?", re.DOTALL),
}
_METHODS = b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split()
_MORE_CHUNKS = "the rest of the body, up to the chunk of size 0 that ends it"
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _begins(kind: Kind, line: bytes, whole: bool) -> bool:
    """Whether `line` is a start line or, if the recording broke off in it, may become one."""
    if _START[kind].fullmatch(line):
        return True
    if whole:
        return False
    line = line.removesuffix(b"\r")
    if kind == "response":  # as far as it goes it must look like this; anything may follow the status code
        return _START[kind].fullmatch(line + b"HTTP/1.1 200"[len(line) :]) is not None
    method, space, rest = line.partition(b" ")
    if not space:
        return any(known.startswith(method) for known in _METHODS)
    target, space, version = rest.partition(b" ")
    return method in _METHODS and not re.search(rb"\s", target) and b"HTTP/1.1".startswith(version[:8])


def read_message(stream: Stream, kind: Kind, method: str = "") -> tuple[HttpMessage | None, str]:
    """Take the next HTTP message of `stream`; for a response, `method` is that of its request.

    Returns the message, or None if there is none, and why the bytes after it cannot be read (empty if they can).
    """
    reader = _Reader(stream.data, stream.at, stream.at)
    line, stop, whole = reader.line()
    if not line or not _begins(kind, line, whole):
        return None, ""
    if kind == "request":
        method = line.split(b" ")[0].decode()
        reader.part("request line", stop, "method, target and version", "RFC 9112 section 3")
    else:
        reader.part("status line", stop, "version, status code and reason", "RFC 9112 section 4")
    start_line = line.decode("utf-8", "backslashreplace")
    reader.fields()
    if not whole:
        reader.missing = f"the {reader.parts[0].name} is not recorded to its end"
    end_of_head = reader.stop
    headers = tuple((name, " ".join(lines)) for name, lines in reader.headers)
    if not reader.missing:
        reader.content(headers, status_of(start_line), method)
    mask = reader.hidden(headers)
    message = stream.take(
        HttpMessage, reader.stop, kind=kind, start_line=start_line, headers=headers, body=reader.body(),
        ranges=tuple(reader.parts), missing=reader.missing, notes=tuple(reader.notes),
        head_length=end_of_head - reader.start, hidden=mask,
    )  # fmt: skip
    return message, reader.lost


@dataclass
class _Reader:
    """Reads one request or response, and holds what is known of it so far."""

    data: bytes
    start: int
    stop: int
    parts: list[Part] = field(default_factory=list)
    headers: list[tuple[str, list[str]]] = field(default_factory=list)  # a name, and the lines of its value
    bodies: list[tuple[int, int]] = field(default_factory=list)
    missing: str = ""
    notes: list[str] = field(default_factory=list)
    #: Why nobody can tell where the next message begins.
    lost: str = ""

    def line(self) -> tuple[bytes, int, bool]:
        """Return the line at `stop` without its end, where the next line begins, and whether this one has an end."""
        end = self.data.find(b"\n", self.stop)
        if end < 0:
            return self.data[self.stop :], len(self.data), False
        return self.data[self.stop : end].removesuffix(b"\r"), end + 1, True

    def part(self, name: str, stop: int, meaning: str, section: str) -> None:
        """Add the bytes up to `stop`, if there are any."""
        if stop > self.stop:
            self.parts.append(Part(name, self.stop - self.start, stop - self.start, meaning, section))
            self.stop = stop

    def fields(self) -> None:
        """Read header fields up to the empty line that ends the header section (RFC 9112 section 5)."""
        section = "RFC 9112 section 5"
        while True:
            line, stop, whole = self.line()
            name, colon, value = line.partition(b":")
            if not whole:
                self.missing = "the empty line after the header fields"
                self.part("header field, incomplete", stop, "the recording ends in it", section)
                return
            if not line:
                self.part(
                    "end of the header",
                    stop,
                    "an empty line: the body comes next, if there is one",
                    "RFC 9112 section 2.1",
                )
                return
            if line[:1] in b" \t" and self.headers:
                self.headers[-1][1].append(line.strip().decode("utf-8", "backslashreplace"))
                self.part("header field, continued", stop, "continues the previous line", "RFC 9112 section 5.2")
            elif colon and _NAME.fullmatch(name):
                key = name.decode()
                self.headers.append((key, [value.strip(b" \t").decode("utf-8", "backslashreplace")]))
                self.part(key, stop, *FIELDS.get(key.lower(), ("a header field: name, colon, value", section)))
            else:
                self.part("not a header field", stop, "expected a name, a colon and a value", section)
                self.notes.append("one of the lines is not a header field")

    def content(self, headers: Headers, status: int | None, method: str) -> None:
        """Find where the body ends (RFC 9112 section 6.3)."""
        if status is not None and (status < 200 or status in (204, 304) or method == "HEAD"):
            return
        if method == "CONNECT" and status is not None and status < 300:
            self.lost = "a tunnel that CONNECT opened"
            return
        codings = [coding.lower() for coding in members(headers, "Transfer-Encoding")]
        lengths = set(members(headers, "Content-Length"))
        if codings and codings[-1] == "chunked":
            self.chunks()
        elif lengths and not codings:
            length = lengths.pop()
            if not lengths and re.fullmatch(r"[0-9]{1,18}", length):
                self.take(int(length), "body", "RFC 9112 section 6.2")
            else:
                self.lose("Content-Length is not one number", "a Content-Length that is not one number")
        elif status is not None and self.stop < len(self.data):
            self.bodies.append((self.stop, len(self.data)))
            self.part("body", len(self.data), "goes on until the server closes the connection", "RFC 9112 section 6.3")
        elif codings and status is None:
            self.lose("the last transfer coding of a request must be chunked", "a body whose end nothing marks")

    def take(self, length: int, name: str, section: str) -> bool:
        """Take `length` bytes of body, and return whether all of them were recorded."""
        start, end = self.stop, self.stop + length
        stop = min(end, len(self.data))
        if stop > start:
            self.bodies.append((start, stop))
            self.part(name, stop, f"{length:,} bytes of content", section)
        if stop < end:
            self.missing = f"{end - stop:,} of {length:,} bytes of the {name}"
        return not self.missing

    def chunks(self) -> None:
        """Read a body in chunks: size in hexadecimal, bytes, and so on until a size of 0 (RFC 9112 section 7.1)."""
        section = "RFC 9112 section 7.1"
        while True:
            line, stop, whole = self.line()
            size = re.match(rb"([0-9A-Fa-f]{1,15})[ \t]*(;|\Z)", line)
            if not whole and re.fullmatch(rb"([0-9A-Fa-f]{1,15}[ \t]*(;.*)?)?\r?", line, re.DOTALL):
                self.part("chunk size, incomplete", stop, "the recording ends in it", section)
                self.missing = _MORE_CHUNKS
                return
            if not size:
                return self.lose("a chunk has no size: expected hexadecimal digits", "a chunk without a size")
            length = int(size[1], 16)
            self.part("chunk size", stop, f"{length:,} bytes follow (in hexadecimal)", section)
            if not length:
                break
            if not self.take(length, "chunk", section):
                return
            line, stop, whole = self.line()
            if line.strip(b"\r"):
                return self.lose("a chunk does not end where its size says", "a chunk that is longer than its size")
            self.part("end of the chunk", stop, "the end of a line", section)
            if not whole:
                self.missing = _MORE_CHUNKS
                return
        while True:
            line, stop, whole = self.line()
            trailer = ("trailer field", stop, "a header field after the body", section)
            self.part(*trailer if line.strip(b"\r") else ("end of the body", stop, "ends the chunks", section))
            if not whole:
                self.missing = "the empty line that ends the body"
            if not whole or not line:
                return

    def lose(self, note: str, where: str) -> None:
        """Record that nobody can tell where the next message begins."""
        self.notes.append(note)
        self.lost = f"it comes after {where}"

    def body(self) -> bytes:
        """Return the body without its transfer coding."""
        return b"".join(self.data[start:stop] for start, stop in self.bodies)

    def hidden(self, headers: Headers) -> bytes:
        """Mark the secrets of the header fields, of the body even if cut into chunks, and of everything in between."""
        body = self.body()
        secret = hidden(body)
        codings = {*members(headers, "Content-Encoding"), *members(headers, "Transfer-Encoding")}
        if body and {coding.lower() for coding in codings} - {"chunked", "identity"}:
            secret = b"\1" * len(body)
            self.notes.append("the body is compressed, so it is redacted: it may hold a secret")
        mask = bytearray()
        done = 0
        for start, stop in self.bodies:
            mask += hidden(self.data[self.start + len(mask) : start], head=True)
            mask += secret[done : done + stop - start]
            done += stop - start
        mask += hidden(self.data[self.start + len(mask) : self.stop], head=True)
        return bytes(mask) if 1 in mask else b""
