"""A connection to an engine, and whether the engine answers. Lesson 10.

The library reconnects; what it leaves to its users is here: clear errors at the start, a bound on each wait, and the
news that an engine is out of reach. A frozen engine's connections stay open, so only an answer shows that it is there.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error, MaxPayloadError
from nats.js import JetStreamContext

from wslearn.hubs.engine import TOKEN
from wslearn.hubs.hub import HubLost

logger = logging.getLogger("wslearn")

#: Timeouts of the first connection, and of one question to the engine, in seconds.
CONNECT_TIMEOUT, TIMEOUT = 5.0, 1.0
#: Seconds without an answer after which the engine is out of reach.
LOST = 3.0
#: The longest time for storing a message, in seconds. It is more than LOST, so that a short outage is survived.
PATIENCE = 5.0
#: Time between two attempts, in seconds.
PAUSE = 0.05
#: The oldest engine that has everything that a hub needs.
OLDEST = (2, 10)

T = TypeVar("T")
#: What the library raises when an engine does not answer as it should.
FAILURES = (Error, OSError, TimeoutError)


class Link:
    """A connection to the engine at `url`, with the token of the environment. Raises ValueError for a bad URL."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self._token = checked(url), token
        self.nc = Client()
        self.js: JetStreamContext
        self.lost = False
        #: Set while there is a connection, and when the engine is out of reach: there is no use in waiting then.
        self.turn = asyncio.Event()
        #: Counts the connections.
        self.connections = 0
        self._answered = 0.0
        self._failed = 0
        self._trouble: Exception | None = None

    async def connect(self) -> None:
        """Connect. Raises RuntimeError with a clear sentence."""
        self.nc = Client()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.nc.connect(
                    self.url,
                    name="wslearn",
                    token=self._token or os.environ.get(TOKEN) or None,
                    # The first connection is made once: the library's attempts can't be cancelled.
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    # The library's own values notice a silent engine after four minutes.
                    reconnect_time_wait=0.2,  # type: ignore[arg-type]
                    connect_timeout=2,
                    ping_interval=1,
                    max_outstanding_pings=2,
                    flush_timeout=TIMEOUT,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnect,
                    reconnected_cb=self._on_reconnect,
                    closed_cb=self._on_disconnect,
                )
        except (*FAILURES, ValueError) as error:
            await self.close()
            raise RuntimeError(self._explain(self._trouble or error)) from None
        except asyncio.CancelledError:
            await self.close()
            raise
        self.nc.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1}  # for ever
        version = str(self.nc._server_info.get("version", ""))
        if not _is_new_enough(version) or not self.nc._server_info.get("jetstream"):
            await self.close()
            wanted = f"expected nats-server {'.'.join(map(str, OLDEST))} or newer, with JetStream switched on (-js)"
            raise RuntimeError(f"{wanted}, and version {version or 'unknown'} answered at {self.url}")
        self.js = self.nc.jetstream(timeout=TIMEOUT)
        self.connections += 1
        self.turn.set()

    def _explain(self, error: Exception) -> str:
        if "authorization" in str(error).lower():
            return f"the engine at {self.url} refused the token: set {TOKEN} to the engine's token"
        if "info" in str(error).lower() or isinstance(error, ValueError):
            return f"the program at {self.url} is no nats-server: {error}"
        return f"no engine answers at {self.url}: {str(error) or type(error).__name__}"

    async def _on_error(self, error: Exception) -> None:
        self._trouble = error
        logger.debug("engine: %r", error)

    async def _on_disconnect(self) -> None:
        if not self.lost:
            self.turn.clear()

    async def _on_reconnect(self) -> None:
        self.connections += 1
        self.turn.set()

    def answered(self) -> None:
        """Take note that the engine has answered."""
        self._answered, self._failed = asyncio.get_running_loop().time(), 0

    def failed(self) -> bool:
        """Take note that it has not; return whether it is out of reach now.

        After this process itself was frozen, the clock has gone on. So one failure is never enough.
        """
        self._failed += 1
        return self._failed > 1 and asyncio.get_running_loop().time() - self._answered >= LOST

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of an attempt that may be repeated until it succeeds.

        Raises HubLost when the engine is out of reach or PATIENCE is over, ValueError for a message that is too large.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        why: Exception | None = None
        while loop.time() < until and not self.nc.is_closed:
            if not self.turn.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await self.turn.wait()
            if self.lost:
                break
            if self.nc.is_connected:
                try:
                    return await attempt()
                except MaxPayloadError:
                    raise ValueError(f"the engine takes messages of at most {self.nc.max_payload:,} bytes") from None
                except FAILURES as error:
                    why = error
            await asyncio.sleep(PAUSE)
        raise HubLost("the engine does not answer") from why

    async def close(self) -> None:
        """Close the connection, in bounded time and without an error."""
        self.turn.set()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self.nc.close()
        except FAILURES as error:
            logger.debug("close: %r", error)
        # With a frozen engine, the library waits until everything is sent.
        writer = getattr(getattr(self.nc, "_transport", None), "_io_writer", None)
        if writer is not None:
            writer.transport.abort()


def checked(url: str) -> str:
    """Return the URL of an engine. Raises ValueError for anything else."""
    parts = urlsplit(url if isinstance(url, str) else "")
    try:
        valid = parts.scheme in ("nats", "tls") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"expected a URL like nats://127.0.0.1:4222, got {str(url)[:100]!r}")
    if parts.username or parts.password:
        raise ValueError(f"other users can read a command line: put the token into {TOKEN}, not into the URL")
    return url


def _is_new_enough(version: str) -> bool:
    parts = version.split("-")[0].split(".")[:2]
    return all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= OLDEST
