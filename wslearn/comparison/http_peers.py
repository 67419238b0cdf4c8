"""HTTP's ways to do a WebSocket's work: request and response, polling, long polling, server-sent events. Lesson 01.

They are as lean as the WebSocket's side: connections are kept alive, and responses have only the headers that RFC 9110
requires. Everything is limited, as in `wslearn.limits`.
"""

import asyncio
from collections.abc import Callable, Sized
from contextlib import suppress
from functools import partial
from time import perf_counter as clock
from typing import Any
from weakref import WeakSet

from aiohttp import hdrs, web

from wslearn.common import tasks
from wslearn.common.listening import listen, stop_accepting
from wslearn.comparison.events import Events, Published, Status
from wslearn.comparison.http_answers import BadRequest, json, last_response, leaner, library_logger, listed, number
from wslearn.comparison.http_connection import HttpConnection
from wslearn.comparison.http_page import HOLD, PAGE, PATHS
from wslearn.messages import encode
from wslearn.redact import truncate
from wslearn.server import Server
from wslearn.server.address import BACKLOG, peer
from wslearn.server.clients import WATCH_INTERVAL
from wslearn.server.handshake import refuse_more, refuse_stranger
from wslearn.server.head import MOST
from wslearn.server.hosts import Refusal
from wslearn.server.log import Kind

#: Time for the last responses when the server stops, and for reading a refused body, in seconds.
GRACE = 0.5
#: A timeout where there should be none, in seconds.
A_YEAR = 365 * 24 * 3600.0


class HttpPeers:
    """The HTTP side of a server, on its own port.

    It has that server's limits, key and log. It calls `published(event)` for each event, and counts the WebSocket
    clients in `waiting`, which wait for events too.
    """

    def __init__(self, server: Server, *, published: Callable[[Published], None], waiting: Sized) -> None:
        self.limits, self.proxy_path, self.record = server.limits, server.proxy_path, server.record
        self.tls, self.published, self.waiting = server.tls, published, waiting
        self.events = Events()
        self._admitted: set[web.RequestHandler] = set()
        #: aiohttp's tasks for requests and connections: it cancels them, but does not wait for them.
        self._tasks: WeakSet[asyncio.Task] = WeakSet()
        self._stopping = asyncio.Lock()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""
        app = web.Application(client_max_size=self.limits.max_size or 0, middlewares=[self._check])
        app.on_response_prepare.append(leaner)
        routes: dict[str, Any] = {"/": self._page, "/status": self._status, "/events": self._events}
        routes |= {"/poll": self._poll, "/long-poll": self._long_poll}
        for path, handler in routes.items():
            app.router.add_get(path, handler, allow_head=path in ("/", "/status"))
        app.router.add_post("/echo", self._echo)
        app.router.add_post("/publish", self._publish)
        # A client that has disconnected should not wait for an event any longer.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=GRACE)
        await runner.setup()
        loop = asyncio.get_running_loop()
        connection = partial(
            HttpConnection,
            self.proxy_path,
            self.limits.max_size,
            runner.server,
            loop=loop,
            access_log=None,
            logger=library_logger,
            auto_decompress=False,  # the body is sent back as it is, and a small one cannot become a large one
            keepalive_timeout=self.limits.open_timeout or A_YEAR,  # also the timeout of the next request's head
            lingering_time=GRACE,
            max_line_size=MOST,  # the limit of a whole head
            max_field_size=MOST,
            max_headers=MOST,
        )
        try:
            self._listener = await listen(loop.create_server(connection, host, port, ssl=self.tls, backlog=BACKLOG))
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._watching = asyncio.create_task(self._watch())
        return self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Respond to waiting clients, close every connection and free the port. Calling it twice is fine."""
        async with self._stopping:
            if self._runner is None:
                return
            await stop_accepting(self._listener.sockets)
            self._listener.close()
            self.events.close()
            transports = [one.transport for one in self._open() if one.transport]
            runner, self._runner = self._runner, None
            try:
                await tasks.end((), 4 * GRACE, "comparison", [runner.cleanup()])
            finally:
                for transport in transports:  # a client that does not read would keep its own forever
                    transport.abort()
                await tasks.end([*self._tasks, self._watching], GRACE, "comparison")

    async def _watch(self) -> None:
        """Close connections that have not sent the head of a request in time: not every version of aiohttp does it."""
        silent: dict[web.RequestHandler, float] = {}
        timeout = self.limits.open_timeout
        while timeout is not None:
            await asyncio.sleep(WATCH_INTERVAL)
            waiting = [one for one in self._open() if one not in self._admitted]
            silent = {one: silent.get(one, clock()) for one in waiting}
            for one, since in silent.items():
                if clock() - since > timeout:
                    one.force_close()

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._open())

    def _open(self) -> list[web.RequestHandler]:
        return self._runner.server.connections if self._runner and self._runner.server else []

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse or handle a request, and write a line in the log."""
        why = ""
        self._tasks.update(filter(None, (request.task, asyncio.current_task())))
        try:
            if (refusal := self._refusal(request)) is not None:
                response, why = last_response(refusal.status, refusal.text), refusal.why
            else:
                response = await handler(request)
        except web.HTTPNotFound:
            response = last_response(404, f"Nothing at {request.path}. There are / (a page), {', '.join(PATHS)}.\n")
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            response = last_response(405, f"Expected {allowed}, got {error.method}.\n", Allow=allowed)
        except web.HTTPRequestEntityTooLarge:
            response = last_response(413, f"Expected a body of at most {self.limits.max_size:,} bytes.\n")
        except BadRequest as error:
            response = last_response(error.status, f"{error}\n")
        kind: Kind = "message" if response.status < 400 else "http"
        line = truncate(f"{request.method} {request.path_qs}") + (f" refused: {why}." if why else "")
        self.record(kind, peer(request.transport), line, code=response.status)
        return response

    def _refusal(self, request: web.Request) -> Refusal | None:
        limits, headers = self.limits, request.headers
        hosts, origins = headers.getall(hdrs.HOST, []), headers.getall(hdrs.ORIGIN, [])
        if refusal := refuse_stranger(_connection(request).head, hosts, origins, limits, tls=self.tls is not None):
            return refusal
        if request.protocol not in self._admitted:
            self._admitted.intersection_update(self._open())
            if refusal := refuse_more(limits, len(self._admitted)):
                return refusal
            self._admitted.add(request.protocol)
        return None

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self.limits.open_timeout):
                return await request.read()
        except TimeoutError:
            raise BadRequest(f"Expected the body in {self.limits.open_timeout:g} seconds.", 408) from None

    async def _page(self, request: web.Request) -> web.Response:
        return last_response(200, PAGE, "text/html")

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await self._body(request))

    async def _publish(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            event = self.events.publish(body.decode())
        except UnicodeDecodeError as error:
            raise BadRequest(f"Expected text in UTF-8 as the payload, got other bytes: {error}.") from None
        self.published(event)
        await asyncio.sleep(0)  # waiting clients get the event before its publisher gets the response
        return json(Published(event.id, event.time))

    async def _poll(self, request: web.Request) -> web.Response:
        after = number(request.query, "after", self.events.last)
        return listed(self._noted(request, after, self.events.after(after)))

    async def _long_poll(self, request: web.Request) -> web.Response:
        after, connection = number(request.query, "after", self.events.last), _connection(request)
        try:
            async with asyncio.timeout(HOLD) as hold:
                connection.wait(hold)
                return listed(self._noted(request, after, await self.events.wait(after)))
        except TimeoutError:
            return listed([])
        finally:
            connection.wait(None)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send events as they come (the HTML standard's section "Server-sent events")."""
        last = number(request.headers, "Last-Event-ID", self.events.last, default=self.events.last)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as stream:
                _connection(request).wait(stream)
                while news := self._noted(request, last, await self.events.wait(last)):
                    for event in news:
                        if not await self._wrote(request, response, event):
                            return response
                    last = news[-1].id
        _connection(request).wait(None)
        return response

    async def _wrote(self, request: web.Request, response: web.StreamResponse, event: Published) -> bool:
        """Send one event. A client that reads too slowly is dropped, and gets the rest when it connects again."""
        try:
            async with asyncio.timeout(self.limits.stall_timeout):
                await response.write(f"id: {event.id}\ndata: {encode(event)}\n\n".encode())
        except TimeoutError:
            why = f"aborted: it reads too slowly: nothing sent for {self.limits.stall_timeout:g} s"
            self.record("error", peer(request.transport), why)
            if request.transport is not None:
                request.transport.abort()
            return False
        return True

    def _noted(self, request: web.Request, after: int, news: list[Published]) -> list[Published]:
        """Return `news`; write a line in the log if events between `after` and them are no longer kept.

        The client sees a gap in the numbers too. A client that asks for events after 0 has not missed any.
        """
        if news and 0 < after < news[0].id - 1:
            lost = f"lost: events {after + 1:,} to {news[0].id - 1:,}, which are no longer kept"
            self.record("error", peer(request.transport), lost)
        return news

    async def _status(self, request: web.Request) -> web.Response:
        return json(Status(clock(), self.events.last, self.events.waiting + len(self.waiting)))


def _connection(request: web.Request) -> HttpConnection:
    assert isinstance(request.protocol, HttpConnection)
    return request.protocol
