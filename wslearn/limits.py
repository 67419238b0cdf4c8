"""What a connection may cost: size, rate, count, unsent bytes.

A server that has no limits is stopped by its first careless client. Every lesson's server starts with these,
and `wslearn serve` has an option for each. Lesson 07 shows what happens without them.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from time import monotonic

from wslearn.common.authority import host_of


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one server. `None` switches a limit off.

    Raises ValueError where a value is not a positive number.
    """

    #: Largest message that is accepted, in bytes; a larger one is answered with close code 1009.
    max_size: int | None = 64 * 1024
    #: Connections at one time; one more is answered with HTTP 503 at the handshake.
    max_connections: int | None = 1000
    #: Time for the opening handshake, in seconds.
    open_timeout: float | None = 10
    #: Messages per second of one connection, with bursts of twice as many; over it an error message, then 1008.
    rate: float | None = None
    #: Time to authenticate, in seconds, where the server asks for it; then close code 1008.
    auth_timeout: float | None = 5
    #: Bytes waiting for a client that reads too slowly; with more its connection is aborted.
    max_unsent: int | None = 1024 * 1024
    #: Time for which bytes may wait and none leave, in seconds; then the connection is aborted.
    stall_timeout: float | None = 5
    #: `"deflate"` or None. Off, because it costs 40 KiB a connection and more (RFC 7692, permessage-deflate).
    compression: str | None = None
    #: Origins allowed besides the server's own, like `"https://example.org"`; `"null"` is a page opened from disk, and
    #: any page's sandboxed frame. None: every page may connect.
    origins: tuple[str, ...] | None = ()
    #: Names of the server besides IP addresses and `localhost`, like `"hub.example.org"`. None: every name.
    hosts: tuple[str, ...] | None = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name in ("origins", "hosts"):
                if not isinstance(value, tuple | list | set | frozenset) or not all(isinstance(v, str) for v in value):
                    raise ValueError(f"{field.name}: expected a tuple of texts or None, got {value!r}")
                for host in value if field.name == "hosts" else ():
                    _check_host(host)
            elif field.name == "compression":
                if value != "deflate":
                    raise ValueError(f"compression: expected 'deflate' or None, got {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ValueError(f"{field.name}: expected a number above 0, or None for no limit, got {value!r}")


def _check_host(host: str) -> None:
    try:
        host_of(host)
    except ValueError:
        raise ValueError(f"hosts: expected names like 'hub.example.org', got {host[:100]!r}") from None


class TokenBucket:
    """Allow `rate` messages a second, and bursts of `burst` (twice the rate, unless given).

    The bucket holds `burst` tokens and gets `rate` new ones a second; a message takes one. It keeps two numbers and
    needs no timer. `clock` returns seconds. The idea is old: Turner, "New directions in communications", 1986.
    """

    def __init__(self, rate: float, burst: float | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.rate, self.clock = rate, clock
        self.burst = max(1, 2 * rate) if burst is None else burst
        self.tokens, self.filled_at = self.burst, clock()

    def _fill(self) -> None:
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now

    def take(self) -> bool:
        """Take a token, and tell whether there was one."""
        self._fill()
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    @property
    def full(self) -> bool:
        """Whether nothing has been taken for long enough."""
        self._fill()
        return self.tokens >= self.burst
