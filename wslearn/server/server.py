"""A WebSocket server with a page on the same port: its life, its connections, its log. Lesson 02.

A lesson's server is a subclass that says what happens on one connection:

    class Reverse(Server):
        async def handler(self, ws):
            async for message in ws:
                await ws.send(message[::-1])
"""

import asyncio
import errno
import ipaddress
import secrets
import ssl
from collections.abc import Coroutine, Iterable
from http import HTTPStatus
from itertools import count
from typing import ClassVar, Self
from weakref import WeakValueDictionary

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import OPEN

from wslearn import cells
from wslearn.common import tasks
from wslearn.limits import Limits, TokenBucket
from wslearn.redact import redact, truncate
from wslearn.server import handshake
from wslearn.server.connection import Connection
from wslearn.server.delivery import Deliveries
from wslearn.server.head import NO_HEAD
from wslearn.server.last_words import speak_last_words, wants_last_words
from wslearn.server.log import Event, Log, library_logger, logger, where

#: Time in which a closing handshake may be answered when the server stops, in seconds.
STOP_GRACE = 1.0
#: How often unsent bytes are looked at, in seconds.
WATCH_INTERVAL = 0.25
#: Connections that may wait to be accepted. When all clients come back at one moment, each that finds the system's
#: queue full tries again a second or more later; asyncio's own choice is 100.
BACKLOG = 1024


class Server:
    """A WebSocket server, and its page, on one port.

    `async with Server() as server` runs it for a block; `await Server().start()` until `await server.stop()`.
    `port` 0 lets the system pick a free one. `limits` replaces the class's own. With `tls` it is `wss` and `https`.

    - `connections`: the live connections.
    - `url`, `page_url`: addresses that work from this machine, once it runs.
    - `log`: the last 1,000 events, oldest first, secrets redacted.
    - `proxy_path`: the first part of a path under which it answers by any name, for links through a proxy; a secret.
    """

    #: Limits of this server unless others are given.
    limits: ClassVar[Limits] = Limits()
    #: What the page shows besides a text field: any of `json`, `rooms`, `token`, `ping`, separated by spaces.
    features: ClassVar[str] = ""
    #: Seconds between the library's own pings, and the time for an answer; None where there is another heartbeat.
    keepalive: float | None = 20

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host, self._wanted_port, self.tls = host, port, tls
        if limits is not None:
            self.limits = limits
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
        self._handlers: dict[asyncio.Task, Connection] = {}
        # Random for each run. Behind jupyter-server-proxy a request looks as in DNS rebinding, but only a user who was
        # given a link knows this.
        self.proxy_path = f"wslearn-key-{secrets.token_urlsafe(24)}"
        self._listener = None
        self._changing = asyncio.Lock()

    async def handler(self, ws: Connection) -> None:
        """Talk with one client. What a lesson writes; when it returns, the connection is closed with 1000."""
        raise NotImplementedError(f"{type(self).__name__} needs a method: async def handler(self, ws)")

    def background(self) -> Iterable[Coroutine]:
        """Return what shall run beside the connections, from start to stop: one task each."""
        return ()

    # Life

    async def start(self) -> Self:
        """Listen, and return self. In a notebook, what an earlier run of the same cell started is stopped.

        Raises OSError with a clear message where the port is in use or the address cannot be had.
        """
        async with self._changing:
            if self._listener is not None:
                return self
            await cells.stop_previous(self._wanted_port)
            limits = self.limits
            listener = serve(
                self._converse,
                await self._bind_host(),
                self._wanted_port,
                process_request=lambda ws, request: self._answer(ws, request),
                create_connection=self._create_connection,
                backlog=BACKLOG,
                compression=limits.compression,
                open_timeout=limits.open_timeout,
                max_size=limits.max_size,
                ping_interval=self.keepalive,
                ping_timeout=self.keepalive,
                close_timeout=STOP_GRACE,
                logger=library_logger,
                ssl=self.tls,
            )
            try:
                self._listener = await listener
            except OSError as error:
                raise self._explained(error) from None
            self.port = self._listener.sockets[0].getsockname()[1]
            self._tasks = [asyncio.create_task(one) for one in (self._watch(), *self.background())]
            cells.started(self)
        logger.info("%s listens on %s", self.name, self.url)
        if not ipaddress.ip_address(self._listener.sockets[0].getsockname()[0]).is_loopback:
            logger.warning("%s can be reached from other machines: it listens on %s", self.name, self.host)
        return self

    async def stop(self) -> None:
        """Close every connection with 1001 and free the port; what has not answered in a second is aborted.

        Twice is fine, also at once. A handler may call it, and goes on. Where this is cancelled, nobody gets more time
        to answer.
        """
        async with self._changing:
            if self._listener is None:
                return
            listener, self._listener = self._listener, None
            cells.stopped(self)
            listener.close()
            for ws in list(self.sockets):
                if ws.request is None:  # it asked for nothing yet; browsers open such spare connections
                    ws.transport.abort()
            own = self._handlers.get(asyncio.current_task())  # a handler that stops its server
            gone = own.wait_closed if own else listener.wait_closed  # the listener would wait for that handler too
            try:
                async with asyncio.timeout(STOP_GRACE):
                    await gone()
                    if others := self._handlers.keys() - {asyncio.current_task()}:
                        await asyncio.wait(others)
            except TimeoutError:
                logger.info("%s aborts %d connections that did not close in time", self.name, len(self.sockets))
            finally:
                for ws in list(self.sockets):
                    ws.transport.abort()
                await tasks.end([*self._tasks, *self._handlers], STOP_GRACE / 2, self.name, [gone()])
        logger.info("%s stopped", self.name)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The WebSocket's address."""
        return f"ws{'s' if self.tls else ''}://{self._netloc}/"

    @property
    def page_url(self) -> str:
        """The page's address."""
        return f"http{'s' if self.tls else ''}://{self._netloc}/"

    @property
    def _netloc(self) -> str:
        if self._listener is None:
            raise RuntimeError(f"{type(self).__name__} is not running: use 'async with' or 'await server.start()'")
        bound = ipaddress.ip_address(self._listener.sockets[0].getsockname()[0].partition("%")[0])
        if bound.is_unspecified:  # listening everywhere; nobody can connect to "everywhere"
            bound = ipaddress.ip_address("127.0.0.1" if bound.version == 4 else "::1")
        return f"[{bound}]:{self.port}" if bound.version == 6 else f"{bound}:{self.port}"

    async def _bind_host(self) -> str | None:
        """Return one address for a name like `localhost`: with port 0 two would get two different ports."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self.host, None)
        except (OSError, UnicodeError) as error:
            raise OSError(f"cannot listen on {self.host!r}: no such host ({error})") from None
        return min(found, key=lambda info: info[0])[4][0]  # IPv4 first: it is what 127.0.0.1 stands for

    def _explained(self, error: OSError, port: int | None = None) -> OSError:
        where = f"port {self._wanted_port if port is None else port} on {self.host}"
        if error.errno == errno.EADDRINUSE:
            message = f"{where} is in use: stop the program that uses it, or take another port (0 finds a free one)"
        elif error.errno == errno.EACCES:
            message = f"{where} needs more rights: take a port from 1024 to 65535, or 0 for a free one"
        else:
            message = f"cannot listen on {where}: {error.strerror or error}"
        return OSError(error.errno, message)

    # Connections

    def _create_connection(self, *args, **options) -> Connection:
        return Connection(self, *args, **options)

    def _answer(self, ws: Connection, request):
        response, why = handshake.answer(self, request, ws.head)
        if not ws.head.too_large:
            ws.head = NO_HEAD
        if response is not None:
            ws.answered = True
            kind = "error" if handshake.wants_websocket(request) else "http"
            line = truncate(request.path) + (f" refused: {why}." if why else "")
            self.record(kind, _address(ws), line, code=response.status_code)
        return response

    async def _converse(self, ws: Connection) -> None:
        """Run the handler for one client; whatever ends it costs one line in the log."""
        task = asyncio.current_task()
        ws.name = f"guest-{next(self._names)}"
        if rate := self.limits.rate:
            ws.buckets = (TokenBucket(rate),)
        if wants_last_words(ws.request.path):
            speak_last_words(ws)
        self.connections.add(ws)
        self._handlers[task] = ws
        self.record("connect", ws.name, f"{_address(ws)} {truncate(ws.request.path)}")
        try:
            await self.handler(ws)
        except Exception as error:  # noqa: BLE001 - one client's end is nobody else's
            if isinstance(error, ConnectionClosed) and ws.protocol.state is not OPEN:
                return  # this client has gone: on_lost writes the line
            self.record("error", ws.name, where(error))
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
            line = f"{truncate(ws.request.path)} accepted, but the client had closed its half of the connection"
            self.record("error", _address(ws), line, code=ws.response.status_code)
        elif not ws.answered:
            error = ws.protocol.handshake_exc
            why = truncate(str(error)) if error else "connection closed before a request"
            code = ws.response.status_code if ws.response else None  # where the library itself has refused it
            self.record("error", _address(ws), f"no handshake: {why}", code=code)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            self._abort_stalled()  # apart, so that no variable here keeps a connection that has ended

    def _abort_stalled(self) -> None:
        """Abort connections whose unsent bytes pile up or do not move."""
        now = asyncio.get_running_loop().time()
        for ws in list(self.sockets):
            ws.abort_if_stalled(now)

    # Log

    @property
    def log(self) -> list[Event]:
        """The last events, oldest first."""
        return list(self._log.events)


def _address(ws: Connection) -> str:
    address = ws.transport.get_extra_info("peername") or ("a client that has gone", "")
    return ":".join(str(part) for part in address[:2])
