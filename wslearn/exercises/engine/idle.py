"""Is a loop idle? Measured so that a busy machine changes nothing, neither for one that is nor for one that isn't."""

import asyncio
import time
from typing import Any

#: A loop that had something to do for this share of the time isn't idle, if its thread also computed for this share.
BUSY, COMPUTES = 0.5, 0.02
#: So often one is watched again that had something to do, and got no processor for it.
AGAIN = 20
#: And so often at least: what still has to be done when clients leave comes to an end, even if this takes a while.
ENDS = 4


async def busy(seconds: float) -> float:
    """Watch the running loop for so long, and return for which share of the time it had something to do; 0 if idle.

    A loop without anything to do waits in its selector, however long the machine takes to wake it up. One that is
    always busy never waits there, however little of a processor it gets.
    """
    selector: Any = getattr(asyncio.get_running_loop(), "_selector", None)
    computed, waited = time.thread_time(), 0.0
    if selector is None:  # another loop than asyncio's own
        await asyncio.sleep(seconds)
        return share if (share := (time.thread_time() - computed) / seconds) > BUSY else 0.0
    original = selector.select

    def select(timeout: float | None = None) -> Any:
        nonlocal waited
        since = time.perf_counter()
        try:
            return original(timeout)
        finally:
            if timeout is None or timeout > 0:
                waited += time.perf_counter() - since

    selector.select = select
    try:
        for turn in range(AGAIN):
            began, waited = time.perf_counter(), 0.0
            await asyncio.sleep(seconds)
            share = 1 - waited / (time.perf_counter() - began)
            if share <= BUSY:
                return 0.0
            if turn + 1 >= ENDS and time.thread_time() - computed > COMPUTES * seconds:
                return share
    finally:
        selector.select = original
    return 0.0
