"""What a transport costs in time and in bytes: measured on a network that the lesson controls. Lesson 01."""

from dataclasses import dataclass
from statistics import median, quantiles

#: From a request to its answer, in round trips of the network that theory asks for.
ROUND_TRIPS = {"http-new": 2.0, "http-keepalive": 1.0, "websocket": 1.0}
#: From an event on the server to its arrival at the client. Polling waits for the next poll besides.
PUSHES = {"polling": 0.5, "long-polling": 0.5, "sse": 0.5, "websocket": 0.5}


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
