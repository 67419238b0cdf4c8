"""Tasks that somebody started and has to end: cancelled, and waited for, so that nothing runs on after a `stop()`.

`task.cancel()` only asks. The task goes on at its next turn, may still clean up, and may even refuse. A `stop()` that
returned before would leave it on the event loop, with whatever it still holds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable

logger = logging.getLogger("wslearn")


async def end(tasks: Iterable[asyncio.Task], seconds: float, owner: str, also: Iterable[Awaitable] = ()) -> None:
    """Cancel `tasks`, and wait until they and what is in `also` have ended: `seconds` at most, then the log says so.

    The current task is left out: whoever calls a `stop()` goes on. Where it is cancelled meanwhile, it waits all the
    same, and raises the CancelledError afterwards: otherwise half of the tasks would be left behind after all.
    """
    own = {asyncio.current_task()}
    tasks = set(tasks) - own
    for task in tasks:
        task.cancel()
    left = tasks | {asyncio.ensure_future(one) for one in also} - own
    loop, cancelled = asyncio.get_running_loop(), None
    late = loop.time() + seconds
    while left and loop.time() < late:
        try:
            _, left = await asyncio.wait(left, timeout=late - loop.time())
        except asyncio.CancelledError as error:
            cancelled = error
            left = {one for one in left if not one.done()}
    if left:
        logger.error("%s: %d of its tasks have not ended after %g s", owner, len(left & tasks or left), seconds)
    for one in left - tasks:
        one.cancel()
    if cancelled:
        raise cancelled
