"""HTTP/1.1 requests and responses (RFC 9112)."""

import re
from dataclasses import dataclass
from typing import Literal

from wslearn.frames.items import Item, Part
from wslearn.frames.secrets import printable

Kind = Literal["request", "response"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False, kw_only=True)
class HttpMessage(Item):
    """An HTTP/1.1 request or response (RFC 9112): start line, header fields, and body."""

    kind: Kind
    start_line: str
    headers: Headers = ()
    #: The body without its transfer coding.
    body: bytes = b""
    #: How many bytes of `raw` come before the body.
    head_length: int = 0
    ranges: tuple[Part, ...] = ()

    @property
    def parts(self) -> list[Part]:
        """Named ranges that cover `raw` without gap or overlap."""
        return list(self.ranges)

    @property
    def status(self) -> int | None:
        """The status code of a response whose status line is complete."""
        return status_of(self.start_line)

    def values(self, name: str) -> list[str]:
        """Return the members of the comma-separated values of the headers called `name`."""
        return members(self.headers, name)

    def what(self, secrets: bool = False) -> str:
        """Return the start line, and how much comes after it, in one line."""
        line = self._shown(self.raw, 0, self.ranges[0].stop, secrets).rstrip(b"\r\n")
        body = f", body of {len(self.body):,} bytes" if self.body else ""
        count = len(self.headers)
        return f"{printable(line)}, {count} header field{'s' * (count != 1)}{body}"


def status_of(start_line: str) -> int | None:
    """Return the status code in a complete status line, or None."""
    match = re.match(r"HTTP/1\.[01] ([0-9]{3})(?: |$)", start_line)
    return int(match[1]) if match else None


def members(headers: Headers, name: str) -> list[str]:
    """Return the members of the comma-separated values of the headers called `name` (RFC 9110 section 5.6.1)."""
    values = ",".join(value for key, value in headers if key.lower() == name.lower())
    return [member.strip() for member in values.split(",") if member.strip()]
