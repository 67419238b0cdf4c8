"""Lanes: what each client of a dashboard has received, and a picture of up to 200 of them, with their names."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from matplotlib.collections import PolyCollection
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from wslearn.theme import DARK_GREY, PALE_ORANGE, RUST, SILVER
from wslearn.widgets.kit.picture import SIZE, figure

#: Lanes in a column of the picture, at most; the height that they share, in points, and their width, in inches.
COLUMN, POINTS, WIDTH = 40, 265, 9.8
#: The picture's height in inches: with its words and the first row of a table it fits on a projector of 720 pixels.
HEIGHT = 5.35
#: Fonts with Chinese, Japanese and Korean characters that systems bring along. matplotlib's own font has none of them.
CJK = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAGothic", "UnDotum", "NanumGothic"),
    *("Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS", "PingFang HK", "Hiragino Sans"),
    *("Hiragino Sans GB", "Heiti TC", "AppleGothic", "Apple SD Gothic Neo"),
)


@dataclass
class Lane:
    """What one client has received: when each message arrived, and when it was due, in seconds since the start."""

    arrivals: list[float] = field(default_factory=list)
    dues: list[float] = field(default_factory=list)

    def waits(self, until: float, since: float = 0.0) -> list[tuple[float, float]]:
        """Return the time without a message before each message, and after the last one, as (begin, length)."""
        times = [since, *self.arrivals, max([until, *self.arrivals[-1:]])]
        return [(a, b - a) for a, b in itertools.pairwise(times)]


@lru_cache(4096)  # a picture is drawn four times a second
def legible(name: str, widest: float = 12.0) -> str:
    """Return a name that a person chose, as a picture can show it: in the font's characters, at most so many em."""
    known = frozenset[int]().union(*map(_characters, fonts()))
    whole = shown = "".join(one if ord(one) in known else "□" for one in name)
    while _width(shown) > widest and len(shown) > 1:
        whole = whole[:-1]
        shown = f"{whole}…"
    return shown


def fonts_of(text: str, weight: str = "normal") -> dict[str, Any]:
    """Return in which fonts matplotlib draws a legible name. Only the usual one is bold.

    matplotlib logs a warning for a font that isn't installed in bold, which is true of most others.
    """
    usual = all(ord(one) in _characters(fonts()[0]) for one in text)
    return {"weight": weight} if usual else {"family": fonts()}


@cache
def fonts() -> list[str]:
    """Return the families for names: the usual one, then those of `CJK` that are installed, so none is missed."""
    installed = {font.name for font in fontManager.ttflist}
    return [FontProperties().get_name(), *(name for name in CJK if name in installed)]


@cache
def _font() -> Any:
    return get_font([findfont(FontProperties(family=name)) for name in fonts()])


@cache
def _characters(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=family))).get_charmap())


@lru_cache(4096)
def _width(text: str) -> float:
    font = _font()
    font.set_size(100, 72)
    font.set_text(text)
    return font.get_width_height()[0] / 64 / 100


class Lanes:
    """A picture with a lane for each name, in columns side by side if they are many. All of it is on one pair of axes.

    - `figure`: the picture; `above`: axes above the lanes, as high as `above` says compared with them.
    """

    def __init__(self, names: Sequence[str], seconds: float, *, above: float = 0, bold: Sequence[str] = ()) -> None:
        share = 1 / (1 + above)
        columns = max(1, math.ceil(len(names) / (COLUMN * share)))
        rows = max(1, math.ceil(len(names) / columns))
        if above:
            self.figure, (self.above, self.ax) = figure(2, height=HEIGHT, height_ratios=[above, 1])
        else:
            self.figure, self.ax = figure(height=HEIGHT)
        size, mark = min(SIZE, POINTS * share / rows), max(4, 235 * share / rows)
        self._look: dict[str, Any] = {
            "marker": "|",
            "linestyle": "",
            "markersize": mark,
            "mew": 2 if columns == 1 else 0.7,
        }
        # A column is 1 wide. Names fill its left side, at most half of it, and the lanes begin after them.
        em = size / 72 * columns / WIDTH
        shown = [legible(name, 0.5 / em) for name in names]
        left = 0.02 + em * max(map(_width, shown), default=0)
        self._places: dict[str, tuple[float, int]] = {}
        for number, (name, text) in enumerate(zip(names, shown, strict=True)):
            column, row = divmod(number, rows)
            self._places[name] = column + left, -row
            colour, weight = (RUST, "bold") if name in bold else ("black", "normal")
            # A name is no formula, whatever dollar signs are in it.
            look: Any = {"fontsize": size, "color": colour, "parse_math": False, **fonts_of(text, weight)}
            self.ax.text(column + left - 0.01, -row, text, ha="right", va="center", **look)
        self.seconds, self._width = seconds, 0.97 - left
        begins = [column + left for column in range(columns)]
        ends = [(begin + self._width, f"{seconds:g}") for begin in begins]
        ticks = sorted([*((begin, "0") for begin in begins), *ends, (left + self._width / 2, f"{seconds / 2:g}")])
        self.ax.set_xticks([x for x, _ in ticks], [text for _, text in ticks])
        self.ax.vlines(begins, 0.5 - rows, 0.5, color=SILVER, linewidth=1)
        self.ax.set(xlim=(0, columns), ylim=(0.4 - rows, 0.6), yticks=[])
        self.ax.spines[["left", "right", "top"]].set_visible(False)
        if above:
            # With one column, the time is the same as in the lanes below.
            span = (-left * seconds / self._width, (1 - left) * seconds / self._width) if columns == 1 else (0, seconds)
            self.above.set(xlim=span, xticks=[0, seconds / 2, seconds])

    def title(self, text: str) -> None:
        """Write the title of the picture."""
        self.figure.suptitle(text, x=0.01, ha="left", fontsize=17, parse_math=False)

    def marks(self, at: Mapping[str, Sequence[float]], colour: str) -> None:
        """Draw a mark for each message, at its time."""
        points = [(self._x(name, time), self._places[name][1]) for name, times in at.items() for time in times]
        self.ax.plot([x for x, _ in points], [y for _, y in points], color=colour, **self._look)

    def waits(self, spans: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Draw times without a message, each as (begin, length)."""
        boxes = []
        for name, waits in spans.items():
            low, high = self._places[name][1] - 0.36, self._places[name][1] + 0.36
            for begin, length in waits:
                a, b = self._x(name, begin), self._x(name, begin + length)
                boxes.append([(a, low), (b, low), (b, high), (a, high)])
        self.ax.add_collection(PolyCollection(boxes, facecolor=PALE_ORANGE, edgecolor=RUST, hatch="//", linewidth=1))

    def note(self, words: str) -> None:
        """Write words over the middle of the lanes."""
        box = {"facecolor": "white", "edgecolor": DARK_GREY}
        self.ax.text(0.5, 0.5, words, transform=self.ax.transAxes, ha="center", va="center", bbox=box)

    def _x(self, name: str, at: float) -> float:
        return self._places[name][0] + self._width * min(at, self.seconds) / self.seconds
