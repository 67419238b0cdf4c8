"""The hub of several processes: NATS keeps the messages, and passes them on to every server. Lesson 10.

All messages are in one stream of NATS JetStream, with a subject for each topic. An offset is a message's place in the
stream, and the epoch is the time when the stream was made: it survives a restart of the engine, unless its store was
lost. Nothing that comes from NATS is trusted, because whoever has the token can send anything.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection
from typing import Self

from nats.js import api
from nats.js.errors import APIError, NotFoundError

from wslearn.hubs.following import Follower
from wslearn.hubs.history import KEPT, KEPT_BYTES
from wslearn.hubs.hub import Heard, HubLost
from wslearn.hubs.link import FAILURES, LOST, TIMEOUT, Link
from wslearn.hubs.names import Names
from wslearn.hubs.whereabouts import Whereabouts

logger = logging.getLogger("wslearn")

#: The stream with the messages, and the beginning of their subjects.
STREAM, SUBJECT = "WSLEARN_ROOMS", "wslearn.room"
#: Seconds for which the key of a message is remembered.
SAME = 120.0
#: Time between two looks at the engine, in seconds.
LOOK = 0.5
#: Timeout for what must end in `close`, in seconds.
CLOSE_TIMEOUT = 2.0


def subject_of(topic: str) -> str:
    """Return a topic's subject. A dot would begin another token, `*` and `>` are wildcards. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", topic):
        raise ValueError(f"expected 1 to 64 of a-z A-Z 0-9 . _ - as a topic, got {topic[:100]!r}")
    return f"{SUBJECT}.{topic.replace('.', '=2E')}"


def _tell(listeners: list[Callable[..., None]], *arguments: str) -> None:
    """Call all listeners; an error of one must not end the hub's own work."""
    for listener in list(listeners):
        try:
            listener(*arguments)
        except Exception:
            logger.exception("%r failed", listener)


class NatsHub:
    """A `Hub` for the servers of all processes that use the engine at `url`: `async with NatsHub(url) as hub`.

    The engine's token is in the environment, or `token`. Of each topic the last `count` messages are kept, of all
    together `size` bytes; the first hub of an engine decides. Raises ValueError for a URL that is none, and at the
    start RuntimeError if no engine answers.
    """

    def __init__(self, url: str, token: str | None = None, *, count: int = KEPT, size: int = KEPT_BYTES) -> None:
        self.link = Link(url, token)
        self.count, self.size = count, size
        self.epoch = ""
        self.on_lost: list[Callable[[], None]] = []
        self.on_back: list[Callable[[], None]] = []
        self.on_epoch: list[Callable[[], None]] = []
        self.on_presence: list[Callable[[str], None]] = []
        self.on_gap: list[Callable[[str], None]] = []
        self.followers: set[Follower] = set()
        self._names = Names(self.link)
        self._members = Whereabouts(self.link, self._present, self._names.seen)
        self._tasks: list[asyncio.Task[None]] = []
        self._changing = asyncio.Lock()

    @property
    def lost(self) -> bool:
        """Whether the engine is out of reach."""
        return self.link.lost

    async def start(self) -> Self:
        """Connect, and return self. Calling it twice is fine. Raises RuntimeError with a clear sentence."""
        async with self._changing:
            if not self._tasks:
                await self._open()
                self.link.lost = False
                self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._members.tell())]
        return self

    async def _open(self) -> None:
        await self.link.connect()
        try:
            async with asyncio.timeout(LOST + 2 * TIMEOUT):
                while not await self._answers():
                    pass
                await self._members.listen()
        except FAILURES as error:
            await self.link.close()
            raise RuntimeError(f"the engine at {self.link.url} can't keep messages: {error!r}") from None

    async def _answers(self) -> bool:
        """Look, and return whether there was an answer: if this machine stood still, the next one will come in time."""
        try:
            await self.look()
        except TimeoutError:
            return False
        return True

    async def publish(self, topic: str, data: bytes, key: str | None) -> int:
        """Store a message, and return its offset. Within two minutes, a message with the same `key` is stored once.

        With a key, an attempt that gets no answer is repeated. Without one, the message could be stored twice.
        """
        subject = subject_of(topic)
        headers = {str(api.Header.MSG_ID.value): key} if key else None

        async def attempt() -> int:
            return (await self.link.js.publish(subject, data, timeout=TIMEOUT, headers=headers)).seq

        return await self.link.patiently(attempt, repeat=key is not None)

    async def subscribe(self, topic: str, heard: Heard) -> Follower:
        """Call `heard` for each message that is kept, in order, then for each that comes; return after the former."""
        subject = subject_of(topic)
        if self.lost or not self._tasks:
            raise HubLost("the engine is out of reach")
        follower = Follower(self, STREAM, subject, topic, heard)
        self.followers.add(follower)
        try:
            async with asyncio.timeout(LOST + TIMEOUT):
                await follower.loaded.wait()
        except BaseException as error:
            follower.unsubscribe()
            if isinstance(error, TimeoutError):
                raise HubLost("the engine does not send what it has kept") from None
            raise
        return follower

    async def name(self, session: str | None) -> str:
        """Return a session's name, unique on all servers; for None a new one."""
        return await self._names.of(session)

    def changed(self, topic: str, members: Collection[str], server: str) -> None:
        """Take note of who is in a topic on one server of this process, and tell all servers."""
        self._members.changed(topic, members, server)

    def presence(self, topic: str) -> list[str]:
        """Return the names of a topic's members on all servers, sorted."""
        return self._members.leases.names(topic)

    async def look(self) -> api.StreamState:
        """Return the state of the stream, which is made if it is not there.

        If it is another one than before, it is a new epoch: all topics begin again.
        """
        try:
            info = await self.link.js.stream_info(STREAM)
        except NotFoundError:
            await self._make(self._names.configuration())
            await self._make(self._configuration())
            info = await self.link.js.stream_info(STREAM)
        self.link.answered()
        if info.created is None:
            raise OSError("the stream has no date")
        epoch = f"{round(info.created.timestamp() * 1_000_000):x}"
        before, self.epoch = self.epoch, epoch
        if before not in ("", epoch):
            logger.warning("the engine has a new stream: what was kept is gone")
            for follower in list(self.followers):
                follower.reset()
            _tell(self.on_epoch)
        return info.state

    async def _make(self, configuration: api.StreamConfig) -> None:
        try:
            await self.link.js.add_stream(configuration)
        except APIError as error:
            logger.debug("%s: %s", configuration.name, error)  # there already, or another server was faster
            await self.link.js.stream_info(str(configuration.name))

    def _configuration(self) -> api.StreamConfig:
        return api.StreamConfig(
            name=STREAM,
            subjects=[f"{SUBJECT}.*"],
            max_msgs_per_subject=self.count,
            max_bytes=self.size,
            storage=api.StorageType.FILE,
            duplicate_window=SAME,
        )

    def jumped(self, topic: str) -> None:
        """Tell that messages of a topic may be missing up to its floor."""
        _tell(self.on_gap, topic)

    def forget(self, follower: Follower) -> None:
        """Take a follower out, which has ended."""
        self.followers.discard(follower)

    async def _watch(self) -> None:
        """Ask the engine again and again; after a new connection, follow all topics from where they were."""
        seen = self.link.connections
        while True:
            await asyncio.sleep(LOOK)
            try:
                if self.link.nc.is_closed:  # for good, as the library does after some errors
                    await self._open()
                if not self.link.nc.is_connected:
                    raise OSError("there is no connection")
                async with asyncio.timeout(2 * TIMEOUT):
                    await self.look()
            except Exception as error:  # noqa: BLE001 - whatever the engine answers, it is asked again
                if self.link.failed() and not self.lost:
                    logger.warning("the engine at %s is out of reach: %r", self.link.url, error)
                    self.link.lost = True
                    self.link.turn.set()
                    _tell(self.on_lost)
                continue
            now = asyncio.get_running_loop().time()
            for follower in list(self.followers):
                if seen != self.link.connections:
                    follower.restart()
                follower.check(now)
            if seen != self.link.connections:
                self._members.again()
            seen = self.link.connections
            if self.lost:
                logger.warning("the engine at %s is back", self.link.url)
                self.link.lost = False
                _tell(self.on_back)

    def _present(self, topic: str) -> None:
        _tell(self.on_presence, topic)

    async def close(self) -> None:
        """End all subscriptions and the connection. Calling it twice is fine."""
        async with self._changing:
            running, self._tasks = self._tasks, []
            if not running:
                return
            for task in running:
                task.cancel()
            followers = [asyncio.ensure_future(follower.end()) for follower in list(self.followers)]
            await asyncio.wait([*running, *followers], timeout=CLOSE_TIMEOUT)
            await self._members.end()
            await self.link.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
