"""The clients of a server, from the handshake to the log line at the end of a connection. Lesson 02."""

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
from wslearn.server import address, handshake, library
from wslearn.server.connection import Connection
from wslearn.server.delivery import Deliveries
from wslearn.server.head import NO_HEAD
from wslearn.server.keepalive import Keepalive
from wslearn.server.last_words import speak_last_words, wants_last_words
from wslearn.server.log import Event, Kind, Log, logger, summarize

#: Time between two checks of the unsent bytes, in seconds.
WATCH_INTERVAL = 0.25


class Clients:
    """The clients of a server, and one conversation with each. `Server` adds the address and the start and stop."""

    #: Limits of this server by default.
    limits: Limits = Limits()
    #: Controls on the page besides a text field: any of `json`, `rooms`, `token`, `ping`.
    features: tuple[str, ...] = ()
    #: Names of subprotocols, such as `chat.v1`. Of those that a client offers, in its order, the first that is here is
    #: chosen, and `ws.subprotocol` in the handler; a client that offers none of them is served without one. Lesson 08.
    subprotocols: tuple[str, ...] = ()
    #: HTML in place of the course's page. Lesson 08.
    page: str | None = None
    #: Whether `page` is sent with a Content-Security-Policy that lists the hashes of its own scripts; or a policy.
    csp: bool | str = True

    def __init__(self, limits: Limits | None, tls: ssl.SSLContext | None) -> None:
        if limits is not None:
            self.limits = limits
        self.tls = tls
        self.name = type(self).__name__.removesuffix("Server").lower() or "server"
        self.connections: set[Connection] = set()
        #: Every open socket, even if it is not a WebSocket yet, or no longer.
        self.sockets: set[Connection] = set()
        self._log = Log(self.name)
        self.record, self.record_message = self._log.record, self._log.record_message
        self.pings = Keepalive(None)
        self.deliveries = Deliveries()
        self._names = count(1)
        #: The bucket of each user who has a connection.
        self._users: WeakValueDictionary[str, TokenBucket] = WeakValueDictionary()
        self.handlers: dict[asyncio.Task[Any] | None, Connection] = {}
        #: Whether it takes no new clients, because it is about to stop. Lesson 10.
        self.draining = False
        # Random for each run. A request through jupyter-server-proxy looks like DNS rebinding, but only a user who has
        # the link knows this path.
        self.proxy_path = f"wslearn-key-{secrets.token_urlsafe(24)}"

    async def handler(self, ws: Connection) -> None:
        """Talk with one client; each lesson writes its own. When it returns, the connection is closed with 1000."""
        raise NotImplementedError(f"{type(self).__name__} needs a method: async def handler(self, ws)")

    def health(self) -> dict[str, object]:
        """Return what `/health` tells besides the number of connections."""
        return {}

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
            self.record(kind, address.peer(ws.transport), line, code=response.status_code)
        return response

    async def _converse(self, ws: Any) -> None:
        """Run the handler for one client. If it raises an error, the log gets one line."""
        library.slim(ws)
        task, path = asyncio.current_task(), ws.request.path if ws.request else ""
        ws.name, ws.group = f"guest-{next(self._names)}", self.pings.last
        if rate := self.limits.rate:
            ws.buckets = (TokenBucket(rate),)
        if wants_last_words(path):
            speak_last_words(ws.protocol)
        self.connections.add(ws)
        self.handlers[task] = ws
        self.record("connect", ws.name, f"{address.peer(ws.transport)} {truncate(path)}")
        try:
            await self.handler(ws)
        except Exception as error:  # noqa: BLE001 - an error for one client must not affect the others
            if _is_closed(error) and ws.protocol.state is not OPEN:
                return  # this client has disconnected: on_lost writes the line
            self.record("error", ws.name, summarize(error))
            logger.debug("%s: the handler's traceback", self.name, exc_info=error)
            await ws.close(1011, "the server's handler failed")
        finally:
            self.connections.discard(ws)
            del self.handlers[task]

    def identify(self, ws: Connection, name: str) -> None:
        """Call a client `name` from now on. All connections with one name share the rate of one connection."""
        ws.name = name
        if rate := self.limits.rate:
            ws.buckets = (*ws.buckets, self._users.setdefault(name, TokenBucket(rate)))

    def on_lost(self, ws: Connection) -> None:
        """Write the line for a connection that has ended, with the close frame of the side that closed first."""
        self.connections.discard(ws)
        if ws.name:
            ended = ws.protocol.close_exc
            close = ended.rcvd if ended.rcvd_then_sent else ended.sent or ended.rcvd
            code, reason = (close.code, close.reason) if close else (CloseCode.ABNORMAL_CLOSURE, "")
            self.record("close", ws.name, code=int(code), reason=redact(reason))
        elif not ws.answered:
            status = ws.response.status_code if ws.response else None  # None unless the library itself has answered
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                path = ws.request.path if ws.request else ""
                line = f"{truncate(path)} accepted, but the client had closed its half of the connection"
            else:
                error = ws.protocol.handshake_exc
                line = f"no handshake: {truncate(str(error)) if error else 'connection closed before a request'}"
            self.record("error", address.peer(ws.transport), line, code=status)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            self._abort_stalled()  # its own method, so that no variable here keeps a connection that has ended

    def _abort_stalled(self) -> None:
        now = asyncio.get_running_loop().time()
        for ws in list(self.sockets):
            ws.abort_if_stalled(now)

    @property
    def log(self) -> list[Event]:
        """The last 1,000 events, oldest first."""
        return self._log.events


def _is_closed(error: Exception) -> bool:
    """Return whether an error is only the end of a connection; a handler's TaskGroup puts it into a group."""
    if isinstance(error, ExceptionGroup):
        return error.split(ConnectionClosed)[1] is None
    return isinstance(error, ConnectionClosed)
