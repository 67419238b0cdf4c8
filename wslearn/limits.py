"""Limits for the clients of a server: size, rate, number, unsent bytes.

The first careless client stops a server without limits, as lesson 07 shows. Every lesson's server has these limits, and
`wslearn serve` has an option for each.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from time import monotonic

from wslearn.common.authority import host_of


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one server. `None` switches a limit off. Raises ValueError for an invalid value."""

    #: Largest message, in bytes; a larger one closes the connection with 1009.
    max_size: int | None = 64 * 1024
    #: Connections at the same time; the response to one more handshake is HTTP 503.
    max_connections: int | None = 1000
    #: Timeout of the opening handshake, in seconds.
    open_timeout: float | None = 10
    #: Messages per second of one connection, with bursts of twice as many; above it an error message, then 1008.
    rate: float | None = None
    #: Time to authenticate, in seconds, if the server requires it; then close code 1008.
    auth_timeout: float | None = 5
    #: Bytes queued for a client that reads too slowly; with more its connection is dropped. Over TLS the event loop
    #: hides what it has encrypted, so one large message gets through (findings/asyncio_tls_hides_unsent_bytes.sh).
    max_unsent: int | None = 1024 * 1024
    #: Seconds for which queued bytes may stay without any of them going out; then the connection is dropped. So is a
    #: client that reads, but for which publishers have waited so many seconds in total (`wslearn.server.slow_readers`).
    stall_timeout: float | None = 5
    #: `"deflate"` or None. Off by default, because it costs 40 KiB or more per connection (RFC 7692).
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
                    raise ValueError(f"{field.name}: expected a tuple of strings or None, got {value!r}")
                for host in value if field.name == "hosts" else ():
                    try:
                        host_of(host)
                    except ValueError:
                        wanted = "names like 'hub.example.org'"
                        raise ValueError(f"hosts: expected {wanted}, got {host[:100]!r}") from None
            elif field.name == "compression":
                if value != "deflate":
                    raise ValueError(f"compression: expected 'deflate' or None, got {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ValueError(f"{field.name}: expected a number above 0, or None for no limit, got {value!r}")


class TokenBucket:
    """Allow `rate` messages a second, and bursts of `burst` (by default twice the rate).

    The bucket holds `burst` tokens and gets `rate` new ones a second; a message takes one. It keeps two numbers and
    needs no timer. `clock` returns seconds. Source: Turner, "New directions in communications", 1986.
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
        """Whether the bucket has been refilled completely."""
        self._fill()
        return self.tokens >= self.burst
