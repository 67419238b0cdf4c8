"""Cancel tasks and wait for them, so that nothing is still running after a `stop()`.

`task.cancel()` is only a request: the task continues at its next turn, may clean up, and may even refuse. A `stop()`
that did not wait would leave the task and its resources on the event loop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable

logger = logging.getLogger("wslearn")

#: The time is counted in so many pauses, so that a machine that stands still takes one of them at most.
PAUSES = 10


async def end(tasks: Iterable[asyncio.Task], seconds: float, owner: str, also: Iterable[Awaitable] = ()) -> None:
    """Cancel `tasks`, and wait at most `seconds` until they and everything in `also` have ended; else log an error.

    The current task is left out, so that a handler can call its server's `stop()`. If it is cancelled while it waits,
    it continues to wait and raises the CancelledError afterwards, so that all tasks have ended.
    """
    own = {asyncio.current_task()}
    tasks = set(tasks) - own
    for task in tasks:
        task.cancel()
    left = tasks | {asyncio.ensure_future(one) for one in also} - own
    pauses, cancelled = 0, None
    while left and pauses < PAUSES:
        try:
            _, left = await asyncio.wait(left, timeout=seconds / PAUSES)
            pauses += 1
        except asyncio.CancelledError as error:
            cancelled = error
            left = {one for one in left if not one.done()}
    if left:
        logger.error("%s: %d of its tasks have not ended after %g s", owner, len(left & tasks or left), seconds)
    for one in left - tasks:
        one.cancel()
    if cancelled:
        raise cancelled
