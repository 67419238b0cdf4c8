"""What HTTP has beside WebSocket: request and response, polling, long polling, server-sent events. Lesson 01.

They are as lean as the WebSocket's side: connections are kept alive, and answers carry no header that RFC 9110 does not
ask for. Everything is bounded, as in `wslearn.limits`.
"""

import asyncio
import ssl
from time import perf_counter as clock
from typing import TYPE_CHECKING
from weakref import WeakSet

from aiohttp import hdrs, web
from websockets.datastructures import Headers
from websockets.http11 import Request

from wslearn import tasks
from wslearn.events import Events, Published, Status
from wslearn.handshake import foreign_origin, respond
from wslearn.http_answers import BadRequest, converted, json, leaner, library_logger, listed, number, refused
from wslearn.log import beginning
from wslearn.messages import encode

if TYPE_CHECKING:
    from wslearn.servers.comparison import ComparisonServer

#: Time for which a long poll is held before it is answered with 204, in seconds.
HOLD = 25.0
#: Time in which answers may still leave when the server stops, and in which a refused body is read, in seconds.
GRACE = 0.5
#: How often connections that send nothing are looked for, in seconds.
WATCH_INTERVAL = 0.25
#: Connections that may wait to be accepted.
BACKLOG = 1024

PATHS = {
    "/echo": "POST: the body comes back",
    "/publish": "POST: the body, text in UTF-8, becomes the payload of an event for all who wait",
    "/poll?after=N": "GET: the events after number N as a JSON list; 204 if there is none",
    "/long-poll?after=N": f"GET: the same, held until there is one; 204 after {HOLD:g} seconds",
    "/events": "GET: server-sent events; goes on after the number in Last-Event-ID",
    "/status": "GET: the server's clock in seconds, the last event's number, and how many clients wait for the next",
}


class HttpPeers:
    """The HTTP side of `server`, whose limits and log it shares, on a port of its own.

    `server.published(event)` is called for each event, and `server.listening` is how many wait for events there.
    """

    def __init__(self, server: "ComparisonServer") -> None:
        self.server = server
        self.events = Events()
        self._admitted: set[web.RequestHandler] = set()
        #: What answers a request, and serves its connection: aiohttp cancels these and does not wait for them.
        self._tasks: WeakSet[asyncio.Task] = WeakSet()
        self._stopping = asyncio.Lock()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port. Raises OSError where the address cannot be had."""
        limits = self.server.limits
        app = web.Application(client_max_size=limits.max_size or 0, middlewares=[self._check])
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
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=library_logger,
            auto_decompress=False,  # a body comes back as it is, and a small one cannot become a large one
            handler_cancellation=True,  # who is gone waits no longer
            keepalive_timeout=limits.open_timeout or 0,  # also the time for the next request's head
            lingering_time=GRACE,
            shutdown_timeout=GRACE,
        )
        await runner.setup()
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                runner.server, host, port, ssl=tls, backlog=BACKLOG
            )
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
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
                await tasks.end(self._tasks, GRACE, "comparison")

    async def watch(self) -> None:
        """End connections that have not sent the head of a request in time: not every aiohttp does it."""
        silent: dict[web.RequestHandler, float] = {}
        timeout = self.server.limits.open_timeout
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
        return self._runner.server.connections if self._runner else []

    # What every request goes through

    @web.middleware
    async def _check(self, request: web.Request, handler) -> web.StreamResponse:
        """Refuse what may not pass, in plain words, and write a line in the log."""
        self._tasks |= {request.task, asyncio.current_task()}
        try:
            if (why := self._refusal(request)) is not None:
                response = refused(*why)
            else:
                response = await handler(request)
        except web.HTTPNotFound:
            response = refused(404, f"Nothing at {request.path}. There are / (a page), {', '.join(PATHS)}.\n")
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            response = refused(405, f"Expected {allowed}, got {error.method}.\n", Allow=allowed)
        except web.HTTPRequestEntityTooLarge:
            response = refused(413, f"Expected a body of at most {self.server.limits.max_size:,} bytes.\n")
        except BadRequest as error:
            response = refused(error.status, f"{error}\n")
        host, port = (request.transport.get_extra_info("peername") if request.transport else None) or ("gone", "")
        kind = "message" if response.status < 400 else "http"
        line = beginning(f"{request.method} {request.path_qs}")
        self.server.record(kind, f"{host}:{port}", line, code=response.status)
        return response

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        limits = self.server.limits
        if hdrs.ORIGIN in request.headers:
            asked = Request(request.path_qs, Headers(request.headers.items()))
            if (origin := foreign_origin(asked, limits.origins)) is not None:
                return 403, f"Origin {origin!r} may not ask: this server talks to its own page only.\n"
        if request.protocol not in self._admitted:
            self._admitted.intersection_update(self._open())
            if limits.max_connections is not None and len(self._admitted) >= limits.max_connections:
                return 503, f"The server has its {limits.max_connections} connections. Try again later.\n"
            self._admitted.add(request.protocol)
        return None

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self.server.limits.open_timeout):
                return await request.read()
        except TimeoutError:
            raise BadRequest(f"Expected the body in {self.server.limits.open_timeout:g} seconds.", 408) from None

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
        self.server.published(event)
        await asyncio.sleep(0)  # who waits for the event comes before who published it
        return json(Published(event.id, event.time))

    async def _poll(self, request: web.Request) -> web.Response:
        return listed(self.events.after(self._known(number(request.query, "after"))))

    async def _long_poll(self, request: web.Request) -> web.Response:
        after = self._known(number(request.query, "after"))
        try:
            async with asyncio.timeout(HOLD):
                return listed(await self.events.wait(after))
        except TimeoutError:
            return listed([])

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events (the HTML standard's section "Server-sent events")."""
        last = self._known(number(request.headers, "Last-Event-ID", self.events.last))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        while news := await self.events.wait(last):
            for event in news:
                # Who reads too slowly holds up nobody else: what it missed it gets from what is kept, or it is ended.
                try:
                    async with asyncio.timeout(self.server.limits.stall_timeout):
                        await response.write(f"id: {event.id}\ndata: {encode(event)}\n\n".encode())
                except TimeoutError:
                    if request.transport is not None:
                        request.transport.abort()
                    return response
            last = news[-1].id
        return response

    def _known(self, number: int) -> int:
        """Return the number, or that of the last event if it is from an earlier run of the server, which had more."""
        return min(number, self.events.last)

    async def _status(self, request: web.Request) -> web.Response:
        waiting = self.events.waiting + self.server.listening
        return json(Status(clock(), self.events.last, waiting))


PAGE = (
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>comparison</title>\n'
    '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n'
    '<body data-name="comparison">\n<main>\n<h1>HTTP beside WebSocket</h1>\n<dl>\n'
    + "".join(f"<dt><code>{path}</code></dt><dd>{text}</dd>\n" for path, text in PATHS.items())
    + "</dl>\n<p>The WebSocket has a port of its own, one less unless the system picked it. There every message comes "
    "back;\nat <code>/ws?events</code> it sends each event instead.</p>\n</main>\n</body>\n</html>\n"
)
