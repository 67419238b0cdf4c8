"""One connection after another to the servers of a room, as if it were one. Lesson 09."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from wslearn.client.addresses import Addresses
from wslearn.client.connection import SafeConnection
from wslearn.client.outbox import Outbox
from wslearn.client.reconnect import NOT_NOW, TERMINAL_CODES, retry_after
from wslearn.client.resume import Gap, Message, Place, read
from wslearn.client.states import States
from wslearn.client.unread import Unread
from wslearn.common.close_codes import name
from wslearn.messages import Ack, BadMessage, Error, FeedMessage, Joined, encode

logger = logging.getLogger("wslearn")

#: Seconds for the closing handshake.
CLOSE_TIMEOUT = 2.0
#: Gaps that are kept.
GAPS = 100
#: After 1009 (message too big) only one message is given up.
TERMINAL = TERMINAL_CODES - {1009}


class Refused(ConnectionError):
    """A server refused this client in a way that another attempt would not change; `code` is HTTP's or a close code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class _Lost(Exception):
    """This connection is of no more use; another one may be."""


class _Behind(Exception):
    """Messages were skipped because too many were unread. There is room again: let the server send them again."""


class Line(States):
    """What a subscription does on its own: connect, resume, receive, and connect again."""

    def __init__(
        self,
        room: str,
        session: str,
        addresses: Addresses,
        place: Place,
        unread: Unread[Message | Gap],
        *,
        silence: float,
        waits: Callable[[], Iterator[float]],
        stable: float,
        max_retry_after: float,
    ) -> None:
        super().__init__()
        self.room, self.session = room, session
        #: The last message that was read, by iteration: what to store, to go on there later.
        self.epoch, self.offset = place.epoch, place.offset
        self.url = ""
        #: What could not be recovered, the last ones of them.
        self.gaps: deque[Gap] = deque(maxlen=GAPS)
        self.addresses, self.place, self.unread, self.silence = addresses, place, unread, silence
        self.outbox = Outbox(silence, waits, unread.room.set)
        self._waits, self._stable, self._max_retry_after = waits, stable, max_retry_after
        self._behind = self._joined = self._resuming = False
        self._lasted = 0.0
        self._limit: asyncio.Timeout | None = None

    def missed(self, gap: Gap) -> None:
        """Something could not be recovered."""

    async def run(self) -> None:
        """Connect again and again, until every server has refused. What goes wrong is raised to the user."""
        try:
            await self._come_back()
        except Refused as refused:
            self.end(refused, "refused")
        except Exception as error:  # noqa: BLE001 - of a callback, for example
            self.end(error, "failed")

    async def _come_back(self) -> None:
        waits = self._waits()
        while True:
            if self.unread.full and not self.outbox.busy:
                self.enter("waiting", f"{len(self.unread)} messages wait to be read")
                await self._room()
            self.url = self.addresses.next
            self.enter("connecting", self.why)
            try:
                why, asked = await self._talk_once(self.url)
            except _Behind:
                continue
            finally:
                self.outbox.lost()
            if self._lasted >= self._stable:
                waits = self._waits()
            self.addresses.failed(self.url, asked)
            pause = self.addresses.pause + next(waits)  # more than was asked for, which is the same for all clients
            self.enter("waiting", why, pause)
            await asyncio.sleep(pause)

    async def _talk_once(self, url: str) -> tuple[str, float]:
        """Use one connection to its end; return why it ended, and the pause in seconds that its server asked for."""
        self._joined, self._lasted = False, 0.0
        try:
            await self._talk(url)
        except Refused:
            raise
        except ConnectionClosed as closed:
            return self._closed(url, closed), 0.0
        except InvalidStatus as error:
            status = error.response.status_code
            why = f"{url} refused the handshake with HTTP {status}"
            if status < 500 and status not in NOT_NOW:
                self._refused(url, why, status)
            return why, retry_after(error.response, self._max_retry_after)
        except _Lost as lost:
            return f"{url}: {lost}", 0.0
        except (OSError, EOFError, InvalidHandshake) as error:
            return f"{url}: no connection: {error}", 0.0
        raise AssertionError("a talk ends with an error")

    def _closed(self, url: str, closed: ConnectionClosed) -> str:
        if closed.rcvd is None or not closed.rcvd_then_sent:
            silent = f"no answer to a message within {self.silence:g} s"
            return f"{url}: {silent if self.outbox.gave_up else 'the connection was lost'}"
        code, reason = closed.rcvd.code, closed.rcvd.reason
        why = f"{url} closed the connection with {code} ({name(code)}){reason and f': {reason}'}"
        if code == 1009:
            self.outbox.rejected("message-too-big", why)
        if code in TERMINAL:
            self._refused(url, why, code)
        return why

    def _refused(self, url: str, why: str, code: int) -> None:
        """Never use a URL again. Raises Refused if it was the last one."""
        if self.addresses.refused(url):
            raise Refused(why, code)

    async def _talk(self, url: str) -> None:
        half = self.silence / 2
        async with connect(
            url,
            open_timeout=self.silence,
            ping_interval=half,
            ping_timeout=half,
            close_timeout=CLOSE_TIMEOUT,
            create_connection=SafeConnection,
        ) as ws:
            opened = time.monotonic()
            try:
                async with asyncio.timeout(self.silence) as self._limit:
                    await ws.send(self._join())
                    while True:
                        await self._room()
                        self._received(ws, await ws.recv())
            except TimeoutError:
                if self._behind:
                    raise _Behind from None
                raise _Lost(f"no answer to join-room within {self.silence:g} s") from None
            except BadMessage as error:
                logger.warning("%s sent a message that this client can't use: %s", url, error)
                await ws.close(1002, "a message that the client can't use")
                raise _Lost(f"it sent a message that this client can't use: {error}") from None
            finally:
                self._limit = None
                if self._joined:
                    self._lasted = time.monotonic() - opened  # without the closing handshake
                await ws.close()  # on leaving the block with an error, the library would say 1011

    def _join(self) -> str:
        join: dict[str, object] = {"type": "join-room", "room": self.room, "session": self.session}
        if self.place.offset is not None:
            join |= {"epoch": self.place.epoch, "offset": self.place.offset}
        return encode(join)

    async def _room(self) -> None:
        """Wait while too much is unread. An answer that somebody waits for is received all the same."""
        while self.unread.full and not self.outbox.busy:
            self.unread.room.clear()
            await self.unread.room.wait()

    def _received(self, ws: ClientConnection, data: str | bytes) -> None:
        match read(data):
            case Joined() | FeedMessage() as message if message.room != self.room:
                raise BadMessage(f"expected room {self.room}, got {message.room[:100]!r}")
            case Joined() as joined:
                self._in_room(ws, joined)
            case FeedMessage() as message if self._joined:
                self._message(message)
            case Ack() as ack:
                self.outbox.answered(ack)
            case Error(id=None) as error:
                self._error(error)
            case Error() as error:
                self.outbox.answered(error)

    def _in_room(self, ws: ClientConnection, joined: Joined) -> None:
        gap = self.place.joined(joined)
        if self.offset is None:
            self.epoch, self.offset = self.place.epoch, self.place.offset
        self._behind, self._resuming, self._joined = False, False, True
        assert self._limit
        self._limit.reschedule(None)
        if gap:
            self.gaps.append(gap)
            self.unread.add(gap)
            self.missed(gap)
        self.outbox.opened(ws)
        if self.state != "live":
            self.enter("live")

    def _message(self, message: FeedMessage) -> None:
        if self.unread.full:  # somebody waits for an answer, so reading goes on; the server will send this again
            self._behind = True
        if not self._behind and self.place.take(message.offset):
            kept = Message(message.offset, message.sender, message.message, message.timestamp)
            self.unread.add(kept, len(message.message))

    def _error(self, error: Error) -> None:
        """Take note of an error that is about no message, or about one that the server could not read."""
        if not self._joined:
            if error.code == "bad-message":
                self._refused(self.url, f"{self.url} does not understand join-room: {error.message}", 1002)
            raise _Lost(f"{error.code}: {error.message}")
        if error.code == "bad-message":
            self.outbox.rejected(error.code, error.message)

    def take(self) -> Message | Gap:
        """Return what arrived first, and remove it."""
        item = self.unread.take()
        if self._behind and not self._resuming and not self.unread.full and self._limit:
            self._resuming = True
            self._limit.reschedule(0)  # now
        return item

    def end(self, error: Exception, state: str) -> None:
        """End for good, with an error for everybody who waits or will call."""
        self.outbox.ended(error)
        self.unread.news.set()
        super().end(error, state)
