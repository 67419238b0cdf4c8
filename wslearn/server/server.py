"""A WebSocket server with a page on the same port: start, stop, address. Lesson 02.

A lesson's server is a subclass with a handler for one connection:

    class Reverse(Server):
        async def handler(self, ws):
            async for message in ws:
                await ws.send(message[::-1])
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from typing import Any, Self, cast

from websockets.asyncio.server import Server as Listener
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from wslearn.common import lifecycle, tasks
from wslearn.common.listening import listen, stop_accepting
from wslearn.limits import Limits
from wslearn.server import address
from wslearn.server.clients import Clients
from wslearn.server.keepalive import Keepalive
from wslearn.server.log import library_logger, logger

#: Timeout of the closing handshakes when the server stops, in seconds.
STOP_GRACE = 1.0


class Server(Clients):
    """A WebSocket server, and its page, on one port.

    `async with Server() as server` runs it for a block; `await Server().start()` until `await server.stop()`.
    `port` 0 lets the system choose a free one. `limits` replaces the class's own. With `tls` it is `wss` and `https`.

    - `host`, `port`: the address; while it runs, the port is from 1 to 65535.
    - `connections`: the live connections.
    - `url`, `page_url`: addresses that work on this machine while it runs.
    - `log`: the last 1,000 events, oldest first, secrets redacted.
    - `proxy_path`: a secret. A path that begins with it works with any host name, for links through a proxy.
    """

    #: Seconds between the keepalive's pings, and the timeout of a pong; None if there is another heartbeat.
    keepalive: float | None = 20
    #: The same for the library's keepalive, which has a task for each client. Lesson 06 shows how it fails.
    library_keepalive: float | None = None

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(limits, tls)
        self.host, self.wanted_port = host, port
        self._listener: Listener | None = None
        self._beside = AsyncExitStack()
        self._changing = asyncio.Lock()
        self._tasks: list[asyncio.Task[Any]] = []

    def background(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Return coroutines that run from start to stop, each in its own task."""
        return ()

    def beside(self, host: str) -> AbstractAsyncContextManager[None]:
        """Return a context for the time that the server runs, such as a second listener on the IP address `host`.

        The server enters it before it listens, and leaves it while it stops.
        """
        return nullcontext()

    async def start(self) -> Self:
        """Listen, and return self. In a notebook, first stop everything that an earlier run of the cell started.

        Raises OSError with a clear message if the port is in use or the address is not available.
        """
        async with self._changing:
            if self._listener is not None:
                return self
            self.pings, self.draining = Keepalive(self.keepalive), False
            await lifecycle.stop_previous(self.wanted_port)
            host = await address.resolve(self.host)
            async with AsyncExitStack() as opened:
                await opened.enter_async_context(self.beside(host))
                with address.explained(self.host, self.wanted_port):
                    self._listener = await listen(self._listen(host))
                self._beside = opened.pop_all()
            self.port = self._listener.sockets[0].getsockname()[1]
            always = (self._watch(), self.pings.run(self.connections))
            self._tasks = [asyncio.create_task(one) for one in (*always, *self.background())]
            lifecycle.started(self)
        logger.info("%s listens on %s", self.name, self.url)
        if not ipaddress.ip_address(host).is_loopback:
            logger.warning("%s can be reached from other machines: it listens on %s", self.name, self.host)
        return self

    async def _listen(self, host: str) -> Listener:
        create: Any = self._create_connection  # the library's signature asks for a class, but it only calls it
        return await serve(
            self._converse,
            host,
            self.wanted_port,
            process_request=self._process_request,
            subprotocols=cast(Sequence[Subprotocol] | None, self.subprotocols or None),
            select_subprotocol=self._select_subprotocol if self.subprotocols else None,
            create_connection=create,
            backlog=address.BACKLOG,
            compression=self.limits.compression,
            open_timeout=self.limits.open_timeout,
            max_size=self.limits.max_size,
            ping_interval=self.library_keepalive,
            ping_timeout=self.library_keepalive,
            close_timeout=STOP_GRACE,
            logger=library_logger,
            ssl=self.tls,
        )

    def _select_subprotocol(self, ws: object, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        """Return the first that the client offers and the server has (RFC 6455, section 4.2.2), or None.

        The library's own choice is the first of the server, and it answers 400 to a client that offers none.
        """
        return next((one for one in offered if one in self.subprotocols), None)

    async def stop(self) -> None:
        """Close every connection with 1001 and free the port; abort connections that have not closed within a second.

        Calling it twice is fine, even at the same time. A handler may call it, and continues. If this is cancelled, the
        connections are aborted at once.
        """
        async with self._changing:
            if self._listener is None:
                return
            listener, self._listener = self._listener, None
            lifecycle.stopped(self)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beside.aclose())
                await self._close(listener)
        logger.info("%s stopped", self.name)

    async def _close(self, listener: Listener) -> None:
        own = self.handlers.get(asyncio.current_task())  # a handler that stops its server
        gone = own.wait_closed if own else listener.wait_closed  # the listener would wait for that handler too
        hung_up = asyncio.ensure_future(self._hang_up(listener))  # even if this is cancelled
        try:
            await asyncio.shield(hung_up)
            async with asyncio.timeout(STOP_GRACE):
                await gone()
                if others := set(filter(None, self.handlers)) - {asyncio.current_task()}:
                    await asyncio.wait(others)
        except TimeoutError:
            logger.info("%s aborts %d connections that did not close in time", self.name, len(self.sockets))
        finally:
            for ws in list(self.sockets):
                ws.transport.abort()
            ends = [hung_up, gone()]
            await tasks.end([*self._tasks, *filter(None, self.handlers)], STOP_GRACE / 2, self.name, ends)

    async def _hang_up(self, listener: Listener) -> None:
        """Listen no longer, and say goodbye."""
        await stop_accepting(listener.sockets)
        listener.close()
        for ws in list(self.sockets):
            if ws.request is None:  # no request yet; browsers open such spare connections
                ws.transport.abort()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The URL of the WebSocket."""
        return f"ws{'s' if self.tls else ''}://{self.netloc}/"

    @property
    def page_url(self) -> str:
        """The URL of the page."""
        return f"http{'s' if self.tls else ''}://{self.netloc}/"

    @property
    def netloc(self) -> str:
        """Host and port, as in a URL. Raises RuntimeError if the server is not running."""
        if self._listener is None:
            raise RuntimeError(f"{type(self).__name__} is not running: use 'async with' or 'await server.start()'")
        return address.netloc(self._listener.sockets[0].getsockname()[0], self.port)
