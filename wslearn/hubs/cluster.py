"""Several servers that share their rooms, and the engine that they share them through. Lesson 10.

    async with Cluster("feed", servers=3) as cluster:
        async with connect(cluster.urls[0]) as ann, connect(cluster.urls[1]) as bob: ...

Every server has its own process, as the engine has. What dies is started again.
"""

import asyncio
import importlib.util
import logging
import string
from collections.abc import Callable, Coroutine
from typing import Any, Self

from wslearn.common import lifecycle, tasks
from wslearn.common.extras import how_to_get
from wslearn.hubs.engine import Engine, program
from wslearn.hubs.hub import NotInstalled
from wslearn.hubs.member import Member

logger = logging.getLogger("wslearn")

#: The servers that can share their rooms.
SERVERS = ("feed",)
#: Time between two attempts to start something again, and the timeouts for its start and for the end, in seconds.
AGAIN, READY_TIMEOUT, STOP_TIMEOUT = 0.5, 60.0, 10.0


class Cluster:
    """`servers` servers of one lesson, `a`, `b`, `c`, …, and an engine, all on this machine.

    `options` are those of `wslearn serve`. With `network` there is a `SimulatedNetwork` between each server and the
    engine, for `cut_off`. `servers` are the processes, each with `letter`, `url`, `page_url` and `pid`; `urls` are
    their addresses. Everything ends with the block, with `await cluster.stop()`, and when the process that started it
    ends, for whatever reason.

    Raises ValueError for a server that has no hub, and RuntimeError if something can't be started.
    """

    def __init__(self, name: str = "feed", servers: int = 3, *options: str, network: bool = False) -> None:
        if name not in SERVERS:
            raise ValueError(f"{name!r} can't share its rooms; {' and '.join(SERVERS)} can")
        if not 1 <= servers <= len(string.ascii_lowercase):
            raise ValueError(f"servers: expected 1 to {len(string.ascii_lowercase)}, got {servers}")
        self.name = name
        self.engine = Engine()
        letters = string.ascii_lowercase[:servers]
        self.servers = [Member(letter, name, self.engine, *options, network=network) for letter in letters]
        self._of = {member.letter: member for member in self.servers}
        #: Things that are not started again before they are resumed, or their time is over.
        self._held: set[str] = set()
        #: Done again whenever something has been started again.
        self._news = asyncio.Event()
        self._watchers: list[asyncio.Task[None]] = []
        self._changing = asyncio.Lock()
        self.port = 0

    @property
    def urls(self) -> list[str]:
        """The addresses of the servers' WebSockets."""
        return [member.url for member in self.servers]

    def server(self, letter: str) -> Member:
        """Return one server. Raises ValueError for a letter without one."""
        if letter not in self._of:
            raise ValueError(f"there is no server {letter!r}; there are {', '.join(self._of)}")
        return self._of[letter]

    async def start(self) -> Self:
        """Start the engine and all servers, and wait until they are ready. In a notebook, first stop an earlier run."""
        async with self._changing:
            if self._watchers:
                return self
            if importlib.util.find_spec("nats") is None:
                raise NotInstalled(f"a cluster needs nats-py: {how_to_get('cluster')}")
            program()  # raises NotInstalled before anything has started
            await lifecycle.stop_previous(0)
            try:
                await self.engine.start()
                async with asyncio.TaskGroup() as group:
                    for member in self.servers:
                        group.create_task(member.launch())
            except BaseException as error:
                await self._end()
                if isinstance(error, ExceptionGroup):
                    raise error.exceptions[0] from None
                raise
            watched: list[Coroutine[Any, Any, None]] = [
                self._watch("engine", self.engine.ended.wait, self.engine.start),
                *(self._watch(member.letter, member.ended, member.launch) for member in self.servers),
            ]
            self._watchers = [asyncio.create_task(one) for one in watched]
            self.port = self.servers[0].port
            lifecycle.started(self)
        return self

    async def _watch(
        self,
        name: str,
        ended: Callable[[], Coroutine[Any, Any, object]],
        start: Callable[[], Coroutine[Any, Any, object]],
    ) -> None:
        """Start something again whenever it has ended."""
        while True:
            await ended()
            while name in self._held:
                self._news.clear()
                await self._news.wait()
            try:
                await start()
                logger.info("%s was started again", name)
            except (RuntimeError, OSError) as error:
                logger.warning("%s: %s", name, error)
                await asyncio.sleep(AGAIN)
            self._tell()

    def _tell(self) -> None:
        self._news.set()

    async def ready(self, name: str) -> None:
        """Wait until a server, or `"engine"`, runs. Raises TimeoutError."""
        async with asyncio.timeout(READY_TIMEOUT):
            while not self._runs(name):
                self._news.clear()
                await self._news.wait()

    def _runs(self, name: str) -> bool:
        if name == "engine":
            return self.engine.pid is not None
        member = self.server(name)
        return member.running and member.is_ready

    async def kill(self, name: str, seconds: float = 0.0) -> None:
        """Kill a server, or `"engine"`, as a loss of power would. It is started again after so many seconds."""
        target = self.engine if name == "engine" else self.server(name)
        if seconds > 0:
            self._held.add(name)
            asyncio.get_running_loop().call_later(seconds, self._release, name)
        target.kill()
        async with asyncio.timeout(STOP_TIMEOUT):
            await (self.engine.ended.wait() if name == "engine" else self.server(name).ended())

    def _release(self, name: str) -> None:
        self._held.discard(name)
        self._tell()

    def freeze(self, name: str) -> None:
        """Stop a server, or `"engine"`, where it is: its connections stay open, and it says nothing."""
        if name == "engine":
            self.engine.pause()
        else:
            self.server(name).freeze()

    def cut_off(self, name: str) -> None:
        """Let nothing through between a server and the engine. Raises RuntimeError without `network=True`."""
        self.server(name).cut_off()

    def resume(self, name: str) -> None:
        """End `freeze`, `cut_off` and the time after `kill`."""
        self._release(name)
        if name == "engine":
            self.engine.resume()
        else:
            self.server(name).resume()

    async def drain(self, letter: str) -> None:
        """Let a server send its clients elsewhere, end, and start again; return when it is ready again.

        New handshakes get 503 with Retry-After meanwhile, and the clients are closed with 1012, wave after wave.
        """
        member = self.server(letter)
        await member.drain()
        await self.ready(letter)

    async def rolling_restart(self) -> None:
        """Drain all servers, one after another. Each is ready before the next one begins."""
        for member in self.servers:
            await self.drain(member.letter)

    async def stop(self) -> None:
        """End all servers, then the engine. Calling it twice is fine."""
        async with self._changing:
            watchers, self._watchers = self._watchers, []
            if not watchers:
                return
            lifecycle.stopped(self)
            try:
                await tasks.end(watchers, STOP_TIMEOUT, "cluster")
            finally:
                await self._end()

    async def _end(self) -> None:
        """End all processes, even if this is cancelled."""
        try:
            await tasks.end((), STOP_TIMEOUT, "cluster", [member.stop() for member in self.servers])
        finally:
            await tasks.end((), STOP_TIMEOUT, "cluster", [self.engine.stop()])

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
