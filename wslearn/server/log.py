"""The log of a server: a limited list of events, each also a line of Python's logging, without secrets."""

import logging
import time
import traceback
from collections import deque
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from wslearn.redact import SHOWN, beginning, describe, redact

logger = logging.getLogger("wslearn")
#: Most events that are kept.
LENGTH = 1000
Kind = Literal["connect", "message", "close", "error", "http"]


class Event(NamedTuple):
    """One line of a server's log, with its secrets redacted.

    `time` is in seconds since 1970 (UTC), `client` the connection's name, `text` the message or the error; `code` and
    `reason` are those of a close (RFC 6455, section 7.4) or of an HTTP response.
    """

    kind: Kind
    client: str
    text: str
    code: int | None
    reason: str
    time: float

    def __str__(self) -> str:
        clock = datetime.fromtimestamp(self.time, UTC).strftime("%H:%M:%S.%f")[:-3]
        said = [self.text, str(self.code or ""), repr(self.reason) if self.reason else ""]
        return " ".join([clock, f"{self.kind:<7}", self.client, *filter(None, said)])


def summarize(error: BaseException) -> str:
    """Return a handler's error, with the line of the handler's file that raised it, as one line."""
    frames = list(traceback.extract_tb(error.__traceback__))
    frames = frames[1:] or frames  # the first is the server's call of the handler
    frame = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    what = redact(str(error)[: 2 * SHOWN]).replace("\n", " ")
    return f"{type(error).__name__}: {what} (in {frame.name}, line {frame.lineno})"


#: A message as it is kept: the client's name, its beginning, its length, and the time. `_event` makes text of it.
Received = tuple[str, str | bytes, int, float]


class Log:
    """The last 1,000 events of the server `name`, which also go to the logger `wslearn`.

    Most messages are never looked at, so the log keeps the beginning of each and writes the event when it is read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept: deque[Event | Received] = deque(maxlen=LENGTH)

    @property
    def events(self) -> list[Event]:
        """The events, oldest first."""
        return [kept if isinstance(kept, Event) else _event(kept) for kept in self._kept.copy()]

    def forget(self) -> None:
        """Empty the log."""
        self._kept.clear()

    def record(self, kind: Kind, client: str, text: str = "", code: int | None = None, reason: str = "") -> None:
        """Add an event. `text` and `reason` must have had their secrets redacted."""
        event = Event(kind, client, text, code, reason, time.time())
        self._kept.append(event)
        level = logging.DEBUG if kind == "message" else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "%s %s", self.name, event)

    def record_message(self, client: str, message: str | bytes) -> None:
        """Add a message that a client has sent. Its secrets are redacted now, so that the log holds none."""
        received = (client, beginning(message), len(message), time.time())
        self._kept.append(received)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s %s", self.name, _event(received))


def _event(received: Received) -> Event:
    client, start, length, when = received
    return Event("message", client, describe(start, length), None, "", when)


def one_line(record: logging.LogRecord) -> bool:
    """Shorten a report of the library to one line, and leave out handshakes, which are in the server's own log."""
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        record.msg = redact(f"{record.getMessage()}: {type(error).__name__}: {error}".replace("\n", " "))
        record.args, record.exc_info = (), None
    return not record.getMessage().startswith("opening handshake failed")


library_logger = logging.getLogger("wslearn.websockets")
library_logger.setLevel(logging.WARNING)  # at lower levels it logs whole frames, with tokens in them
library_logger.addFilter(one_line)
