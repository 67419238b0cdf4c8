"""Heartbeat lab: set interval and timeout, silence the network, and see when the server notices. Lesson 06."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter as clock

import ipywidgets as widgets

from websockets.exceptions import ConnectionClosed

from wslearn.client import stay_connected
from wslearn.network import SimulatedNetwork
from wslearn.server import Server
from wslearn.widgets.dashboard import Dashboard
from wslearn.widgets.picture import figure

#: One way, in seconds: so long that a ping and its pong are seen apart.
DELAY = 0.04
#: How long Run lasts, and how much of it the picture shows, in seconds.
LENGTH, WINDOW = 60, 10
#: How many pongs come before the first run's silence.
HEALTHY = 2
LANES = ("server says", "pongs", "pings", "network")


@dataclass
class Beat:
    """A ping, when its pong was due at the latest, and when the pong came, in seconds since the start."""

    sent: float
    due: float
    answered: float | None = None


@dataclass
class Span:
    """Something that lasts: from when to when; None while it does."""

    began: float
    ended: float | None = None


@dataclass
class Silence(Span):
    """A silence of the network, and between which times theory says that it is found."""

    earliest: float = 0.0
    latest: float = 0.0
    found: float | None = None


class BeatingServer(Server):
    """Pings each client every `interval` seconds, and aborts it where no pong has come `timeout` seconds later."""

    keepalive = None

    def __init__(self, lab: "HeartbeatLab") -> None:
        super().__init__()
        self.lab = lab

    async def handler(self, ws):
        life = Span(self.lab.now())
        self.lab.lives.append(life)
        try:
            await self.beat(ws)
        except ConnectionClosed:
            pass
        finally:
            life.ended = self.lab.now()
            self.lab.news.set()

    async def beat(self, ws):
        took = 0.0
        while True:
            await asyncio.sleep(self.lab.interval.value - took)
            timeout = self.lab.timeout.value
            beat = Beat(self.lab.now(), self.lab.now() + timeout)
            self.lab.beats.append(beat)
            pong = await ws.ping()
            try:
                took = await asyncio.wait_for(pong, timeout)
            except TimeoutError:
                self.lab.lost()
                ws.abort(f"no pong within {timeout:g} s")
                return
            beat.answered = self.lab.now()
            self.lab.news.set()


class HeartbeatLab(Dashboard):
    """A server, a client that comes back when it is lost, and the network between them.

    - `beats`, `lives`, `silences`: what has happened since Run was pressed.
    - `silence_button`, `heal_button`: they work while the lab runs.
    """

    def __init__(self) -> None:
        self.interval = widgets.FloatSlider(description="Interval (s)", value=0.5, min=0.2, max=2, step=0.1)
        self.timeout = widgets.FloatSlider(description="Timeout (s)", value=0.5, min=0.1, max=2, step=0.1)
        super().__init__("Heartbeat: when is a dead connection found?", self.interval, self.timeout)
        self.silence_button = self.action("Silence", self.silence, icon="volume-off")
        self.heal_button = self.action("Heal", self.heal, icon="medkit")
        self.clear()

    # What happens

    def clear(self) -> None:
        """Forget what has happened, and count the time from now."""
        self.began = clock()
        self.beats: list[Beat] = []
        self.lives: list[Span] = []
        self.silences: list[Silence] = []
        self.false_alarms = 0
        self.news = asyncio.Event()

    def now(self) -> float:
        """Return the seconds since the start."""
        return clock() - self.began

    def silence(self) -> None:
        """Make the network a black hole."""
        if not self.net.silent:
            now, interval, timeout = self.now(), self.interval.value, self.timeout.value
            self.silences.append(Silence(now, None, now + timeout, now + interval + timeout))
            self.net.silence()

    def heal(self) -> None:
        """Let the network carry again what it is given."""
        if self.net.silent:
            self.silences[-1].ended = self.now()
            self.net.heal()

    def lost(self) -> None:
        """Note that the server has given up its client."""
        if self.silences and self.silences[-1].ended is None and self.silences[-1].found is None:
            self.silences[-1].found = self.now()
        else:
            self.false_alarms += 1

    # The lab

    async def first(self) -> None:
        """Let the client answer twice, then silence the network, and wait until the server has noticed."""
        await self._run(self._found_once())

    async def experiment(self) -> None:
        """Beat for a minute; the buttons do the rest."""
        await self._run(self._beat_for_a_minute())

    async def _run(self, story) -> None:
        self.clear()
        async with BeatingServer(self) as server, SimulatedNetwork(server.url, delay=DELAY) as self.net:
            client = asyncio.create_task(stay_connected(self.net.url, _listen, base=0.1, cap=0.5))
            try:
                async with self.picture.live(self.figure):
                    await story
            finally:
                story.close()
                self.net.cut()  # through a silent network the client's goodbye would wait for its answer
                client.cancel()
                with suppress(asyncio.CancelledError):
                    await client

    async def _found_once(self) -> None:
        await self._until(lambda: sum(beat.answered is not None for beat in self.beats) >= HEALTHY)
        self.silence()
        await self._until(lambda: self.silences[-1].found)

    async def _until(self, condition) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def _beat_for_a_minute(self) -> None:
        while (now := self.now()) < LENGTH:
            self.progress(now, LENGTH)
            self.say(f"{LENGTH - now:.0f} s left. Press Silence, then Heal; move the sliders.")
            await asyncio.sleep(0.5)

    # What is seen

    def verdict(self) -> str:
        """Return in one line whether the client counts as alive, and how that compares with theory."""
        now = self.now()
        last = self.silences[-1] if self.silences else None
        theory = f"theory: {last.earliest - last.began:.2f} to {last.latest - last.began:.2f} s" if last else ""
        if last and last.found and last.ended is None:
            return f"DEAD: found {last.found - last.began:.2f} s after the silence began ({theory})"
        if last and last.ended is None:
            return f"SILENT for {now - last.began:.2f} s, and not noticed yet ({theory})"
        if not self.lives or self.lives[-1].ended is not None:
            return "NO CONNECTION: the client is on its way back"
        words = ["ALIVE"]
        trips = [beat.answered - beat.sent for beat in self.beats if beat.answered is not None]
        if trips:
            words.append(f"last round trip {1000 * trips[-1]:.0f} ms")
        if last and last.found:
            words.append(f"the last silence was found after {last.found - last.began:.2f} s ({theory})")
        elif last:
            words.append(f"the last silence, {last.ended - last.began:.2f} s long, was not noticed ({theory})")
        if self.false_alarms:
            words.append(f"false alarms: {self.false_alarms}, the timeout is too short")
        return "; ".join(words)

    def figure(self):
        """Return the time line of the last seconds, and the verdict."""
        now = self.now()
        start = max(0.0, now - WINDOW)
        drawn, ax = figure(height=4.4)
        ax.set(xlim=(start, max(now, start + 2.5)), ylim=(-0.6, 3.6), xlabel="seconds since the start")
        ax.set_yticks(range(4), LANES)
        ax.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        self._draw_network(ax, now)
        self._draw_beats(ax, now)
        self._draw_lives(ax, now)
        text = self.verdict()
        ax.set_title(text.split(" (")[0].split(";")[0], loc="left", fontsize=18, fontweight="bold")
        return drawn, text

    def _draw_network(self, ax, now: float) -> None:
        carries = 0.0
        for silence in self.silences:
            _bar(ax, 3, carries, silence.began, "carries", color="C0", alpha=0.25)
            carries = now if silence.ended is None else silence.ended
            _bar(ax, 3, silence.began, carries, "silent", facecolor="white", edgecolor="0.3", hatch="////")
            if silence.ended is None or silence.found:
                low, high = silence.earliest, silence.latest
                ax.axvspan(low, high, ymin=0.02, ymax=0.76, color="C1", alpha=0.2, lw=0)
                ax.text((low + high) / 2, 2.42, "theory", ha="center", va="center", fontsize=13, clip_on=True)
        _bar(ax, 3, carries, now, "carries", color="C0", alpha=0.25)

    def _draw_beats(self, ax, now: float) -> None:
        for beat in self.beats:
            if beat.answered is not None:
                ax.plot([beat.sent, beat.answered], [2, 1], "-", color="C0")
                ax.plot(beat.answered, 1, "o", color="C0", markersize=10)
            else:
                ax.plot([beat.sent, min(now, beat.due)], [2, 1], ":", color="0.3")
                if now >= beat.due:
                    ax.plot(beat.due, 1, "x", color="black", markersize=13, markeredgewidth=3)
            ax.plot(beat.sent, 2, "v", color="C0", markersize=11)

    def _draw_lives(self, ax, now: float) -> None:
        for number, life in enumerate(self.lives):
            _bar(ax, 0, life.began, now if life.ended is None else life.ended, "alive", color="C0", alpha=0.25)
            if life.ended is not None:
                back = self.lives[number + 1].began if number + 1 < len(self.lives) else now
                _bar(ax, 0, life.ended, back, "dead", facecolor="0.25", ink="white")


async def _listen(ws) -> None:
    async for _ in ws:
        pass


def _bar(ax, lane: int, began: float, ended: float, word: str, *, ink: str = "black", **look) -> None:
    """Draw a bar in a lane, with a word in what is seen of it, where the word has room."""
    low, high = ax.get_xlim()
    began, ended = max(began, low), min(ended, high)
    if ended <= began:
        return
    ax.broken_barh([(began, ended - began)], (lane - 0.3, 0.6), **look)
    if ended - began > 0.09 * (high - low):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2} if "hatch" in look else None
        ax.text((began + ended) / 2, lane, word, ha="center", va="center", color=ink, bbox=box, fontsize=15)


async def heartbeat_lab() -> HeartbeatLab:
    """Show the lab, and let it run once. The lab is returned, for whoever wants to press its buttons in code."""
    return await HeartbeatLab().show()
