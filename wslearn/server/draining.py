"""Empty a server before it stops, so that its clients go on elsewhere. Lesson 10.

A server that stops at once sends all its clients to the others in the same moment. A server that drains takes no new
client, and asks the present ones in waves to connect again.
"""

import asyncio
import random

from websockets.frames import CloseCode

from wslearn.server.log import logger
from wslearn.server.server import Server

#: Number of waves, and the time that all of them together take, in seconds.
WAVES, SECONDS = 5, 1.0


async def drain(server: Server, waves: int = WAVES, seconds: float = SECONDS) -> None:
    """Answer new handshakes with 503 from now on, and close the present connections with 1012, one wave after another.

    It takes `seconds`, and at most as long again as the closing handshakes may. The server goes on until `stop()`.
    """
    server.draining = True
    clients = list(server.connections)
    random.shuffle(clients)
    logger.info("%s sends its %d clients elsewhere", server.name, len(clients))
    closing = []
    for wave in range(waves):
        for ws in clients[wave::waves]:
            closing.append(asyncio.create_task(ws.close(CloseCode.SERVICE_RESTART, "the server restarts")))
        if clients:
            await asyncio.sleep(seconds / waves)
    if closing:
        await asyncio.wait(closing, timeout=seconds)
