"""The head of a request: request line and headers (RFC 9112, section 2.1), read before a library parses it.

Both libraries refuse long heads, and cookies make them long: a browser also sends those of every other program on
127.0.0.1, because cookies ignore ports (RFC 6265, section 8.5). `websockets` reads its limit from the environment when
it is imported, for the whole process. So this module collects heads, up to 64 KiB, and changes no other limit. It also
turns every request target into a path. It has no input or output: bytes in, bytes out.
"""

import hmac
import re
from typing import NamedTuple, Self

from wslearn.server.hosts import split_target

#: Longest head of a request, in bytes.
MOST = 64 * 1024
#: Most headers in it: each takes 300 bytes more as an object, and a connection keeps them.
MOST_FIELDS = 2000
#: Limits of every version of `websockets`: bytes of a line, and lines.
LONGEST_LINE, MOST_LINES = 8190, 120

_REQUEST_LINE = re.compile(rb"([!-~]+) ([!-~]+) (HTTP/1\.[01])\r\n")
_LINE_PART = re.compile(rb"[ -~]*\r?")
_HOST = re.compile(rb"(?im)^host[ \t]*:[^\r\n]*\r\n")
_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,18})[ \t]*\r$")
_BODY = re.compile(rb"(?im)^(?:content-length|transfer-encoding)[ \t]*:")


class Head(NamedTuple):
    """A request's head: `fields` are the lines of its headers, `rest` are the bytes that followed it.

    `keyed` tells whether the path began with the server's key, which `target` no longer contains. A head that is
    `too_large` has no headers.
    """

    method: bytes
    target: bytes
    version: bytes
    fields: bytes
    rest: bytes = b""
    keyed: bool = False
    too_large: bool = False

    def __bytes__(self) -> bytes:
        return b"%b %b %b\r\n%b\r\n" % (self.method, self.target, self.version, self.fields)

    @property
    def is_small(self) -> bool:
        """Whether `websockets` accepts it as it is."""
        data = bytes(self)
        return len(data) <= LONGEST_LINE and data.count(b"\n") <= MOST_LINES

    @property
    def has_host(self) -> bool:
        """Whether there is a Host header."""
        return _HOST.search(self.fields) is not None

    @property
    def body_length(self) -> int | None:
        """The length of the body in bytes; None if only a parser of bodies can tell."""
        about_body = len(_BODY.findall(self.fields))
        lengths = _LENGTH.findall(self.fields)
        if about_body == 0:
            return 0
        return int(lengths[0]) if about_body == len(lengths) == 1 else None

    def at(self, key: str) -> Self:
        """Return the same head with a path as its target, without the key.

        The host of a target in absolute form replaces the Host header (RFC 9112, section 3.2.2).
        """
        authority, path = split_target(self.target.decode("ascii"))
        first, slash, further = path.removeprefix("/").partition("/")
        keyed = bool(slash) and hmac.compare_digest(first.encode(), key.encode())
        fields = self.fields
        if authority is not None and len(_HOST.findall(fields)) < 2:  # more than one is refused as it is
            fields = b"Host: %b\r\n%b" % (authority.encode(), _HOST.sub(b"", fields))
        return self._replace(target=(f"/{further}" if keyed else path).encode(), fields=fields, keyed=keyed)

    def headers(self) -> tuple[list[tuple[str, str]], bytes]:
        """Return the headers, and the lines that a parser must see: those about a body, and malformed ones."""
        given, lines = [], b""
        for line in self.fields.split(b"\r\n")[:-1]:
            name, colon, value = line.partition(b":")
            value = value.strip(b" \t")
            if not (colon and _NAME.fullmatch(name) and _VALUE.fullmatch(value)):
                lines += b":\r\n"
            elif _BODY.match(line):
                lines += line + b"\r\n"
            else:
                given.append((name.decode(), value.decode("latin-1")))
        return given, lines


#: In place of a head that has not arrived yet, or cannot be read.
NO_HEAD = Head(b"", b"", b"", b"")


class HeadReader:
    """Collects the heads of requests, one after another."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._data = bytearray()
        #: Method, target and version, and how many bytes of the data they are.
        self._line: tuple[bytes, bytes, bytes] | None = None
        self._start = 0
        self._empty_line = False

    def feed(self, data: bytes) -> Head | bytes | None:
        """Take in bytes; return the head as soon as it is complete, and None before that.

        Bytes that cannot be HTTP are returned at once, so that the library refuses them.
        """
        looked_at = max(0, len(self._data) - 3)
        self._data += data
        if not self._empty_line and self._line is None and self._data.startswith(b"\r\n"):
            self._empty_line = True  # one before the request line is ignored (RFC 9112, section 2.2)
            del self._data[:2]
            data = bytes(self._data)
        if self._line is None:
            if b"\n" in data:
                if (found := _REQUEST_LINE.match(bytes(self._data))) is None:
                    return self.take()
                method, target, version = found.groups()
                self._line, self._start = (method, target, version), found.end()
            elif _LINE_PART.fullmatch(data) is None:
                return self.take()
        end = self._data.find(b"\r\n\r\n", looked_at)
        if end < 0 and len(self._data) <= MOST:
            return None
        line, start = self._line or (b"GET", b"/", b"HTTP/1.1"), self._start
        whole = self.take()
        if not 0 <= end <= MOST - 4 or whole.count(b"\n", start, end + 2) > MOST_FIELDS:
            return Head(*line, b"", whole[MOST:], too_large=True).at(self.key)
        return Head(*line, whole[start : end + 2], whole[end + 4 :]).at(self.key)

    def take(self) -> bytes:
        """Return the collected bytes, and start again."""
        data, self._data, self._line = bytes(self._data), bytearray(), None
        self._empty_line = False
        return data
