"""The start of a listener, and its end, so that neither leaves anything: not a socket, and not a client."""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from wslearn.common import tasks

L = TypeVar("L")
#: Timeout of a listener's start that is cancelled, in seconds.
TIMEOUT = 10.0


async def listen(creating: Awaitable[L]) -> L:
    """Return the listener that `creating` returns. If this is cancelled, close it.

    `loop.create_server` pauses for a turn after it has begun to listen. If it is cancelled then, it raises, and the
    listener stays open, which nobody knows of (asyncio of Python 3.11 to 3.13).
    """
    task = asyncio.ensure_future(creating)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(asyncio.CancelledError):
            await tasks.end((), TIMEOUT, "listener", [task])
        if task.done() and not task.cancelled() and not task.exception():
            listener: Any = task.result()
            await stop_accepting(listener.sockets)
            listener.close()
            await listener.wait_closed()
        raise


async def stop_accepting(listening: Iterable[Any]) -> None:
    """Accept no more connections on these sockets, and wait until those that were accepted have their transport.

    asyncio makes the transport in a task. If the listener has closed before that task runs, asyncio (seen with
    Python 3.11) neither serves nor closes the connection, and its client waits in vain.
    """
    for one in listening:
        with suppress(NotImplementedError):  # on Windows there is nothing to remove, and on uvloop no such task
            asyncio.get_running_loop().remove_reader(one.fileno())
    for _ in range(2):  # a turn for the tasks, and one for what they have put on the loop
        await asyncio.sleep(0)
