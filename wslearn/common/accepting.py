"""The end of a listener, without forgetting a client that is being accepted at that moment."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any


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
