"""The heartbeat lab's time line: pings and pongs, the network's silences, and what the server says of its client."""

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from time import perf_counter as clock

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wslearn.theme import BLUE, DARK_GREY, ORANGE
from wslearn.widgets.kit.picture import figure

#: How much the picture shows, in seconds.
WINDOW = 10
#: From below.
LANES = ("server says", "pongs", "pings", "network")
#: The part of the picture's width that a word in a bar needs.
ROOM = 0.09


@dataclass
class Beat:
    """A ping, when its pong was due at the latest, and when the pong came, in seconds since the start."""

    sent: float
    due: float
    answered: float | None = None


@dataclass
class Span:
    """Something that lasts: from when to when; `ended` is None while it does."""

    began: float
    ended: float | None = None


@dataclass(kw_only=True)
class Silence(Span):
    """A silence of the network; after how many seconds theory says that it is found, and after how many it was."""

    shortest: float
    longest: float
    found: float | None = None

    @property
    def theory(self) -> str:
        return f"theory: {self.shortest:.2f} to {self.longest:.2f} s"


class Beats:
    """What has happened since the start: `pings`, `silences`, and the `lives` of the connections."""

    def __init__(self) -> None:
        self.began = clock()
        self.pings: list[Beat] = []
        self.lives: list[Span] = []
        self.silences: list[Silence] = []
        #: How often a client was given up while the network was well.
        self.false_alarms = 0

    def now(self) -> float:
        """Return the seconds since the start."""
        return clock() - self.began

    def lost(self, beat: Beat) -> None:
        """Note that the server has given up its client, for the want of this pong."""
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
                return f"DEAD: found {silence.found:.2f} s after the silence began ({silence.theory})"
            if gone:
                return "SILENT, and nobody is connected; so no client can be found dead: press Heal"
            return f"SILENT for {self.now() - silence.began:.2f} s, and not noticed yet ({silence.theory})"
        words = ["NO CONNECTION" if gone else "ALIVE"]
        if self.false_alarms:
            words[0] += f", false alarms: {self.false_alarms}"
        elif gone:
            words[0] += ": the client is on its way"
        if trips := [beat.answered - beat.sent for beat in self.pings if beat.answered is not None]:
            words.append(f"the last round trip took {1000 * trips[-1]:.0f} ms")
        if silence and silence.found:
            words.append(f"the last silence was found after {silence.found:.2f} s ({silence.theory})")
        elif silence:
            words.append(f"the last silence, of {silence.ended - silence.began:.2f} s, was not noticed")
        if self.false_alarms:
            words.append("a false alarm: the timeout is shorter than a round trip")
        return "; ".join(words)

    def figure(self) -> tuple[Figure, str]:
        """Return the time line of the last seconds, and the verdict."""
        now = self.now()
        start = max(0.0, now - WINDOW)
        drawn, ax = figure(height=4.4)
        drawn.set_layout_engine("none")  # the lanes' names have their place, and nobody needs to measure them
        ax.set_position([0.13, 0.17, 0.855, 0.7])
        ax.set(xlim=(start, max(now, start + 2.5)), ylim=(-0.5, 3.5), xlabel="seconds since the start")
        ax.set_yticks(range(4), LANES)
        ax.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        self._draw_network(ax, now)
        self._draw_pings(ax, now)
        self._draw_lives(ax, now)
        text = self.verdict()
        ax.set_title(text.split(" (")[0].split(";")[0], loc="left", fontsize=20, fontweight="bold")
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
        # A few lines with many points each: one for each ping would take several times as long to draw.
        shown = [beat for beat in self.pings if max(beat.due, beat.answered or 0) > ax.get_xlim()[0]]
        answered = [beat for beat in shown if beat.answered is not None]
        missing = [beat for beat in shown if beat.answered is None]
        ways = [(x, y) for beat in answered for x, y in ((beat.sent, 2), (beat.answered, 1), (nan, nan))]
        ax.plot(*zip(*ways, strict=True) if ways else ((), ()), "-", color=BLUE)
        ways = [(x, y) for beat in missing for x, y in ((beat.sent, 2), (min(now, beat.due), 1), (nan, nan))]
        ax.plot(*zip(*ways, strict=True) if ways else ((), ()), ":", color=DARK_GREY)
        for lane, marker, times, look in (
            (2, "v", [beat.sent for beat in shown], {"color": BLUE, "markersize": 12}),
            (1, "o", [beat.answered for beat in answered], {"color": BLUE, "markersize": 11}),
            (
                1,
                "x",
                [beat.due for beat in missing if now >= beat.due],
                {"color": "black", "markersize": 14, "mew": 3.5},
            ),
        ):
            ax.plot(times, [lane] * len(times), marker, **look)

    def _draw_lives(self, ax: Axes, now: float) -> None:
        low, high = ax.get_xlim()
        room, told = ROOM * (high - low), low
        for life, following in pairwise([*self.lives, Span(now)]):
            _bar(ax, 0, life.began, now if life.ended is None else life.ended, "alive", color=BLUE, alpha=0.25)
            if life.ended is None:
                continue
            _bar(ax, 0, life.ended, following.began, "dead", facecolor="black", ink="white")
            middle = (life.ended + following.began) / 2
            if following.began - life.ended <= room and middle >= told:  # no room in the bar: the word is above it
                ax.text(middle, 0.47, "dead", ha="center", va="center", fontsize=13, clip_on=True)
                told = middle + room


def _bar(ax: Axes, lane: int, began: float, ended: float, word: str, *, ink: str = "black", **look) -> None:
    """Draw a bar in a lane, with a word in what is seen of it, where the word has room."""
    low, high = ax.get_xlim()
    began, ended = max(began, low), min(ended, high)
    if ended <= began:
        return
    ax.broken_barh([(began, ended - began)], (lane - 0.3, 0.6), **look)
    if ended - began > ROOM * (high - low):
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2} if "hatch" in look else None
        ax.text((began + ended) / 2, lane, word, ha="center", va="center", color=ink, bbox=box, fontsize=15)
