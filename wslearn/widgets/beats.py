"""The heartbeat lab's time line: pings and pongs, the network's silences, and whether the client counts as alive."""

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from time import perf_counter as clock
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wslearn.theme import BLUE, DARK_GREY, ORANGE
from wslearn.widgets.kit.picture import figure

#: How much the picture shows, in seconds.
WINDOW = 10
#: From the bottom.
LANES = ("client is", "pongs", "pings", "network")
#: How much of the picture's width a word in a bar needs.
ROOM = 0.09


@dataclass
class Beat:
    """A ping: when it was sent, when its pong was due, and when the pong arrived, in seconds since the start."""

    sent: float
    due: float
    answered: float | None = None


@dataclass
class Span:
    """Something that lasts, from when to when; `ended` is None while it goes on."""

    began: float
    ended: float | None = None


@dataclass(kw_only=True)
class Silence(Span):
    """A silence of the network: after how many seconds the server should find it, and after how many it did."""

    shortest: float
    longest: float
    found: float | None = None

    @property
    def theory(self) -> str:
        """When the server should find the silence, in words."""
        return f"theory: {self.shortest:.2f} to {self.longest:.2f} s"


class Beats:
    """What has happened since the start: `pings`, `silences`, and the `lives` of the connections, the last one last."""

    def __init__(self) -> None:
        self.began = clock()
        self.pings: list[Beat] = []
        self.lives: list[Span] = []
        self.silences: list[Silence] = []
        #: How often the server gave up a client although the network was working.
        self.false_alarms = 0

    def now(self) -> float:
        """Return the seconds since the start."""
        return clock() - self.began

    def lost(self, beat: Beat) -> None:
        """Record that the server has given up its client, because this pong is missing."""
        silence = self.silences[-1] if self.silences else None
        if silence and silence.found is None and (silence.ended is None or beat.sent < silence.ended):
            silence.found = self.now() - silence.began
        else:
            self.false_alarms += 1

    def verdict(self) -> str:
        """Return in one line whether the client counts as alive, and how that compares with theory."""
        silence = self.silences[-1] if self.silences else None
        gone = not self.lives or self.lives[-1].ended is not None
        if silence and silence.ended is None:
            if silence.found:
                return f"DEAD: noticed {silence.found:.2f} s after the silence began ({silence.theory})"
            if gone:
                return "SILENT, but no client is connected; press Heal to let it connect"
            return f"SILENT for {self.now() - silence.began:.2f} s; the server has not noticed yet ({silence.theory})"
        words = ["NO CONNECTION" if gone else "ALIVE"]
        if self.false_alarms:
            words[0] += f", false alarms: {self.false_alarms}"
        elif gone:
            words[0] += ": the client is connecting"
        if trips := [beat.answered - beat.sent for beat in self.pings if beat.answered is not None]:
            words.append(f"the last round trip took {1000 * trips[-1]:.0f} ms")
        if silence and silence.found:
            words.append(f"the server noticed the last silence after {silence.found:.2f} s ({silence.theory})")
        elif silence and silence.ended is not None:
            words.append(f"the server did not notice the last silence of {silence.ended - silence.began:.2f} s")
        if self.false_alarms:
            words.append("false alarms happen if the timeout is shorter than a round trip")
        return "; ".join(words)

    def figure(self) -> tuple[Figure, str]:
        """Draw the time line of the last seconds, and return it with the verdict."""
        now = self.now()
        start = max(0.0, now - WINDOW)
        drawn, ax = figure(height=5)
        drawn.set_layout_engine("none")  # matplotlib need not measure the names of the lanes
        ax.set_position([0.13, 0.16, 0.855, 0.73])
        ax.set(xlim=(start, max(now, start + 2.5)), ylim=(-0.5, 3.5), xlabel="seconds since the start")
        ax.set_yticks(range(4), LANES)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        self._draw_network(ax, now)
        self._draw_pings(ax, now)
        self._draw_lives(ax, now)
        text = self.verdict()
        ax.set_title(text.split(" (")[0].split(";")[0], loc="left", fontsize=17, fontweight="bold")
        return drawn, text

    def _draw_network(self, ax: Axes, now: float) -> None:
        carries = 0.0
        for silence in self.silences:
            _bar(ax, 3, carries, silence.began, "carries", color=BLUE, alpha=0.25)
            carries = now if silence.ended is None else silence.ended
            _bar(ax, 3, silence.began, carries, "silent", facecolor="white", edgecolor=DARK_GREY, hatch="////")
            if silence.ended is None or silence.found:
                low, high = silence.began + silence.shortest, silence.began + silence.longest
                ax.axvspan(low, high, ymin=0.0, ymax=0.77, color=ORANGE, alpha=0.2, lw=0)
                ax.text((low + high) / 2, 2.42, "theory", ha="center", va="center", fontsize=13, clip_on=True)
        _bar(ax, 3, carries, now, "carries", color=BLUE, alpha=0.25)

    def _draw_pings(self, ax: Axes, now: float) -> None:
        # A few lines with many points each: one line for each ping would take several times as long to draw.
        shown = [beat for beat in self.pings if max(beat.due, beat.answered or 0) > ax.get_xlim()[0]]
        answered = [(beat.sent, beat.answered) for beat in shown if beat.answered is not None]
        missing = [(beat.sent, min(now, beat.due)) for beat in shown if beat.answered is None]
        for ways, line, colour in ((answered, "-", BLUE), (missing, ":", DARK_GREY)):
            times = [at for sent, ended in ways for at in (sent, ended, nan)]
            ax.plot(times, [2, 1, nan] * len(ways), line, color=colour)
        late = [beat.due for beat in shown if beat.answered is None and now >= beat.due]
        ax.plot([beat.sent for beat in shown], [2] * len(shown), "v", color=BLUE, markersize=12)
        ax.plot([at for _, at in answered], [1] * len(answered), "o", color=BLUE, markersize=11)
        ax.plot(late, [1] * len(late), "x", color="black", markersize=14, mew=3.5)

    def _draw_lives(self, ax: Axes, now: float) -> None:
        low, high = ax.get_xlim()
        room, told = ROOM * (high - low), low
        for life, following in pairwise([*self.lives, Span(now)]):
            _bar(ax, 0, life.began, now if life.ended is None else life.ended, "alive", color=BLUE, alpha=0.25)
            if life.ended is None:
                continue
            _bar(ax, 0, life.ended, following.began, "dead", facecolor="black", ink="white")
            middle = (life.ended + following.began) / 2
            if following.began - life.ended <= room and middle >= told:  # no room in the bar: write the word above
                ax.text(middle, 0.47, "dead", ha="center", va="center", fontsize=13, clip_on=True)
                told = middle + room


def _bar(ax: Axes, lane: int, began: float, ended: float, word: str, *, ink: str = "black", **look: Any) -> None:
    """Draw a bar in a lane, and a word in its visible part if there is room."""
    low, high = ax.get_xlim()
    began, ended = max(began, low), min(ended, high)
    if ended <= began:
        return
    ax.broken_barh([(began, ended - began)], (lane - 0.3, 0.6), **look)
    if ended - began > ROOM * (high - low):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2} if "hatch" in look else None
        ax.text((began + ended) / 2, lane, word, ha="center", va="center", color=ink, bbox=box, fontsize=15)
