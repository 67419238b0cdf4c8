"""The conditions of a network: its delay, its bandwidth, and whether it is a black hole."""

import math
from time import perf_counter as clock  # finer than the loop's own clock on Windows, the same one elsewhere

from wslearn.common.chunk import Direction

#: Schemes of a target, each with its default port.
PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
#: Most bytes of one connection under way in one direction; then its sender has to wait.
WINDOW = 256 * 1024


class Conditions:
    """Delay, jitter, bandwidth and silence, which can be changed while bytes are under way."""

    def __init__(self, *, delay: float | tuple[float, float], jitter: float, bandwidth: float | None) -> None:
        self._queues_empty_at: dict[Direction, float] = {"up": 0.0, "down": 0.0}
        self.silent = False
        self.delay, self.jitter, self.bandwidth = delay, jitter, bandwidth

    def plan_anew(self, since: dict[Direction, float]) -> None:
        """Let everything that is due after `since` depart now."""
        self._queues_empty_at = {"up": 0.0, "down": 0.0}

    @property
    def delay(self) -> float | tuple[float, float]:
        """Seconds from one side to the other; a pair `(up, down)` if they differ."""
        up, down = self.delays.values()
        return up if up == down else (up, down)

    @delay.setter
    def delay(self, value: float | tuple[float, float]) -> None:
        up, down = value if isinstance(value, tuple | list) and len(value) == 2 else (value, value)
        self.delays: dict[Direction, float] = {"up": seconds("delay", up), "down": seconds("delay", down)}

    @property
    def jitter(self) -> float:
        """A random extra delay of at most so many seconds."""
        return self._jitter

    @jitter.setter
    def jitter(self, value: float) -> None:
        self._jitter = seconds("jitter", value)

    @property
    def bandwidth(self) -> float | None:
        """Bytes per second each way, shared by all connections; None: no limit."""
        return self._bandwidth

    @bandwidth.setter
    def bandwidth(self, value: float | None) -> None:
        if value is not None and not (is_number(value) and value > 0):
            raise ValueError(f"bandwidth must be bytes per second, more than 0, or None for no limit: got {value!r}")
        self._bandwidth = value
        # Bytes in the queue must not wait at the old speed; bytes that have left the queue stay as they are.
        self.plan_anew({way: clock() + delay + self.jitter for way, delay in self.delays.items()})

    def silence(self) -> None:
        """Become a black hole: nothing arrives any longer, neither bytes nor the end of a connection.

        Connections stay open. New ones seem to open, because the system accepts them, but get no response. Bytes are
        held, up to the window, and arrive late, after `heal()`, as when TCP sends them again. They cannot be lost,
        because a stream of bytes has no gaps.
        """
        self.silent = True

    def heal(self) -> None:
        """Let bytes pass again. Those that were held during the silence depart now."""
        if self.silent:
            self.silent = False
            self.plan_anew({"up": -math.inf, "down": -math.inf})

    def leaves_queue(self, direction: Direction, size: int) -> float:
        """Let `size` bytes queue for the bandwidth, and return the time at which the last of them departs."""
        turn = size / self.bandwidth if self.bandwidth else 0.0
        self._queues_empty_at[direction] = max(clock(), self._queues_empty_at[direction]) + turn
        return self._queues_empty_at[direction]

    def window(self, direction: Direction) -> float:
        """Return the most bytes of a connection that may be under way."""
        return max(WINDOW, (self.bandwidth or 0) * self.delays[direction])


def seconds(name: str, value: float) -> float:
    """Return a time in seconds. Raises ValueError for anything else, naming it `name`."""
    if not (is_number(value) and value >= 0):
        raise ValueError(f"{name} must be in seconds, 0 or more: got {value!r}")
    return float(value)


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
