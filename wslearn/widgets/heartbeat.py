"""Heartbeat lab: set interval and timeout, silence the network, and see when the server notices. Lesson 06."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import ipywidgets as widgets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from wslearn.classroom.servers import ClassServers
from wslearn.client import stay_connected
from wslearn.common import tasks
from wslearn.common.polling import until
from wslearn.network import SimulatedNetwork
from wslearn.server import Server
from wslearn.server.connection import Connection
from wslearn.widgets.beats import Beat, Beats, Silence, Span
from wslearn.widgets.heartbeat_phones import PhonesHeartbeatLab
from wslearn.widgets.kit.dashboard import Dashboard
from wslearn.widgets.kit.task import STOP_TIMEOUT

#: One way, in seconds: enough to see a ping and its pong apart, and longer than the shortest timeout allows.
DELAY = 0.06
#: How long Run takes, in seconds.
LENGTH = 60
#: How many pongs arrive before the first run's silence, and how long the first run waits for anything, in seconds.
HEALTHY, ENOUGH = 2, 20


class BeatingServer(Server):
    """Pings each client every `interval` seconds, and drops it if no pong arrives within `timeout` seconds."""

    keepalive = None

    def __init__(self, lab: "HeartbeatLab") -> None:
        super().__init__()
        self.lab = lab

    async def handler(self, ws: Connection) -> None:
        """Ping the client until it is gone."""
        beats = self.lab.beats
        life = Span(beats.now())
        beats.lives.append(life)
        with suppress(ConnectionClosed):
            await self._beat(ws, beats)
        life.ended = beats.now()

    async def _beat(self, ws: Connection, beats: Beats) -> None:
        """Ping and wait for the pong, over and over, until a pong is missing."""
        took = 0.0
        while True:
            await asyncio.sleep(self.lab.interval.value - took)
            timeout = self.lab.timeout.value
            beat = Beat(beats.now(), beats.now() + timeout)
            beats.pings.append(beat)
            pong = await ws.ping()
            try:
                async with asyncio.timeout(timeout):  # `wait_for` of Python 3.11 may lose the lab's own Cancel
                    took = await pong
            except TimeoutError:
                beats.lost(beat)
                ws.abort(f"no pong within {timeout:g} s")
                return
            beat.answered = beats.now()


class HeartbeatLab(Dashboard):
    """A server, a client that reconnects when the server drops it, and the network between them.

    - `beats`: what has happened since Run was pressed.
    - `interval`, `timeout`: sliders, in seconds, that take effect with the next ping.
    - `silence_button`, `heal_button`: they work while the lab runs.
    """

    def __init__(self) -> None:
        self.interval = widgets.FloatSlider(description="Interval (s)", value=0.4, min=0.2, max=2, step=0.1)
        self.timeout = widgets.FloatSlider(description="Timeout (s)", value=0.4, min=0.1, max=2, step=0.1)
        title = "Heartbeat: when does the server notice a dead connection?"
        super().__init__(title, self.interval, self.timeout)
        self.silence_button = self.action("Silence", self.silence, icon="volume-off")
        self.heal_button = self.action("Heal", self.heal, icon="medkit")
        self.clear()

    def clear(self) -> None:
        """Forget what has happened, and count the time from now."""
        self.beats = Beats()

    def silence(self) -> None:
        """Make the network a black hole."""
        if not self.net.silent:
            interval, timeout = self.interval.value, self.timeout.value
            # A pong that is on its way now is lost too. Then the timeout has been running for up to a round trip.
            shortest = max(0.0, timeout - 2 * DELAY)
            self.beats.silences.append(Silence(self.beats.now(), shortest=shortest, longest=interval + timeout))
            self.net.silence()

    def heal(self) -> None:
        """Make the network carry bytes again."""
        if self.net.silent:
            self.beats.silences[-1].ended = self.beats.now()
            self.net.heal()

    async def first(self) -> None:
        """Let the client answer twice, then silence the network, and wait until the server has noticed."""
        await self._run(self._find_once)

    async def experiment(self) -> None:
        """Send pings for a minute, and leave everything else to the buttons."""
        await self._run(self._beat_for_a_minute)

    async def _run(self, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.clear()
        async with BeatingServer(self) as server, SimulatedNetwork(server.url, delay=DELAY) as self.net:
            client = asyncio.create_task(stay_connected(self.net.url, _listen, base=0.1, cap=0.5))
            try:
                async with self.picture.live(self.beats.figure):
                    await story()
            finally:
                self.net.cut()  # in a silent network the client's close frame would wait for an answer
                await tasks.end([client], STOP_TIMEOUT, "heartbeat lab")

    async def _find_once(self) -> None:
        if await until(lambda: sum(beat.answered is not None for beat in self.beats.pings) >= HEALTHY, ENOUGH):
            self.silence()
            if await until(lambda: self.beats.silences[-1].found and self.beats.lives[-1].ended, ENOUGH):
                return
        raise TimeoutError

    async def _beat_for_a_minute(self) -> None:
        while (now := self.beats.now()) < LENGTH:
            self.progress(now, LENGTH)
            self.say(f"{LENGTH - now:.0f} s left. Press Silence, then Heal, and move the sliders.")
            await asyncio.sleep(0.5)


async def _listen(ws: ClientConnection) -> None:
    async for _ in ws:
        pass


async def heartbeat_lab(phones: ClassServers | None = None) -> Dashboard:
    """Show the lab. With `phones`, which `await classroom()` has returned, it pings the phones of the class."""
    return await (HeartbeatLab() if phones is None else PhonesHeartbeatLab(phones)).show()
