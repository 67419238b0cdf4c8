"""Tells the other servers who is on this one, and listens to them. Lesson 10."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress

from nats.aio.msg import Msg

from wslearn.hubs.leases import BEAT, Leases
from wslearn.hubs.link import FAILURES, TIMEOUT, Link

logger = logging.getLogger("wslearn")

#: The subject on which servers tell who is there.
SUBJECT = "wslearn.here"
#: The shortest time between two messages about members, in seconds: many changes, one message.
TOGETHER = 0.03


class Whereabouts:
    """The leases of the servers at an engine, with the messages that keep them alive."""

    def __init__(self, link: Link, tell: Callable[[str], None], number: Callable[[int], None]) -> None:
        self.leases = Leases(secrets.token_hex(8), tell, number)
        self._link = link
        self._news = asyncio.Event()

    def changed(self, topic: str, members: Collection[str], server: str) -> None:
        """Take note of a topic's members on one server of this process, and tell the others."""
        if self.leases.changed(topic, members, server):
            self._news.set()

    def again(self) -> None:
        """Tell everything, and ask the others for everything: messages may have been lost."""
        self.leases.again()
        self._news.set()

    async def listen(self) -> None:
        """Listen to the others, and begin by asking."""
        await self._link.nc.subscribe(SUBJECT, cb=self._hear)
        self.again()

    async def tell(self) -> None:
        """Tell the others who is here whenever that has changed, and twice a second."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._news.wait()
            self._news.clear()
            if self._link.nc.is_connected:  # otherwise it would arrive late, all at once
                await self._send(self.leases.message())
            await asyncio.sleep(TOGETHER)

    async def end(self) -> None:
        """Tell the others that this server is about to stop."""
        if self._link.nc.is_connected:
            with suppress(*FAILURES):
                async with asyncio.timeout(TIMEOUT):
                    await self._send(self.leases.message(ends=True))
                    await self._link.nc.flush(1)

    async def _send(self, data: bytes) -> None:
        try:
            await self._link.nc.publish(SUBJECT, data)
        except FAILURES as error:
            logger.debug("members could not be told: %r", error)

    async def _hear(self, message: Msg) -> None:
        self.leases.heard(message.data, asyncio.get_running_loop().time())
        if self.leases.due:
            self._news.set()
