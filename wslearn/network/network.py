"""A network that a lesson can control: it delays, limits, silences, cuts and records bytes. Lesson 01.

    async with SimulatedNetwork(server.url, delay=0.05) as net:
        async with connect(net.url) as ws: ...

It is a TCP proxy on this machine. The bytes may be HTTP, WebSocket or TLS, because it does not look at them.
"""

import asyncio
import ipaddress
import socket
from itertools import count
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from wslearn.common import lifecycle, tasks
from wslearn.common.chunk import Direction
from wslearn.common.listening import listen, stop_accepting
from wslearn.network.balancing import Balancing
from wslearn.network.conditions import PORTS, Conditions, is_number
from wslearn.network.link import Link, Side
from wslearn.network.recording import Recording

#: Timeout of the connections' end in `stop()`, in seconds.
STOP_TIMEOUT = 2.0


class SimulatedNetwork(Conditions, Recording, Balancing):
    """A network between a client on this machine and the server at `target`, a ws, wss, http or https URL.

    - `delay`: seconds from one side to the other, or a pair `(up, down)`; up is from client to server.
    - `jitter`: a random extra delay of at most so many seconds, for each chunk, from `seed`; the order is kept.
    - `bandwidth`: bytes per second each way, shared by all connections; None: no limit.
    - `idle_timeout`: seconds after which an idle connection is closed at both sides (FIN), as a reverse proxy does;
      None: never. `idle_reset_by` says whose bytes keep it open: `"client"`, `"server"` or `"either"`.
    - `target`: with a list of URLs, it is a load balancer too, and each new connection goes to the next server that
      answers; with `sticky`, to the one that the same client (the same IP address) had before, if it answers.
    - `elsewhere`: the target may be another machine, whose own network adds delay; for `wslearn.latency`.

    All of these but the last may be set while it runs. Delay and jitter apply to bytes that are sent from then on,
    bandwidth also to bytes in the queue. A connection has at most 256 KiB under way each way (or bandwidth times
    delay), then its sender has to wait.

    A TCP connection costs a round trip before its first byte can leave (RFC 9293, section 3.5). Here the system
    acknowledges a client's SYN at once, so the bytes of a new connection are held until a round trip has passed. FIN
    and RST queue after the bytes.

    Accuracy, as tests/network/accuracy.py prints it: for 1 to 200 ms one way, bytes are 0.1 ms late at the
    median (0.2 at most) and 3 ms at the 95th percentile, on a busy Linux machine with 2 cores. It shares the event
    loop with its user, so code that blocks the loop delays bytes too. On Windows before Python 3.13 the loop's timers
    tick every 15.6 ms, and bytes can be late by as much.

    - `url`, `page_url`: the addresses of the target and its page, through this network.
    - `recording`: each chunk of bytes that entered; at most 16 MiB, the oldest are dropped first.
    - `dropped`: how many chunks the recording has dropped.
    - `bytes_up`, `bytes_down`: all bytes that entered, dropped or not: TCP's payload, without its own headers.
    - `silent`: whether the network is a black hole now.

    Raises ValueError for an argument that cannot be used, and at the start if the target's host is not this machine
    and `elsewhere` is False.
    """

    def __init__(
        self,
        target: str | list[str] | tuple[str, ...],
        *,
        delay: float | tuple[float, float] = 0.0,
        jitter: float = 0.0,
        bandwidth: float | None = None,
        idle_timeout: float | None = None,
        idle_reset_by: Literal["client", "server", "either"] = "either",
        sticky: bool = False,
        seed: int = 0,
        elsewhere: bool = False,
    ) -> None:
        targets = target if isinstance(target, list | tuple) else [target]
        Balancing.__init__(self, [checked(one) for one in targets], sticky)
        self.elsewhere, self.seed = elsewhere, seed
        self.links: set[Link] = set()
        #: Tasks that are connecting to the target, or are being cancelled.
        self.connecting: set[asyncio.Task] = set()
        self._numbers = count(1)
        self._listener: asyncio.Server | None = None
        self._changing = asyncio.Lock()
        Recording.__init__(self)
        Conditions.__init__(self, delay=delay, jitter=jitter, bandwidth=bandwidth)
        self.idle_reset_by, self.idle_timeout = idle_reset_by, idle_timeout

    async def start(self) -> Self:
        """Open the network, and return self. In a notebook, first stop everything that an earlier run started."""
        async with self._changing:
            if self._listener is None:
                await lifecycle.stop_previous(0)
                host = "127.0.0.1"
                for one in reversed([] if self.elsewhere else self.targets):
                    host = await loopback(one.hostname or "")
                self.begin()
                loop = asyncio.get_running_loop()
                self._listener = await listen(
                    loop.create_server(lambda: Link(self, next(self._numbers)).client, host, 0, backlog=1024)
                )
                self.port = self._listener.sockets[0].getsockname()[1]
                lifecycle.started(self)
        return self

    async def stop(self) -> None:
        """Reset all connections and free the port; the recording stays. Calling it twice is fine."""
        async with self._changing:
            if self._listener is None:
                return
            listener, self._listener = self._listener, None
            lifecycle.stopped(self)
            try:
                await tasks.end((), STOP_TIMEOUT, "network", [stop_accepting(listener.sockets)])
            finally:
                listener.close()
                ends = [link.over.wait() for link in self.links]
                self.cut()
                await tasks.end(self.connecting, STOP_TIMEOUT, "network", [*ends, listener.wait_closed()])

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The target's address through this network."""
        return self.target._replace(netloc=self._netloc).geturl()

    @property
    def page_url(self) -> str:
        """The address of the target's page through this network."""
        return f"http{'s' if self.target.scheme in ('wss', 'https') else ''}://{self._netloc}/"

    @property
    def _netloc(self) -> str:
        if self._listener is None:
            raise RuntimeError("the network is not running: use 'async with' or 'await net.start()'")
        user, at, _ = self.target.netloc.rpartition("@")
        host = "127.0.0.1" if self.elsewhere else self.target.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return f"{user}{at}{host}:{self.port}"

    def opened(self, link: Link) -> None:
        """Add a connection that the system has accepted."""
        self.links.add(link)
        if self._listener is None:  # the network stopped while it was accepted
            link.cut()
        else:
            link.begin()

    def cut(self) -> None:
        """Reset every connection, on both sides, at once. Bytes under way are lost; new connections pass."""
        for link in list(self.links):
            link.cut()

    def half_open(self, gone: Side = "client") -> None:
        """Reset every connection at one side only: the other side isn't told, and nothing gets through any more.

        That is what a phone leaves behind whose battery is empty, and a router that forgets a connection.
        """
        if gone not in ("client", "server"):
            raise ValueError(f"gone: expected 'client' or 'server', got {gone!r}")
        for link in list(self.links):
            link.half_open(gone)

    @property
    def idle_timeout(self) -> float | None:
        """Seconds after which an idle connection is closed at both sides; None: never."""
        return self._idle_timeout

    @idle_timeout.setter
    def idle_timeout(self, value: float | None) -> None:
        if value is not None and not (is_number(value) and value > 0):
            raise ValueError(f"idle_timeout must be seconds, more than 0, or None for never: got {value!r}")
        self._idle_timeout = value
        for link in list(self.links):
            link.watch_idle()

    @property
    def idle_reset_by(self) -> Literal["client", "server", "either"]:
        """Whose bytes keep a connection open."""
        return self._idle_reset_by

    @idle_reset_by.setter
    def idle_reset_by(self, value: Literal["client", "server", "either"]) -> None:
        if value not in ("client", "server", "either"):
            raise ValueError(f"idle_reset_by: expected 'client', 'server' or 'either', got {value!r}")
        self._idle_reset_by = value

    def plan_anew(self, since: dict[Direction, float]) -> None:
        """Let everything that is due after `since` depart now."""
        super().plan_anew(since)
        for link in list(self.links):
            for pipe in (link.up, link.down):
                pipe.plan_anew(since[pipe.direction])
            link.watch_idle()


def checked(target: str) -> SplitResult:
    """Return the parts of a ws, wss, http or https URL. Raises ValueError for anything else."""
    expected = f"expected a URL like ws://127.0.0.1:8765/ (or wss, http, https), got {target!r}"
    if not isinstance(target, str):
        raise ValueError(f"{expected}: give the server's url")
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise ValueError(expected)
    return parts


async def loopback(host: str) -> str:
    """Return the host's address. Raises ValueError if it is another machine, so that no lesson disturbs a network."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ValueError(f"no such host: {host!r} ({error}); expected this machine, like 127.0.0.1") from None
    addresses = sorted((info[0], str(info[4][0]).partition("%")[0]) for info in found)
    for _, address in addresses:
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"{host!r} is {address}, not this machine: expected a server at 127.0.0.1 or localhost")
    return addresses[0][1]  # IPv4 first, because 127.0.0.1 is the default
