"""A network that a lesson can control: it delays, limits, silences, cuts and records what passes. Lesson 01.

    async with SimulatedNetwork(server.url, delay=0.05) as net:
        async with connect(net.url) as ws: ...

It is a TCP proxy on this machine, which knows nothing of what it carries: HTTP, WebSocket and TLS pass alike.
"""

import asyncio
import ipaddress
import socket
from itertools import count
from typing import Self
from urllib.parse import SplitResult, urlsplit

from wslearn.common import lifecycle, tasks
from wslearn.common.chunk import Direction
from wslearn.network.conditions import Conditions
from wslearn.network.pipe import Link
from wslearn.network.recording import Recording
from wslearn.network.wires import Wires

#: Schemes of a target, each with its default port.
PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
#: Time for the connections' end in `stop()`, in seconds.
STOP_TIMEOUT = 2.0


class SimulatedNetwork(Wires):
    """A network between a client on this machine and the server at `target`, a ws, wss, http or https URL.

    - `delay`: seconds from one side to the other, or a pair `(up, down)`; up is from client to server.
    - `jitter`: up to so many seconds more, drawn anew for each chunk from `seed`; order is kept.
    - `bandwidth`: bytes per second each way, shared by all connections; None: no limit.
    - `elsewhere`: the target may be another machine, whose own network comes on top; for `wslearn.latency`.

    `delay`, `jitter` and `bandwidth` may be set while it runs: delay and jitter count for bytes sent from then on,
    bandwidth also for those still in the queue. A connection has at most 256 KiB under way each way (or bandwidth
    times delay), then its sender has to wait.

    A TCP connection costs a round trip before its first byte can leave (RFC 9293, section 3.5). Here the system
    answers a client's SYN at once, so the bytes of a new connection are held until a round trip has passed. FIN and
    RST take their turn behind the bytes.

    Accuracy, as tests/benchmarks/network_accuracy.py prints it: for 1 to 200 ms one way, bytes are 0.1 ms late at the
    median (0.2 at most) and 3 ms at the 95th percentile, on a busy Linux machine with 2 cores. It shares the event
    loop with its user, and code that blocks the loop delays bytes too. On Windows before Python 3.13 the loop's
    timers tick every 15.6 ms, and bytes can be as much too late.

    - `url`, `page_url`: the target's address, and its page's, through this network.
    - `recording`: each chunk of bytes that entered; at most 16 MiB, the oldest are dropped first.
    - `dropped`: how many chunks the recording has dropped.
    - `bytes_up`, `bytes_down`: all bytes that entered, dropped or not: what TCP carries, without its own headers.
    - `silent`: whether the network is a black hole now.

    Raises ValueError for an argument that cannot be used, and at the start where the target's host is not this machine
    and `elsewhere` was not asked for.
    """

    def __init__(
        self,
        target: str,
        *,
        delay: float | tuple[float, float] = 0.0,
        jitter: float = 0.0,
        bandwidth: float | None = None,
        seed: int = 0,
        elsewhere: bool = False,
    ) -> None:
        self.target, self.elsewhere = checked(target), elsewhere
        self.target_port = self.target.port or PORTS[self.target.scheme]
        self.seed = seed
        self.links: set[Link] = set()
        #: What connects to the target just now, or has been told to stop that.
        self.connecting: set[asyncio.Task] = set()
        self._numbers = count(1)
        self._listener: asyncio.Server | None = None
        self._changing = asyncio.Lock()
        Recording.__init__(self)
        Conditions.__init__(self, delay=delay, jitter=jitter, bandwidth=bandwidth)

    # Life

    async def start(self) -> Self:
        """Open the network, and return self. In a notebook, what an earlier run of the same cell started is stopped."""
        async with self._changing:
            if self._listener is None:
                await lifecycle.stop_previous(0)
                host = "127.0.0.1" if self.elsewhere else await loopback(self.target.hostname or "")
                self.begin()
                self._listener = await asyncio.get_running_loop().create_server(
                    lambda: Link(self, next(self._numbers)).client, host, 0, backlog=1024
                )
                self.port = self._listener.sockets[0].getsockname()[1]
                lifecycle.started(self)
        return self

    async def stop(self) -> None:
        """Reset all connections and free the port; the recording stays. Twice is fine, also at once."""
        async with self._changing:
            if self._listener is None:
                return
            listener, self._listener = self._listener, None
            lifecycle.stopped(self)
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
        """Take in a connection that the system has accepted."""
        self.links.add(link)
        if self._listener is None:  # accepted while the network stopped
            link.cut()
        else:
            link.begin()

    def cut(self) -> None:
        """Reset every connection, at both sides, at once. What was under way is lost; new connections pass."""
        for link in list(self.links):
            link.cut()

    def plan_anew(self, since: dict[Direction, float]) -> None:
        """Let everything that is due after `since` set off now."""
        super().plan_anew(since)
        for link in list(self.links):
            for pipe in (link.up, link.down):
                pipe.plan_anew(since[pipe.direction])


def checked(target: str) -> SplitResult:
    """Return the parts of a URL, its port among them. Raises ValueError where it is no ws, wss, http or https URL."""
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
    """Return the host's address. Raises ValueError where it is not this machine: lessons break no one's network."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ValueError(f"no such host: {host!r} ({error}); expected this machine, like 127.0.0.1") from None
    addresses = sorted((info[0], str(info[4][0]).partition("%")[0]) for info in found)
    for _, address in addresses:
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"{host!r} is {address}, not this machine: expected a server at 127.0.0.1 or localhost")
    return addresses[0][1]  # IPv4 first: it is what 127.0.0.1 stands for
