"""A client that reconnects, with exponential back-off and full jitter, and knows when to give up. Lesson 06.

It uses `websockets.asyncio.client.connect` as it is, and adds the decision when to call it again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.http11 import Response

from wslearn.client.connection import SafeConnection
from wslearn.common.close_codes import TERMINAL as TERMINAL_CODES

__all__ = ["TERMINAL_CODES", "backoff", "retry_after", "stay_connected"]

#: Refusals of a handshake that are temporary, although their numbers are below 500: too slow, too often.
NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def backoff(base: float = 0.5, cap: float = 30.0, rng: random.Random | None = None) -> Iterator[float]:
    """Yield how many seconds to wait before each next attempt: between 0 and `base`, 2 `base`, 4 `base`, … `cap`.

    No wait is above `cap`, not even the first. Drawn from the whole range ("full jitter"), so that thousands of clients
    that lost one server at one moment do not return at one moment. Source: Marc Brooker, "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015.
    """
    rng = rng or random.Random()
    limit = min(cap, base)
    while True:
        yield rng.uniform(0, limit)
        limit = min(cap, 2 * limit)


def retry_after(response: Response, longest: float = 300.0) -> float:
    """Return how many seconds a response asks its client to wait, at most `longest`.

    That is its `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3), or 0 without a valid one.
    """
    for value in response.headers.get_all("Retry-After"):
        text = value.strip()
        try:
            if text.isascii() and text.isdecimal():
                return min(float(text), longest)
            date = parsedate_to_datetime(text)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time()
        except (ValueError, OverflowError):
            continue
        return min(max(seconds, 0.0), longest)
    return 0.0


def _went_away(ws: ClientConnection) -> bool:
    """Tell whether the server closed the connection first, with a code after which a client may reconnect."""
    close = ws.protocol.close_rcvd
    return close is not None and bool(ws.protocol.close_rcvd_then_sent) and close.code not in TERMINAL_CODES


async def stay_connected(
    url: str,
    talk: Callable[[ClientConnection], Awaitable[None]],
    *,
    base: float = 0.5,
    cap: float = 30.0,
    rng: random.Random | None = None,
    stable: float = 5.0,
    max_retry_after: float = 300.0,
) -> None:
    """Connect to `url`, run `talk(ws)`, and connect again whenever the connection is lost, until `talk` returns.

    `async for message in ws` ends without an error when the server goes away (1001), and so does a `talk` that does
    nothing else. That counts as a lost connection too.

    Only a connection that has lasted for `stable` seconds resets the back-off, so that the waits grow for a server that
    accepts and closes at once, as with 1013 (try again later). If a refused handshake says when to return
    (`Retry-After`), the wait is longer by that time, but by at most `max_retry_after` seconds.

    Raises ConnectionClosed if the server closed with a code after which another attempt would end in the same way, and
    InvalidStatus if it refused the handshake permanently: with any status below 500 except 408 and 429.
    """
    waits = backoff(base, cap, rng)
    while True:
        lasted = asked = 0.0
        try:
            async with connect(url, create_connection=SafeConnection) as ws:
                opened = time.monotonic()
                try:
                    await talk(ws)
                finally:
                    lasted = time.monotonic() - opened  # before the closing handshake, which may take a while
                if not _went_away(ws):
                    return
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in TERMINAL_CODES:
                raise
        except InvalidStatus as refused:
            if refused.response.status_code < 500 and refused.response.status_code not in NOT_NOW:
                raise
            asked = retry_after(refused.response, max_retry_after)
        except (OSError, EOFError, InvalidMessage):
            pass  # no server, no network, or a handshake that broke off: another attempt may succeed
        if lasted >= stable:
            waits = backoff(base, cap, rng)
        await asyncio.sleep(asked + next(waits))  # more than the server asked for, which is the same for all clients
