"""What HTTP has beside WebSocket: request and response, polling, long polling, server-sent events. Lesson 01.

They are as lean as the WebSocket's side: connections are kept alive, and answers carry no header that RFC 9110 does not
ask for. Everything is bounded, as in `wslearn.limits`.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter as clock
from typing import Any
from weakref import WeakSet

from aiohttp import hdrs, web

from wslearn.common import tasks
from wslearn.comparison.events import Events, Published, Status
from wslearn.comparison.http_answers import BadRequest, converted, json, leaner, library_logger, listed, number, refused
from wslearn.comparison.http_connection import HttpConnection
from wslearn.comparison.http_page import HOLD, PAGE, PATHS
from wslearn.limits import Limits
from wslearn.messages import encode
from wslearn.redact import truncate
from wslearn.server.handshake import full, refuse_stranger, respond
from wslearn.server.head import MOST
from wslearn.server.hosts import Refusal

#: Time in which answers may still leave when the server stops, and in which a refused body is read, in seconds.
GRACE = 0.5
#: How often connections that send nothing are looked for, in seconds.
WATCH_INTERVAL = 0.25
#: Connections that may wait to be accepted.
BACKLOG = 1024
#: Stands for no limit where one is asked for, in seconds.
A_YEAR = 365 * 24 * 3600.0


class HttpPeers:
    """The HTTP side of a server, on its own port.

    It has that server's `limits` and key (`proxy_path`), and writes its log with `record`. `published(event)` is called
    for each event, and `listening()` is how many clients wait for events there.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        proxy_path: str,
        record: Callable[..., None],
        published: Callable[[Published], None],
        listening: Callable[[], int],
    ) -> None:
        self.limits, self.proxy_path, self.record = limits, proxy_path, record
        self.published, self.listening = published, listening
        self.events = Events()
        self._admitted: set[web.RequestHandler] = set()
        #: What answers a request, and serves its connection: aiohttp cancels these and does not wait for them.
        self._tasks: WeakSet[asyncio.Task] = WeakSet()
        self._stopping = asyncio.Lock()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port. Raises OSError where the address cannot be had."""
        self._tls = tls is not None
        app = web.Application(client_max_size=self.limits.max_size or 0, middlewares=[self._check])
        app.on_response_prepare.append(leaner)
        app.add_routes(
            [
                web.get("/", self._page),
                web.post("/echo", self._echo),
                web.post("/publish", self._publish),
                web.get("/poll", self._poll, allow_head=False),
                web.get("/long-poll", self._long_poll, allow_head=False),
                web.get("/events", self._events, allow_head=False),
                web.get("/status", self._status),
            ]
        )
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=GRACE)  # who is gone waits no longer
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
            auto_decompress=False,  # a body comes back as it is, and a small one cannot become a large one
            keepalive_timeout=self.limits.open_timeout or A_YEAR,  # also the time for the next request's head
            lingering_time=GRACE,
            max_line_size=MOST,  # a head has no more in all
            max_field_size=MOST,
            max_headers=MOST,
        )
        try:
            self._listener = await loop.create_server(connection, host, port, ssl=tls, backlog=BACKLOG)
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._watching = asyncio.create_task(self._watch())
        return self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer those who wait, close every connection and free the port. Twice is fine, also at once."""
        async with self._stopping:
            if self._runner is None:
                return
            self._listener.close()
            self.events.close()
            transports = [one.transport for one in self._open() if one.transport]
            runner, self._runner = self._runner, None
            try:
                await tasks.end((), 4 * GRACE, "comparison", [runner.cleanup()])
            finally:
                for transport in transports:  # a client that does not read would keep its own for good
                    transport.abort()
                await tasks.end([*self._tasks, self._watching], GRACE, "comparison")

    async def _watch(self) -> None:
        """End connections that have not sent the head of a request in time: not every aiohttp does it."""
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
        """How many connections there are."""
        return len(self._open())

    def _open(self) -> list[web.RequestHandler]:
        return self._runner.server.connections if self._runner and self._runner.server else []

    # What every request goes through

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse what may not pass, in plain words, and write a line in the log."""
        why = ""
        self._tasks.update(filter(None, (request.task, asyncio.current_task())))
        try:
            if (refusal := self._refusal(request)) is not None:
                response, why = refused(refusal.status, refusal.text), refusal.why
            else:
                response = await handler(request)
        except web.HTTPNotFound:
            response = refused(404, f"Nothing at {request.path}. There are / (a page), {', '.join(PATHS)}.\n")
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            response = refused(405, f"Expected {allowed}, got {error.method}.\n", Allow=allowed)
        except web.HTTPRequestEntityTooLarge:
            response = refused(413, f"Expected a body of at most {self.limits.max_size:,} bytes.\n")
        except BadRequest as error:
            response = refused(error.status, f"{error}\n")
        kind = "message" if response.status < 400 else "http"
        line = truncate(f"{request.method} {request.path_qs}") + (f" refused: {why}." if why else "")
        self.record(kind, _address(request), line, code=response.status)
        return response

    def _refusal(self, request: web.Request) -> Refusal | None:
        limits, headers = self.limits, request.headers
        hosts, origins = headers.getall(hdrs.HOST, []), headers.getall(hdrs.ORIGIN, [])
        if refusal := refuse_stranger(_connection(request).head, hosts, origins, limits, tls=self._tls):
            return refusal
        if request.protocol not in self._admitted:
            self._admitted.intersection_update(self._open())
            if limits.max_connections is not None and len(self._admitted) >= limits.max_connections:
                return full(limits.max_connections)
            self._admitted.add(request.protocol)
        return None

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self.limits.open_timeout):
                return await request.read()
        except TimeoutError:
            raise BadRequest(f"Expected the body in {self.limits.open_timeout:g} seconds.", 408) from None

    # The peers

    async def _page(self, request: web.Request) -> web.Response:
        return converted(respond(200, PAGE, "text/html"))

    async def _echo(self, request: web.Request) -> web.Response:
        return web.Response(body=await self._body(request))

    async def _publish(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            event = self.events.publish(body.decode())
        except UnicodeDecodeError as error:
            raise BadRequest(f"Expected text in UTF-8 as the payload, got a body that is none: {error}.") from None
        self.published(event)
        await asyncio.sleep(0)  # who waits for the event comes before who published it
        return json(Published(event.id, event.time))

    async def _poll(self, request: web.Request) -> web.Response:
        after = self._known(number(request.query, "after"))
        return listed(self._noted(request, after, self.events.after(after)))

    async def _long_poll(self, request: web.Request) -> web.Response:
        after = self._known(number(request.query, "after"))
        connection = _connection(request)
        try:
            async with asyncio.timeout(HOLD) as hold:
                connection.wait(hold)
                return listed(self._noted(request, after, await self.events.wait(after)))
        except TimeoutError:
            return listed([])
        finally:
            connection.waited()

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events (the HTML standard's section "Server-sent events")."""
        last = self._known(number(request.headers, "Last-Event-ID", self.events.last))
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
        _connection(request).waited()
        return response

    async def _wrote(self, request: web.Request, response: web.StreamResponse, event: Published) -> bool:
        """Send one event. Who reads too slowly holds up nobody else: the rest it gets when it is back."""
        try:
            async with asyncio.timeout(self.limits.stall_timeout):
                await response.write(f"id: {event.id}\ndata: {encode(event)}\n\n".encode())
        except TimeoutError:
            why = f"aborted: it reads too slowly: no byte left for {self.limits.stall_timeout:g} s"
            self.record("error", _address(request), why)
            if request.transport is not None:
                request.transport.abort()
            return False
        return True

    def _known(self, number: int) -> int:
        """Return the number, or that of the last event if it is from an earlier run of the server, which had more."""
        return min(number, self.events.last)

    def _noted(self, request: web.Request, after: int, news: list[Published]) -> list[Published]:
        """Return `news`, with a line in the log where events between `after` and them are no longer kept.

        The client sees it too: the numbers have a gap. A client that asks after 0 has seen none, and misses none.
        """
        if news and 0 < after < news[0].id - 1:
            lost = f"lost: events {after + 1:,} to {news[0].id - 1:,}, which are no longer kept"
            self.record("error", _address(request), lost)
        return news

    async def _status(self, request: web.Request) -> web.Response:
        waiting = self.events.waiting + self.listening()
        return json(Status(clock(), self.events.last, waiting))


def _connection(request: web.Request) -> HttpConnection:
    assert isinstance(request.protocol, HttpConnection)
    return request.protocol


def _address(request: web.Request) -> str:
    peer = (request.transport.get_extra_info("peername") if request.transport else None) or ("gone", "")
    return ":".join(map(str, peer[:2]))  # of an IPv6 address there is more
