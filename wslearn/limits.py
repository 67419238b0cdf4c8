"""What a connection may cost: size, rate, count, unsent bytes.

A server that has no limits is stopped by its first careless client. Every lesson's server starts with these,
and `wslearn serve` has an option for each. Lesson 07 shows what happens without them.
"""

from dataclasses import dataclass, fields


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
    #: `"deflate"` or None. Off, because it costs 40 KiB a connection (RFC 7692, permessage-deflate).
    compression: str | None = None
    #: Origins allowed besides the server's own, like `"https://example.org"`. None: every page may connect.
    origins: tuple[str, ...] | None = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name == "origins":
                if isinstance(value, str) or not all(isinstance(origin, str) for origin in value):
                    raise ValueError(f"origins: expected a tuple of texts or None, got {value!r}")
            elif field.name == "compression":
                if value != "deflate":
                    raise ValueError(f"compression: expected 'deflate' or None, got {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ValueError(f"{field.name}: expected a number above 0, or None for no limit, got {value!r}")
