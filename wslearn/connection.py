"""One client's connection, as its server keeps it: named, recorded, and watched for bytes that do not leave."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from websockets.asyncio.server import ServerConnection

from wslearn.messages import redact

if TYPE_CHECKING:
    from wslearn.server import Server

#: How much of a message or a request is kept in the log, in characters or bytes.
SHOWN = 120


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a server's log. Secrets are redacted before they come here.

    `time` is in seconds since 1970 (UTC), `client` the connection's name, `text` what was said or went wrong;
    `code` and `reason` belong to a close (RFC 6455, section 7.4) or to an HTTP answer.
    """

    kind: Literal["connect", "message", "close", "error", "http"]
    client: str
    text: str = ""
    code: int | None = None
    reason: str = ""
    time: float = field(default_factory=time.time)

    def __str__(self) -> str:
        clock = datetime.fromtimestamp(self.time, UTC).strftime("%H:%M:%S.%f")[:-3]
        said = [self.text, str(self.code or ""), repr(self.reason) if self.reason else ""]
        return " ".join([clock, f"{self.kind:<7}", self.client, *filter(None, said)])


def preview(data: str | bytes) -> str:
    """Return the beginning of a message on one line, secrets redacted."""
    if isinstance(data, str):
        shown, whole = repr(redact(data[:SHOWN])), len(data) <= SHOWN
    else:
        shown, whole = f"{len(data)} bytes: {data[: SHOWN // 8].hex(' ')}", len(data) <= SHOWN // 8
    return shown if whole else f"{shown}…"


class Connection(ServerConnection):
    """What a handler gets as `ws`: the library's `ServerConnection` with a name, known to its server.

    Nobody chooses a client's name but the server: `guest-1`, `guest-2`, … in the order of arrival.
    """

    owner: "Server"
    name: str = ""
    #: Unsent bytes when last looked at, and when they were last seen to become fewer (event loop's clock).
    answered: bool = False
    unsent: int = 0
    moved_at: float = 0.0

    def connection_made(self, transport) -> None:
        self.owner.sockets.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.owner.sockets.discard(self)
        self.owner.on_lost(self)

    async def recv(self, decode: bool | None = None) -> str | bytes:
        message = await super().recv(decode)
        self.owner.record("message", self.name, preview(message))
        return message

    def abort_if_stalled(self, now: float, max_unsent: int | None, stall_timeout: float | None) -> None:
        """Abort where more than `max_unsent` bytes wait, or none has left for `stall_timeout` seconds.

        A ping does not find a client that has stopped reading: it queues behind the very bytes that are stuck.
        """
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent < self.unsent or self.unsent == 0:
            self.moved_at = now
        self.unsent = unsent
        if max_unsent is not None and unsent > max_unsent:
            why = f"{unsent:,} bytes unsent, the limit is {max_unsent:,}"
        elif stall_timeout is not None and unsent and now - self.moved_at >= stall_timeout:
            why = f"{unsent:,} bytes unsent and none left for {stall_timeout:g} s"
        else:
            return
        if not self.transport.is_closing() or unsent:
            self.owner.record("error", self.name, f"reads too slowly: {why}; connection aborted")
            self.transport.abort()
