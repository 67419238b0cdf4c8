"""A topic of the engine, followed from the first message that is kept: nothing twice, and every gap is noticed.

The engine numbers what it sends to a consumer, so a message that got lost on the way leaves a gap in the numbers.
A message that the engine itself has dropped before it was sent leaves none. But then as many messages wait as are kept
at most, and the engine tells that number with each message. Lesson 10.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from nats.aio.msg import Msg
from nats.js import api

from wslearn.hubs.hub import Heard
from wslearn.hubs.link import FAILURES, Link

logger = logging.getLogger("wslearn")

#: Seconds between two heartbeats of a consumer, and without any after which it is replaced.
HEARTBEAT, SILENCE = 2.0, 5.0
#: Seconds after which the engine forgets a consumer that nobody listens to.
FORGOTTEN = 5.0
#: Timeout for reading what is kept, and the pause before another attempt, in seconds.
READING, AGAIN = 5.0, 0.2


class Delivered(NamedTuple):
    """What the engine tells with a message: its place in the stream and in the consumer, and how many wait after it."""

    stream: int
    consumer: int
    waiting: int


def delivered(reply: str) -> Delivered | None:
    """Read the engine's note, `$JS.ACK.stream.consumer.1.stream.consumer.time.waiting`; None for anything else."""
    parts = reply.split(".")
    if parts[:2] != ["$JS", "ACK"]:
        return None
    numbers = parts[4:] if len(parts) == 9 else parts[6:]  # newer ones have a domain and an account before that
    if len(numbers) < 5 or not all(number.isdecimal() for number in numbers[:5]):
        return None
    return Delivered(int(numbers[1]), int(numbers[2]), int(numbers[4]))


class Keeper(Protocol):
    """The hub of a follower."""

    link: Link
    epoch: str
    count: int

    async def look(self) -> Any:
        """Return the stream's state as it is now. It changes `epoch` if the stream is a new one."""

    def forget(self, follower: Any) -> None:
        """Take a follower out, which has ended."""

    def jumped(self, topic: str) -> None:
        """Tell that messages of a topic may be missing."""


class Follower:
    """A subscription to a topic: `heard` is called for every message from the first that is kept."""

    def __init__(self, hub: Keeper, stream: str, subject: str, topic: str, heard: Heard) -> None:
        self.topic, self.heard = topic, heard
        self._hub, self._stream, self._subject = hub, stream, subject
        #: The offset after which nothing is missing, and that of the last message that was heard.
        self.floor = self.last = 0
        #: Set when everything that was kept at the start has been heard.
        self.loaded = asyncio.Event()
        self.closed = False
        self._again = asyncio.Event()
        #: Tells the present consumer from those before.
        self._number = 0
        self._next = 1
        self._sign = 0.0
        #: Messages that are not heard until it is known what came before them.
        self._held: list[tuple[Delivered, bytes]] | None = []
        self._wanted: int | None = None
        self._complete = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def unsubscribe(self) -> None:
        """End it. Calling it twice is fine."""
        self.closed = True
        self.restart()

    def restart(self) -> None:
        """Replace the consumer, and go on after the last message."""
        self._number += 1
        self._complete.set()
        self._again.set()

    def reset(self) -> None:
        """Begin again with the first message of a new epoch."""
        self.floor = self.last = 0
        self.restart()

    def check(self, now: float) -> None:
        """Replace a consumer that has given no sign of life for too long."""
        if self._held is None and now - self._sign > SILENCE:
            self.restart()

    async def end(self) -> None:
        """Wait until nothing of it is left."""
        self.unsubscribe()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        # It is never cancelled, because the library would leave a subscription behind.
        try:
            while not self.closed:
                self._again.clear()
                try:
                    await self._follow()
                except Exception as error:  # noqa: BLE001 - whatever the engine answers: a topic is never given up
                    logger.debug("%s: %r", self.topic, error)
                    await asyncio.sleep(AGAIN)
        finally:
            self._hub.forget(self)

    async def _follow(self) -> None:
        """Make a consumer, and follow it until `restart`."""
        link = self._hub.link
        if not link.nc.is_connected:
            await asyncio.sleep(AGAIN)
            return
        number, consumer = self._number, None
        self._held, self._wanted, self._next = [], None, 1
        self._complete.clear()

        async def receive(message: Msg) -> None:
            if number == self._number:
                await self._receive(message)

        inbox = link.nc.new_inbox()
        subscription = await link.nc.subscribe(inbox, cb=receive)
        try:
            consumer = await link.js.add_consumer(self._stream, self._configuration(inbox))
            already = consumer.delivered.consumer_seq if consumer.delivered else 0
            self._wanted = already + (consumer.num_pending or 0)
            self._count()
            async with asyncio.timeout(READING):
                await self._complete.wait()
            epoch = self._hub.epoch
            state = await self._hub.look()  # last, because until now the engine may have dropped messages
            if number == self._number and epoch == self._hub.epoch:
                self._release(state.first_seq - 1)
                await self._again.wait()
        finally:
            self._number += number == self._number  # nothing of this consumer is heard any longer
            with suppress(*FAILURES):  # the connection may be another one, and the engine may have forgotten all
                await subscription.unsubscribe()
                if consumer and link.nc.is_connected:
                    await link.js.delete_consumer(self._stream, consumer.name)

    def _configuration(self, inbox: str) -> api.ConsumerConfig:
        return api.ConsumerConfig(
            deliver_subject=inbox,
            filter_subject=self._subject,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.last + 1,
            ack_policy=api.AckPolicy.NONE,
            idle_heartbeat=HEARTBEAT,
            flow_control=True,
            inactive_threshold=FORGOTTEN,
            num_replicas=1,
            mem_storage=True,
        )

    async def _receive(self, message: Msg) -> None:
        self._sign = asyncio.get_running_loop().time()
        if message.headers and message.headers.get(api.Header.STATUS):
            await self._control(message)
        elif note := delivered(message.reply):
            if note.consumer != self._next:
                self.restart()
                return
            self._next += 1
            if self._held is not None:
                self._held.append((note, message.data))
                self._count()
            elif note.waiting >= self._hub.count - 1:
                self.restart()  # the engine may have dropped messages before this one
            else:
                self._hear(note, message.data)

    async def _control(self, message: Msg) -> None:
        """Answer the engine's question whether everything has been read, and look at its heartbeat."""
        headers = message.headers or {}
        if reply := message.reply or headers.get(api.Header.CONSUMER_STALLED):
            await self._hub.link.nc.publish(reply)
        last = headers.get(api.Header.LAST_CONSUMER, "")
        if last.isdecimal() and int(last) != self._next - 1:
            self.restart()

    def _count(self) -> None:
        if self._wanted is not None and self._held is not None and len(self._held) >= self._wanted:
            self._complete.set()

    def _release(self, dropped: int) -> None:
        """Hear the messages that were held. The engine keeps none up to the offset `dropped`."""
        held, self._held = self._held or [], None
        self._sign = asyncio.get_running_loop().time()
        floor = max([dropped, *(note.stream - 1 for note, _ in held if note.waiting >= self._hub.count - 1)])
        if floor > self.last:
            self.floor = floor
            if self.loaded.is_set():
                self._hub.jumped(self.topic)
        for note, data in held:
            self._hear(note, data)
        self.loaded.set()

    def _hear(self, note: Delivered, data: bytes) -> None:
        if note.stream > self.last:
            self.last = note.stream
            try:
                self.heard(note.stream, data)
            except Exception:
                logger.exception("topic %s: message %d", self.topic, note.stream)
