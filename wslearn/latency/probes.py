"""Probes: how to send one message over each transport and see it arrive, over a simulated network each. Lesson 01.

The clients are those that a program would use, aiohttp and websockets, without headers that nobody needs.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter as clock
from typing import ClassVar, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from wslearn.comparison.events import Published
from wslearn.latency.settings import MeasurementError, Settings
from wslearn.network import SimulatedNetwork

#: What is raised when a server goes away, and also when it is not the one that was expected.
GONE = (OSError, EOFError, ConnectionClosed, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)
FAILURES = (*GONE, aiohttp.ClientError, WebSocketException, msgspec.DecodeError, ValueError)
#: Headers that aiohttp adds by itself, and no server here needs.
NEEDLESS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def failure(transport: str, target: str, error: Exception) -> MeasurementError:
    """Return one of `FAILURES` as the user reads it."""
    what = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        does = "is not trusted"
    else:
        does = "went away" if isinstance(error, GONE) else "does not answer like a 'wslearn serve comparison'"
    return MeasurementError(f"{transport}: the server at {target} {does} ({what})")


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
        """Close the connection."""
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

    async def exchange(self) -> None:
        """Send a message and wait for its answer. Raises ValueError where another one comes."""
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


class WebSocketProbe(Probe):
    """A WebSocket, without what no message needs."""

    transport = "websocket"
    query = ""
    ws: ClientConnection
    is_open = False

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
        self.is_open = True
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def close(self) -> None:
        if self.is_open:
            self.ws.transport.abort()
            await self.ws.wait_closed()


class HttpNew(HttpProbe):
    """A request on a new connection for each message."""

    transport = "http-new"
    keep_alive = False

    async def exchange(self) -> None:
        if await self.http.ask("POST", "/echo", self.payload) != self.payload:
            raise ValueError("POST /echo is answered with another body")


class HttpKeepAlive(HttpNew):
    """A request for each message, all on one connection."""

    transport = "http-keepalive"
    keep_alive = True

    async def open(self) -> None:
        await self._compare_first_two(self.exchange)


class WebSocket(WebSocketProbe):
    """A message, and the same one back."""

    async def exchange(self) -> None:
        await self.ws.send(self.payload)
        if await self.ws.recv() != self.payload:
            raise ValueError("a message is answered with another one")


ROUND_TRIP_PROBES: dict[str, type[Probe]] = {probe.transport: probe for probe in (HttpNew, HttpKeepAlive, WebSocket)}
