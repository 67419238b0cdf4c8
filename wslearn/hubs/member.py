"""One server of a cluster, in its own process: it can be killed, frozen, cut off and drained. Lesson 10."""

import asyncio
import os
from contextlib import suppress

from wslearn.common import suspending
from wslearn.hubs.engine import TOKEN, Engine
from wslearn.network import SimulatedNetwork
from wslearn.process import ServerProcess

#: Time between two looks at a process, in seconds: no event tells its end on every system.
LOOK = 0.05
#: The longest time for draining, in seconds; then the process is killed.
DRAIN_TIMEOUT = 10.0


class Member(ServerProcess):
    """`wslearn serve NAME --hub …`, with the letter `letter`. With a `network`, that is between it and the engine."""

    def __init__(self, letter: str, name: str, engine: Engine, *options: str, network: bool) -> None:
        super().__init__(name, *options, environment={TOKEN: engine.token})
        self.letter, self._engine, self._own_options = letter, engine, options
        self._with_network = network
        self.network: SimulatedNetwork | None = None
        #: Whether the present process has been ready.
        self.is_ready = False
        if os.name != "nt":
            self._group = 0  # Ctrl-C in a terminal is for the cluster only

    async def launch(self) -> None:
        """Start the process, again at its old address. Raises RuntimeError."""
        self.is_ready = False
        if last := self._process:  # which has ended
            assert last.stdin and last.stdout
            with suppress(OSError):
                last.stdin.close()
            last.stdout.close()
        url = self._engine.url
        if self._with_network and self.network is None:
            self.network = SimulatedNetwork(url.replace("nats://", "ws://", 1))  # any protocol of bytes goes through
            await self.network.start()
        if self.network:
            url = f"nats://127.0.0.1:{self.network.port}"
        self.options = ("--hub", url, *self._own_options)
        await self._launch()
        self._engine.watch_over(self.pid)
        self._wanted_port, self.is_ready = self.port, True

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    async def ended(self) -> None:
        """Wait until the present process has ended."""
        process = self._process
        while process and process.poll() is None:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(LOOK)

    def kill(self) -> None:
        """End the process at once."""
        if self.running:
            suspending.kill(self.pid)

    def freeze(self) -> None:
        """Stop the process where it is; its connections stay open."""
        if self.running:
            suspending.suspend(self.pid)

    def cut_off(self) -> None:
        """Let nothing through between the server and the engine. Raises RuntimeError without a network."""
        if self.network is None:
            raise RuntimeError('there is no network to cut: start the cluster with Cluster("feed", network=True)')
        self.network.silence()

    def resume(self) -> None:
        """End a freeze, and let everything through again."""
        if self.running:
            suspending.resume(self.pid)
        if self.network and self.network.silent:
            self.network.heal()

    async def drain(self) -> None:
        """Let the server send its clients elsewhere and end."""
        process = self._process
        if process is None or process.stdin is None or not self.running:
            return
        with suppress(OSError):
            process.stdin.write(b"drain\n")
            process.stdin.flush()
        ended = asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait([ended], timeout=DRAIN_TIMEOUT)
            if not ended.done():
                process.kill()
                await ended
        finally:
            ended.cancel()

    async def stop(self) -> None:
        """End the process and the network."""
        with suppress(OSError):
            self.resume()
        try:
            await super().stop()
        finally:
            network, self.network = self.network, None
            if network:
                await network.stop()
