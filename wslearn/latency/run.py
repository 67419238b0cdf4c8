"""The order of the messages, and the times of the events, so that no transport has an advantage. Lesson 01."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import perf_counter as clock
from urllib.parse import urlsplit

from wslearn.common import tasks
from wslearn.latency.probes import ROUND_TRIP_PROBES, Probe, explained
from wslearn.latency.push_probes import PUSH_PROBES, Direct, LongPolling, Polling
from wslearn.latency.settings import MeasurementError, Settings
from wslearn.network import PORTS

#: Messages of each transport that do not count, and readings of the server's clock before the first.
WARM_UP, READINGS = 1, 8
#: The seed of orders and phases, the same in each run.
SEED = 1
#: Timeouts of a connection to the server, and until all clients wait for the next event, in seconds.
CONNECT_TIMEOUT, READY_TIMEOUT = 10.0, 2.0
#: Timeout of the end of the tasks that warm up or receive events, in seconds.
STOP_TIMEOUT = 2.0


class Run:
    """One measurement, with the results so far, so that a time limit loses none of them.

    `spans`: for each transport the start and the arrival of every message, in seconds of this process's clock.
    `sizes`: for each transport the bytes on the wire, up and down, before its first message and after its last one.
    """

    def __init__(
        self, settings: Settings, ws_url: str, http_url: str, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.settings, self.http_url = settings, http_url
        kinds: dict[str, type[Probe]] = PUSH_PROBES if settings.push else ROUND_TRIP_PROBES
        self.probes: dict[str, Probe] = {
            name: kinds[name](settings, ws_url if name == "websocket" else http_url, seed)
            for seed, name in enumerate(settings.names)
        }
        self.spans: dict[str, list[tuple[float, float]]] = {name: [] for name in self.probes}
        self.sizes: dict[str, list[tuple[int, int]]] = {}
        self._progress, self._total = progress, settings.count * len(self.probes)
        self._random = random.Random(SEED)
        self.began = clock()

    async def run(self) -> None:
        """Measure all transports. Raises MeasurementError if a server cannot be measured."""
        self._done()
        async with AsyncExitStack() as stack:
            if self.settings.push or any(name != "websocket" for name in self.probes):
                direct = await stack.enter_async_context(Direct(self.http_url))
                await self._reach(direct)
                with explained(direct):
                    await direct.read_status()  # other HTTP servers have no status
            for probe in self.probes.values():
                await self._reach(probe)
                await stack.enter_async_context(probe)
            self.began = clock()
            await (self._pushes(direct) if self.settings.push else self._round_trips())

    async def _reach(self, probe: Probe | Direct) -> None:
        """Check that a server listens, because through the simulated network a client would only see a reset."""
        parts = urlsplit(probe.target)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port or PORTS[parts.scheme])
        except OSError as error:
            raise MeasurementError(
                f"{probe.transport}: nothing answers at {probe.target} ({str(error) or 'no answer'}): "
                "start 'wslearn serve comparison' there, or check the address"
            ) from None
        writer.transport.abort()

    def _done(self) -> None:
        if self._progress:
            self._progress(sum(map(len, self.spans.values())), self._total)

    # From a request to its response

    async def _round_trips(self) -> None:
        probes = list(self.probes.values())
        for probe in probes:
            with explained(probe):
                await probe.open()
        warming = [asyncio.create_task(self._warm_up(probe)) for probe in probes]
        try:
            await asyncio.gather(*warming)
        finally:
            await tasks.end(warming, STOP_TIMEOUT, "latency")
        for _ in range(self.settings.count):
            for probe in self._random.sample(probes, len(probes)):
                before = probe.size
                with explained(probe):
                    begin = clock()
                    await probe.exchange()
                    end = clock()
                self.sizes.setdefault(probe.transport, [before, before])[1] = probe.size
                self.spans[probe.transport].append((begin, end))
                self._done()

    async def _warm_up(self, probe: Probe) -> None:
        """Exchange the messages that do not count, which need not take turns."""
        with explained(probe):
            for _ in range(WARM_UP):
                await probe.exchange()

    # From an event on the server to its arrival

    async def _pushes(self, direct: Direct) -> None:
        with explained(direct):
            for _ in range(READINGS):
                await direct.read_status()
        wait_at_server = direct.waiting + sum(type(probe) is not Polling for probe in self.probes.values())
        arrivals: asyncio.Queue[tuple[str, int, float] | Exception] = asyncio.Queue()
        for probe in self.probes.values():
            with explained(probe):
                if isinstance(probe, Polling):
                    probe.last = direct.last
                await probe.open()
        receivers = [asyncio.create_task(receive(probe, arrivals)) for probe in self.probes.values()]
        try:
            await self._ready(direct, wait_at_server)
            for number, pause in enumerate(self._pauses(), -WARM_UP):
                await asyncio.sleep(pause)
                with explained(direct):
                    event = await direct.publish(b"x" * self.settings.payload)
                arrived = await self._arrived(event.id, arrivals)
                await self._ready(direct, wait_at_server)
                if number >= 0:
                    for name, at in arrived.items():
                        self.spans[name].append((event.time, at))
                        self.sizes[name][1] = self.probes[name].size
                    self._done()
                else:
                    self.sizes = {name: [probe.size, probe.size] for name, probe in self.probes.items()}
        finally:
            await tasks.end(receivers, STOP_TIMEOUT, "latency")
            self.spans = {
                name: [(published - direct.offset, at) for published, at in spans] for name, spans in self.spans.items()
            }
            self.clock_error = direct.round_trip / 2

    def _pauses(self) -> list[float]:
        """Return the waits before the events, so that their ages at the next poll are even, in random order."""
        settings, count = self.settings, self.settings.count
        if "polling" not in self.probes:
            return [0.0] * (WARM_UP + count)
        period = settings.interval + 2 * settings.delay + settings.jitter
        phases = [(slot + self._random.random()) / count for slot in range(count)]
        self._random.shuffle(phases)
        return [period * phase for phase in [0.0] * WARM_UP + phases]

    async def _arrived(self, event: int, arrivals: asyncio.Queue) -> dict[str, float]:
        """Return the time of an event's arrival over each transport; other clients may publish events too."""
        found: dict[str, float] = {}
        while len(found) < len(self.probes):
            arrival = await arrivals.get()
            if isinstance(arrival, Exception):
                raise arrival
            name, number, at = arrival
            if number == event:
                found[name] = at
        return found

    async def _ready(self, direct: Direct, waiting: int) -> None:
        """Wait until all clients that can wait for the next event do so: a long poll takes a while to return."""
        if any(isinstance(probe, LongPolling) for probe in self.probes.values()):
            await asyncio.sleep(self.settings.delay)
        until = clock() + READY_TIMEOUT + 2 * (self.settings.delay + self.settings.jitter)
        with explained(direct):
            await direct.read_status()
            while direct.waiting < waiting and clock() < until:  # it times out only if another client disconnected
                await direct.read_status()


async def receive(probe: Probe, arrivals: asyncio.Queue) -> None:
    """Put each event's arrival into the queue, or the error that ended them."""
    try:
        with explained(probe):
            async for event in probe.events():
                arrivals.put_nowait((probe.transport, event.id, clock()))
    except MeasurementError as error:
        arrivals.put_nowait(error)
