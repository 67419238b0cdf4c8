"""A client that comes back: reconnect with exponential back-off and full jitter, and know when to give up. Lesson 06.

It uses `websockets.asyncio.client.connect` as it is; what is added is when to call it again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

#: Close codes after which the same client would only be refused again (RFC 6455, section 7.4.1).
TERMINAL_CODES = frozenset({1000, 1002, 1003, 1007, 1008, 1009, 1010})


def backoff(base: float = 0.5, cap: float = 30.0, rng: random.Random | None = None) -> Iterator[float]:
    """Yield how many seconds to wait before each next attempt: between 0 and `base`, 2 `base`, 4 `base`, … `cap`.

    Drawn from the whole range ("full jitter"), so that thousands of clients that lost one server at one moment do not
    return at one moment. Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    rng = rng or random.Random()
    limit = base
    while True:
        yield rng.uniform(0, limit)
        limit = min(cap, 2 * limit)


async def stay_connected(
    url: str,
    talk: Callable[[ClientConnection], Awaitable[None]],
    *,
    base: float = 0.5,
    cap: float = 30.0,
    rng: random.Random | None = None,
) -> None:
    """Connect to `url`, run `talk(ws)`, and connect again whenever the connection is lost, until `talk` returns.

    Each connection that was made begins the back-off anew. Raises ConnectionClosed where the server closed with a
    code that another attempt would only meet again, and InvalidStatus where it refused the handshake for good (4xx).
    """
    waits = backoff(base, cap, rng)
    while True:
        try:
            async with connect(url) as ws:
                waits = backoff(base, cap, rng)
                await talk(ws)
                return
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in TERMINAL_CODES:
                raise
        except InvalidStatus as refused:
            if refused.response.status_code < 500:
                raise
        except (OSError, EOFError, InvalidMessage):
            pass  # nobody listens, or the network is gone, or the handshake broke off: worth another attempt
        await asyncio.sleep(next(waits))
