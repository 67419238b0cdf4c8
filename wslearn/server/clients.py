"""The clients of a server: admitted, named, talked with, watched, and written down when they go. Lesson 02."""

import asyncio
import secrets
import ssl
from http import HTTPStatus
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN

from wslearn.limits import Limits, TokenBucket
from wslearn.redact import redact, truncate
from wslearn.server import handshake
from wslearn.server.connection import Connection
from wslearn.server.delivery import Deliveries
from wslearn.server.head import NO_HEAD
from wslearn.server.last_words import speak_last_words, wants_last_words
from wslearn.server.log import Event, Kind, Log, logger, summarize

#: How often unsent bytes are looked at, in seconds.
WATCH_INTERVAL = 0.25


class Clients:
    """What a server knows of its clients, and what happens on one connection. `Server` adds where it listens."""

    #: Limits of this server unless others are given.
    limits: Limits = Limits()
    #: What the page shows besides a text field: any of `json`, `rooms`, `token`, `ping`.
    features: tuple[str, ...] = ()

    def __init__(self, limits: Limits | None, tls: ssl.SSLContext | None) -> None:
        if limits is not None:
            self.limits = limits
        self.tls = tls
        self.name = type(self).__name__.removesuffix("Server").lower() or "server"
        self.connections: set[Connection] = set()
        #: Every open socket, also those that are not WebSockets yet or any more.
        self.sockets: set[Connection] = set()
        self._log = Log(self.name)
        self.record = self._log.record
        self.deliveries = Deliveries()
        self._names = count(1)
        #: A user's bucket lives as long as a connection of theirs.
        self._users: WeakValueDictionary[str, TokenBucket] = WeakValueDictionary()
        self._handlers: dict[asyncio.Task[Any] | None, Connection] = {}
        # Random for each run. Behind jupyter-server-proxy a request looks as in DNS rebinding, but only a user who was
        # given a link knows this.
        self.proxy_path = f"wslearn-key-{secrets.token_urlsafe(24)}"

    async def handler(self, ws: Connection) -> None:
        """Talk with one client. What a lesson writes; when it returns, the connection is closed with 1000."""
        raise NotImplementedError(f"{type(self).__name__} needs a method: async def handler(self, ws)")

    def _create_connection(self, *args: Any, **options: Any) -> Connection:
        return Connection(self, *args, **options)

    def _process_request(self, ws: Any, request: Request) -> Response | None:
        response, why = handshake.process_request(self, request, ws.head)
        if not ws.head.too_large:
            ws.head = NO_HEAD
        if response is not None:
            ws.answered = True
            kind: Kind = "error" if handshake.wants_websocket(request) else "http"
            line = truncate(request.path) + (f" refused: {why}." if why else "")
            self.record(kind, _address(ws), line, code=response.status_code)
        return response

    async def _converse(self, ws: Any) -> None:
        """Run the handler for one client; whatever ends it costs one line in the log."""
        task, path = asyncio.current_task(), ws.request.path if ws.request else ""
        ws.name = f"guest-{next(self._names)}"
        if rate := self.limits.rate:
            ws.buckets = (TokenBucket(rate),)
        if wants_last_words(path):
            speak_last_words(ws.protocol)
        self.connections.add(ws)
        self._handlers[task] = ws
        self.record("connect", ws.name, f"{_address(ws)} {truncate(path)}")
        try:
            await self.handler(ws)
        except Exception as error:  # noqa: BLE001 - one client's end is nobody else's
            if isinstance(error, ConnectionClosed) and ws.protocol.state is not OPEN:
                return  # this client has gone: on_lost writes the line
            self.record("error", ws.name, summarize(error))
            logger.debug("%s: the handler's traceback", self.name, exc_info=error)
            await ws.close(1011, "the server's handler failed")
        finally:
            self.connections.discard(ws)
            del self._handlers[task]

    def identify(self, ws: Connection, name: str) -> None:
        """Call a client `name` from now on. All connections of one name together have one connection's rate."""
        ws.name = name
        if rate := self.limits.rate:
            ws.buckets = (*ws.buckets, self._users.setdefault(name, TokenBucket(rate)))

    def on_lost(self, ws: Connection) -> None:
        """Write the line for a connection that has ended, with the close frame of whoever closed first."""
        self.connections.discard(ws)
        if ws.name:
            ended = ws.protocol.close_exc
            close = ended.rcvd if ended.rcvd_then_sent else ended.sent or ended.rcvd
            code, reason = (close.code, close.reason) if close else (CloseCode.ABNORMAL_CLOSURE, "")
            self.record("close", ws.name, code=int(code), reason=redact(reason))
        elif ws.response is not None and not ws.answered and ws.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            path = ws.request.path if ws.request else ""
            line = f"{truncate(path)} accepted, but the client had closed its half of the connection"
            self.record("error", _address(ws), line, code=ws.response.status_code)
        elif not ws.answered:
            error = ws.protocol.handshake_exc
            why = truncate(str(error)) if error else "connection closed before a request"
            status = ws.response.status_code if ws.response else None  # where the library itself has refused it
            self.record("error", _address(ws), f"no handshake: {why}", code=status)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            self._abort_stalled()  # apart, so that no variable here keeps a connection that has ended

    def _abort_stalled(self) -> None:
        """Abort connections whose unsent bytes pile up or do not move."""
        now = asyncio.get_running_loop().time()
        for ws in list(self.sockets):
            ws.abort_if_stalled(now)

    @property
    def log(self) -> list[Event]:
        """The last events, oldest first."""
        return list(self._log.events)


def _address(ws: Connection) -> str:
    address = ws.transport.get_extra_info("peername") or ("a client that has gone", "")
    return ":".join(str(part) for part in address[:2])
