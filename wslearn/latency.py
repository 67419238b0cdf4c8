"""What a transport costs in time and in bytes: measured on a network that the lesson controls. Lesson 01.

for sample in await measure(Settings(delay=0.025)):
    print(sample.transport, sample.median, sample.theory)
"""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

from wslearn.network import checked, is_number, seconds
from wslearn.process import ServerProcess

if TYPE_CHECKING:
    from wslearn.measuring import Run

#: From a request to its answer, in round trips of the network that theory asks for.
ROUND_TRIPS = {"http-new": 2.0, "http-keepalive": 1.0, "websocket": 1.0}
#: From an event on the server to its arrival at the client. Polling waits for the next poll besides.
PUSHES = {"polling": 0.5, "long-polling": 0.5, "sse": 0.5, "websocket": 0.5}
#: Largest payload in bytes: what a server takes unless told otherwise. Longest interval in seconds: a kept-alive
#: connection must live that long.
MAX_PAYLOAD, MAX_INTERVAL = 64 * 1024, 5.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured, and over which network. Raises ValueError for a value that cannot be measured.

    - `push`: from an event on the server to its arrival, and not from a request to its answer.
    - `transports`: names in `PUSHES` or in `ROUND_TRIPS`; all of them unless given.
    - `delay`: seconds one way; `jitter`: up to so many seconds more, drawn anew for each chunk of bytes.
    - `payload`: bytes a message; `count`: messages of each transport; `interval`: seconds between two polls.
    """

    push: bool = False
    transports: tuple[str, ...] = ()
    delay: float = 0.0
    jitter: float = 0.0
    payload: int = 32
    count: int = 20
    interval: float = 0.1

    def __post_init__(self) -> None:
        known = PUSHES if self.push else ROUND_TRIPS
        if isinstance(self.transports, str) or not all(name in known for name in self.transports):
            what = "with push" if self.push else "for round trips"
            raise ValueError(f"transports: expected names among {', '.join(known)} {what}, got {self.transports!r}")
        object.__setattr__(self, "transports", tuple(self.transports))
        for name in ("delay", "jitter"):
            seconds(name, getattr(self, name))
        if not (is_number(self.interval) and 0 < self.interval <= MAX_INTERVAL):
            raise ValueError(f"interval must be above 0 and at most {MAX_INTERVAL:g} seconds: got {self.interval!r}")
        for name, least, most in (("payload", 0, MAX_PAYLOAD), ("count", 1, None)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least or (most and value > most):
                upper = f" and at most {most:,}" if most else ""
                raise ValueError(f"{name} must be a whole number, at least {least}{upper}: got {value!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """The transports that are measured, each once."""
        return tuple(dict.fromkeys(self.transports)) or tuple(PUSHES if self.push else ROUND_TRIPS)


class MeasurementError(RuntimeError):
    """Nothing can be measured; its text names the transport, the address, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """All that was measured of one transport.

    - `spans`: for each message when it began and when it was there, in seconds since the measurement began.
    - `bytes_up`, `bytes_down`: a message's share of the bytes on the wire (TCP's payload), set-up apart.
    - `setup`, `setup_bytes`: seconds and bytes until the first message could be sent.
    - `notes`: what a reader of the numbers must know, such as a patched event loop.
    """

    transport: str
    settings: Settings
    spans: tuple[tuple[float, float], ...]
    bytes_up: float
    bytes_down: float
    setup: float
    setup_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def times(self) -> tuple[float, ...]:
        """Seconds of each message, in the order in which they were measured."""
        return tuple(end - begin for begin, end in self.spans)

    @property
    def median(self) -> float:
        """Seconds that half of the messages needed at most."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """Seconds that 95 % of the messages needed at most."""
        return self._percentile(95)

    @property
    def p99(self) -> float:
        """Seconds that 99 % of the messages needed at most."""
        return self._percentile(99)

    def _percentile(self, percent: int) -> float:
        times = self.times
        return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]

    @property
    def theory(self) -> float:
        """Seconds that the network alone costs the median message; what programs need comes on top."""
        settings = self.settings
        one_way = settings.delay + settings.jitter / 2
        if not settings.push:
            return ROUND_TRIPS[self.transport] * 2 * one_way
        # A poll comes an interval after the answer to the one before; an event waits half of that time.
        waits = (settings.interval + 2 * one_way) / 2 if self.transport == "polling" else 0.0
        return waits + PUSHES[self.transport] * 2 * one_way


async def measure(
    settings: Settings,
    *,
    urls: tuple[str, str] | None = None,
    server: ServerProcess | None = None,
    progress: Callable[[int, int], None] | None = None,
    time_limit: float | None = 60.0,
) -> list[Sample]:
    """Measure each transport, and return a sample of each, in the order of `settings.names`.

    The server is `ServerProcess("comparison")`, started for this unless a running one is given as `server`, or the
    addresses `(ws, http)` of one that runs elsewhere as `urls`; that machine's own network then comes on top.
    `progress(done, total)` is told how many messages are done. After `time_limit` seconds there is what there is, with
    a note; None: no limit. Cancelling it leaves no connection, network, task or process.

    Every transport has a simulated network of its own, which delays its bytes and counts them. The first messages warm
    up and do not count. Round trips take turns, in a random order in each round. An event is published once for all
    transports, over a connection without delay, when all wait for it (a long poll must be back at the server), and with
    polling at an even choice of moments between two polls. It begins when the server has stamped it, by the server's
    clock, which is read as Cristian described in 1989: on one machine this is wrong by 0.1 ms or so.

    The garbage collector runs once before, and stays on. Loop and process are shared by the clients and their networks:
    what else runs on this event loop delays both.

    Raises MeasurementError with a clear message where a server cannot be reached, is none for comparison, goes away, or
    where the time limit came before the first message; and for a URL that is neither ws nor http.
    """
    from wslearn.measuring import Run  # which loads aiohttp

    loop = asyncio.get_running_loop()
    notes = []
    if hasattr(asyncio, "_nest_patched") or hasattr(loop, "_nest_patched"):
        notes.append("the event loop is patched (nest_asyncio): times are longer than they should be")
    if loop.get_debug():
        notes.append("the event loop is in debug mode: times are longer than they should be")
    async with AsyncExitStack() as stack:
        if urls is None:
            server = server or await stack.enter_async_context(ServerProcess("comparison"))
            urls = server.url, server.page_url
        run = Run(settings, *_checked(urls), progress or (lambda done, total: None))
        gc.collect()
        try:
            async with asyncio.timeout(time_limit) as limit:
                await run.run()
        except TimeoutError:
            if not limit.expired():
                raise
            if not any(run.spans.values()):
                raise MeasurementError(
                    f"{', '.join(settings.names)}: no message was through after {time_limit:g} seconds, the time "
                    f"limit: allow more of them, or less delay than {settings.delay:g} s"
                ) from None
    if settings.push and run.clock_error > 0.001:
        notes.append(f"the server's clock is known to within {run.clock_error * 1000:.1f} ms")
    return [_sample(settings, run, name, notes, time_limit) for name in settings.names if run.spans[name]]


def _checked(urls: tuple[str, str]) -> list[str]:
    """Return the two URLs. Raises MeasurementError where one is not what it has to be."""
    for url, scheme in zip(urls, ("ws", "http"), strict=True):
        try:
            found = checked(url).scheme
        except ValueError as error:
            raise MeasurementError(f"{scheme}: {error}") from None
        if found not in (scheme, f"{scheme}s"):
            raise MeasurementError(f"expected a {scheme}:// or {scheme}s:// URL as the {scheme} address, got {url!r}")
    return list(urls)


def _sample(settings: Settings, run: "Run", name: str, notes: list[str], time_limit: float | None) -> Sample:
    spans, probe = run.spans[name], run.probes[name]
    (up_before, down_before), (up, down) = run.sizes[name]
    if len(spans) < settings.count:
        ended = f"the time limit of {time_limit:g} s ended it after {len(spans)} of {settings.count} messages"
        notes = [*notes, ended]
    return Sample(
        transport=name,
        settings=settings,
        spans=tuple((begin - run.began, end - run.began) for begin, end in spans),
        bytes_up=(up - up_before) / len(spans),
        bytes_down=(down - down_before) / len(spans),
        setup=probe.setup,
        setup_bytes=probe.setup_bytes,
        notes=tuple(notes),
    )
