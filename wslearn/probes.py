"""Probes: how to send one message over each transport and see it arrive, over a simulated network each. Lesson 01.

The clients are those that a program would use, aiohttp and websockets, without headers that nobody needs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter as clock
from typing import ClassVar, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from wslearn.events import Published, Status
from wslearn.latency import MeasurementError, Settings
from wslearn.network import SimulatedNetwork

#: What is raised when a server goes away, and also when it is not the one that was expected.
GONE = (OSError, EOFError, ConnectionClosed, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)
FAILURES = (*GONE, aiohttp.ClientError, WebSocketException, msgspec.DecodeError, ValueError)
#: Headers that aiohttp adds by itself, and no server here needs.
NEEDLESS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class HttpClient:
    """Requests to the server at `url`, through `net` if one is given, on one connection or a new one each time."""

    def __init__(self, url: str, net: SimulatedNetwork | None = None, *, keep_alive: bool = True) -> None:
        parts = urlsplit(url)
        self.base = (net.url if net else url).partition("?")[0].rstrip("/")
        self.tls_name = parts.hostname if parts.scheme == "https" else None
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=not keep_alive, limit=1),
            headers={"Host": parts.netloc.rpartition("@")[2]},
            skip_auto_headers=NEEDLESS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )

    async def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the body of the answer. Raises ValueError where it is none of success."""
        url = self.base + path
        async with self.session.request(method, url, data=body, server_hostname=self.tls_name) as response:
            answer = await response.read()
        if response.status not in (200, 204):
            raise ValueError(f"{method} {path} is answered with {response.status} {response.reason}")
        return answer

    async def close(self) -> None:
        await self.session.close()


class Probe:
    """One transport to the server at `target`, over a network of its own: `async with` starts and stops it.

    `setup`, `setup_bytes`: seconds and bytes until the first message could be sent, known once `open()` is done:
    for `websocket` the connection and the handshake, for `sse` the connection, the request and the answer's head.
    A kept-alive HTTP connection needs no bytes of its own; its seconds are what the first request takes longer than the
    second. `http-new` pays again with every message, so that nothing is set apart.
    """

    transport: ClassVar[str]

    def __init__(self, settings: Settings, target: str, seed: int) -> None:
        self.target, self.interval, self.payload = target, settings.interval, b"x" * settings.payload
        self.net = SimulatedNetwork(target, delay=settings.delay, jitter=settings.jitter, seed=seed, elsewhere=True)
        self.setup, self.setup_bytes = 0.0, 0

    async def __aenter__(self) -> Self:
        await self.net.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        try:
            await self.close()
        finally:
            await self.net.stop()

    async def open(self) -> None:
        """Make ready for the first message."""

    async def close(self) -> None:
        """End the connection; without a closing handshake, which is no part of what is measured."""

    @property
    def size(self) -> tuple[int, int]:
        """Bytes on the wire so far, up and down."""
        return self.net.bytes_up, self.net.bytes_down

    def failure(self, error: Exception) -> MeasurementError:
        """Return an error as the user reads it."""
        what = " ".join(str(error).split()) or type(error).__name__
        does = "went away" if isinstance(error, GONE) else "is no 'wslearn serve comparison', it seems"
        return MeasurementError(f"{self.transport}: the server at {self.target} {does} ({what})")


class _Http(Probe):
    keep_alive = True

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.http = HttpClient(self.target, self.net, keep_alive=self.keep_alive)
        return self

    async def close(self) -> None:
        await self.http.close()

    async def _compare_first_two(self, request: Callable[[], Awaitable[object]]) -> None:
        """Make two requests on a new connection: what the first costs more than the second is the set-up."""
        seconds, sizes = [], []
        for _ in range(2):
            begin, before = clock(), sum(self.size)
            await request()
            seconds.append(clock() - begin)
            sizes.append(sum(self.size) - before)
        self.setup, self.setup_bytes = max(0.0, seconds[0] - seconds[1]), sizes[0] - sizes[1]


class _WebSocket(Probe):
    transport = "websocket"
    query = ""
    ws: ClientConnection | None = None

    async def open(self) -> None:
        begin = clock()
        self.ws = await connect(
            urlsplit(self.target)._replace(query=self.query).geturl(),
            host="127.0.0.1",
            port=self.net.port,
            proxy=None,
            compression=None,
            user_agent_header=None,
            ping_interval=None,
            open_timeout=None,
        )
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def close(self) -> None:
        if self.ws is not None:
            self.ws.transport.abort()
            await self.ws.wait_closed()


# From a request to its answer


class HttpKeepAlive(_Http):
    transport = "http-keepalive"

    async def open(self) -> None:
        await self._compare_first_two(self.exchange)

    async def exchange(self) -> None:
        """Send a message and wait for its answer."""
        await self.http.ask("POST", "/echo", self.payload)


class HttpNew(_Http):
    transport = "http-new"
    keep_alive = False

    async def exchange(self) -> None:
        """Send a message over a new connection and wait for its answer."""
        await self.http.ask("POST", "/echo", self.payload)


class WebSocket(_WebSocket):
    async def exchange(self) -> None:
        """Send a message and wait for its answer."""
        await self.ws.send(self.payload)
        await self.ws.recv()


# From an event on the server to its arrival


class Polling(_Http):
    """Ask for news, and ask again `interval` seconds after each answer."""

    transport = "polling"
    #: The number of the last event that is known.
    last = 0

    async def open(self) -> None:
        await self._compare_first_two(self.poll)

    async def poll(self, path: str = "/poll") -> list[Published]:
        """Return the events since the last one that was seen; an empty list for the answer 204."""
        body = await self.http.ask("GET", f"{path}?after={self.last}")
        news = msgspec.json.decode(body, type=list[Published]) if body else []
        if news:
            self.last = news[-1].id
        return news

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            for event in await self.poll():
                yield event
            await asyncio.sleep(self.interval)


class LongPolling(Polling):
    """Ask for news, and let the server hold the question until there is some; then ask again at once."""

    transport = "long-polling"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            for event in await self.poll("/long-poll"):
                yield event


class ServerSentEvents(_Http):
    """Read one answer that never ends (HTML standard, section "Server-sent events")."""

    transport = "sse"
    response: aiohttp.ClientResponse | None = None

    async def open(self) -> None:
        begin = clock()
        url = self.http.base + "/events"
        self.response = await self.http.session.get(url, server_hostname=self.http.tls_name)
        if self.response.status != 200:
            raise ValueError(f"GET /events is answered with {self.response.status} {self.response.reason}")
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        async for line in self.response.content:
            if line.startswith(b"data: "):
                yield msgspec.json.decode(line[6:], type=Published)
        raise EOFError("it ended the stream of events")

    async def close(self) -> None:
        if self.response is not None:
            self.response.close()
        await super().close()


class WebSocketEvents(_WebSocket):
    query = "events"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            yield msgspec.json.decode(await self.ws.recv(), type=Published)


class Direct:
    """A connection to the HTTP side that no network delays: it publishes, and reads the server's clock.

    The offset of the server's clock is that of the reading with the smallest round trip, taken in the middle between
    request and answer: at most half of that round trip wrong (Cristian, "Probabilistic clock synchronization", 1989).
    """

    def __init__(self, url: str) -> None:
        self.target, self.http = url, HttpClient(url)
        self.offset, self.round_trip = 0.0, float("inf")
        #: What the server said last: the number of its last event, and how many clients wait for the next.
        self.last = self.waiting = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.http.close()

    async def read_status(self) -> None:
        """Ask the server for its clock and its state."""
        begin = clock()
        answer = await self.http.ask("GET", "/status")
        end = clock()
        status = msgspec.json.decode(answer, type=Status)
        self.last, self.waiting = status.last, status.waiting
        if end - begin < self.round_trip:
            self.offset, self.round_trip = status.time - (begin + end) / 2, end - begin

    async def publish(self, payload: bytes) -> Published:
        """Publish an event, and return it, without its payload."""
        return msgspec.json.decode(await self.http.ask("POST", "/publish", payload), type=Published)

    failure = Probe.failure
    transport = "the direct connection"


ROUND_TRIP_PROBES = {probe.transport: probe for probe in (HttpNew, HttpKeepAlive, WebSocket)}
PUSH_PROBES = {probe.transport: probe for probe in (Polling, LongPolling, ServerSentEvents, WebSocketEvents)}
