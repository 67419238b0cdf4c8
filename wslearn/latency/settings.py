"""The settings of a measurement and its results. Lesson 01."""

from dataclasses import dataclass
from statistics import median, quantiles

from wslearn.network import is_number, seconds

#: From a request to its response, in round trips of the network in theory.
ROUND_TRIPS = {"http-new": 2.0, "http-keepalive": 1.0, "websocket": 1.0}
#: From an event on the server to its arrival at the client. Polling also waits for the next poll.
PUSHES = {"polling": 0.5, "long-polling": 0.5, "sse": 0.5, "websocket": 0.5}
#: Largest payload in bytes, which is the default limit of a server. Longest interval in seconds, for which a server
#: must keep a connection alive.
MAX_PAYLOAD, MAX_INTERVAL = 64 * 1024, 5.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The messages to measure, and the network. Raises ValueError for a value that cannot be measured.

    - `push`: measure from an event on the server to its arrival, not from a request to its response.
    - `transports`: names in `PUSHES` or in `ROUND_TRIPS`; all of them by default.
    - `delay`: seconds one way; `jitter`: a random extra delay of at most so many seconds, for each chunk of bytes.
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
        """The transports to measure, each once."""
        return tuple(dict.fromkeys(self.transports)) or tuple(PUSHES if self.push else ROUND_TRIPS)


class MeasurementError(RuntimeError):
    """Nothing can be measured; the text names the transport, the address, and a way out."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The results for one transport.

    - `spans`: the start and the arrival of each message, in seconds since the measurement began.
    - `bytes_up`, `bytes_down`: average bytes of a message on the wire (TCP's payload), without the set-up.
    - `setup`, `setup_bytes`: seconds and bytes before the first message.
    - `notes`: warnings for a reader of the numbers, such as a patched event loop.
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
        """Half of the messages took at most so many seconds."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """95 % of the messages took at most so many seconds."""
        return self._percentile(95)

    @property
    def p99(self) -> float:
        """99 % of the messages took at most so many seconds."""
        return self._percentile(99)

    def _percentile(self, percent: int) -> float:
        times = self.times
        return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]

    @property
    def theory(self) -> float:
        """Seconds that the network alone costs the median message, without the time of the programs."""
        settings = self.settings
        one_way = settings.delay + settings.jitter / 2
        if not settings.push:
            return ROUND_TRIPS[self.transport] * 2 * one_way
        # A poll comes one interval after the last response, and an event waits half of that time on average.
        waits = (settings.interval + 2 * one_way) / 2 if self.transport == "polling" else 0.0
        return waits + PUSHES[self.transport] * 2 * one_way
