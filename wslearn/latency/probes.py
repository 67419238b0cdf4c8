"""Probes: send one message over each transport and wait for it, each over its own simulated network. Lesson 01.

The clients are those that a program would use, aiohttp and websockets, without unnecessary headers.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter as clock
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from wslearn.comparison.events import Published
from wslearn.latency.settings import MeasurementError, Settings
from wslearn.network import SimulatedNetwork

#: Errors when a server goes away, and also when it is not a comparison server.
GONE = (OSError, EOFError, ConnectionClosed, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)
FAILURES = (*GONE, aiohttp.ClientError, WebSocketException, msgspec.DecodeError, ValueError)
#: Headers that aiohttp adds automatically, and no server here needs.
NEEDLESS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
#: Options of websockets' client without unnecessary headers and frames; the measurement has its own timeouts.
LEAN: dict[str, Any] = {"compression": None, "user_agent_header": None, "ping_interval": None, "open_timeout": None}


@contextmanager
def explained(probe: Any) -> Iterator[None]:
    """Turn one of `FAILURES` of a `Probe` or a `Direct` into a MeasurementError for the user."""
    try:
        yield
    except FAILURES as error:
        why = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
            does = "is not trusted"
        else:
            does = "went away" if isinstance(error, GONE) else "does not answer like a 'wslearn serve comparison'"
        raise MeasurementError(f"{probe.transport}: the server at {probe.target} {does} ({why})") from error


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
        """Return the body of the response. Raises ValueError if its status is not 200 or 204."""
        url = self.base + path
        async with self.session.request(method, url, data=body, server_hostname=self.tls_name) as response:
            received = await response.read()
        if response.status not in (200, 204):
            raise ValueError(f"{method} {path} returns {response.status} {response.reason}")
        return received

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.session.close()


class Probe:
    """One transport to the server at `target`, over its own network: `async with` starts and stops it.

    `setup`, `setup_bytes`: seconds and bytes before the first message, known after `open()`: for `websocket` the
    connection and the handshake, for `sse` the connection, the request and the response's head. For a kept-alive HTTP
    connection they are the difference between the first request and the second. `http-new` has no separate set-up,
    because it pays for a new connection with every message.
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
        """Prepare for the first message."""

    async def close(self) -> None:
        """Drop the connection, without a closing handshake, which is not measured."""

    @property
    def size(self) -> tuple[int, int]:
        """Bytes on the wire so far, up and down."""
        return self.net.bytes_up, self.net.bytes_down

    async def exchange(self) -> None:
        """Send a message and wait until it comes back. Raises ValueError if another one comes."""
        raise NotImplementedError

    def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        raise NotImplementedError


class HttpProbe(Probe):
    """HTTP requests, on one connection or a new one each time."""

    keep_alive = True

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.http = HttpClient(self.target, self.net, keep_alive=self.keep_alive)
        return self

    async def close(self) -> None:
        """Close the connection."""
        await self.http.session.close()

    async def _compare_first_two(self, request: Callable[[], Awaitable[object]]) -> None:
        """Make two requests on a new connection: the set-up is the difference between their costs."""
        costs = []
        for _ in range(2):
            begin, before = clock(), sum(self.size)
            await request()
            costs.append((clock() - begin, sum(self.size) - before))
        (first, first_bytes), (second, second_bytes) = costs
        self.setup, self.setup_bytes = max(0.0, first - second), first_bytes - second_bytes


class WebSocketProbe(Probe):
    """A WebSocket."""

    transport = "websocket"
    query = ""
    ws: ClientConnection

    async def open(self) -> None:
        """Connect, and note the set-up."""
        begin, url = clock(), urlsplit(self.target)._replace(query=self.query).geturl()
        self.ws = await connect(url, host="127.0.0.1", port=self.net.port, proxy=None, **LEAN)
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def close(self) -> None:
        """Drop the connection."""
        if hasattr(self, "ws"):
            self.ws.transport.abort()
            await self.ws.wait_closed()


class HttpNew(HttpProbe):
    """A request on a new connection for each message."""

    transport = "http-new"
    keep_alive = False

    async def exchange(self) -> None:
        """Make a request, and compare the response's body."""
        if await self.http.ask("POST", "/echo", self.payload) != self.payload:
            raise ValueError("POST /echo returns another body")


class HttpKeepAlive(HttpNew):
    """A request for each message, all on one connection."""

    transport = "http-keepalive"
    keep_alive = True

    async def open(self) -> None:
        """Make two requests, and note the set-up."""
        await self._compare_first_two(self.exchange)


class WebSocket(WebSocketProbe):
    """A message, and the same one back."""

    async def exchange(self) -> None:
        """Send a message, and compare the one that comes back."""
        await self.ws.send(self.payload)
        if await self.ws.recv() != self.payload:
            raise ValueError("another message comes back")


ROUND_TRIP_PROBES: dict[str, type[Probe]] = {probe.transport: probe for probe in (HttpNew, HttpKeepAlive, WebSocket)}
