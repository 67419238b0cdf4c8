"""Lanes: what each client of a dashboard has received, and a picture of up to 200 of them, with their names."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.font_manager import FontProperties, findfont, get_font

from wslearn.theme import DARK_GREY, PALE_ORANGE, RUST
from wslearn.widgets.kit.picture import SIZE, figure

#: Lanes in a column of the picture, at most, and the points of type that they share.
COLUMN, POINTS = 40, 280


@dataclass
class Lane:
    """What one client has received: when each message arrived, and when it was due, in seconds since the start."""

    arrivals: list[float] = field(default_factory=list)
    dues: list[float] = field(default_factory=list)

    def waits(self, until: float, since: float = 0.0) -> list[tuple[float, float]]:
        """Return the time without a message before each message, and after the last one, as (begin, length)."""
        times = [since, *self.arrivals, max([until, *self.arrivals[-1:]])]
        return [(a, b - a) for a, b in itertools.pairwise(times)]


def legible(name: str, most: int = 20) -> str:
    """Return a name that a person chose, as a picture can show it: short, in the characters that its font has."""
    known = get_font(findfont(FontProperties())).get_charmap()
    shown = name if len(name) <= most else f"{name[: most - 1]}…"
    return "".join(one if ord(one) in known else "□" for one in shown)


class Lanes:
    """A picture with a lane for each name, in columns side by side if they are many.

    - `figure`: the picture; `above`: axes above the lanes, as high as `above` says compared with them.
    """

    def __init__(self, names: Sequence[str], seconds: float, *, above: float = 0, bold: Sequence[str] = ()) -> None:
        columns = max(1, math.ceil(len(names) / COLUMN))
        rows = max(1, math.ceil(len(names) / columns))
        ratios = [above, 1] if above else [1]
        self.figure, axes = figure(len(ratios), ncols=columns, height=5.6, squeeze=False, height_ratios=ratios)
        self.above: Axes | None = None
        if above:
            for ax in axes[0]:
                ax.remove()
            self.above = self.figure.add_subplot(axes[0][0].get_gridspec()[0, :])
            self.above.tick_params(labelsize=SIZE)
        self._mark = max(4, min(18, POINTS / rows))
        self._places: dict[str, tuple[Axes, int]] = {}
        for column, ax in enumerate(axes[-1]):
            part = names[column * rows : (column + 1) * rows]
            self._places |= {name: (ax, -row) for row, name in enumerate(part)}
            shown = [legible(name, 18 - columns) for name in part]
            size = min(SIZE, POINTS / rows)
            # A name is no formula, whatever dollar signs are in it.
            ax.set_yticks([-row for row in range(len(part))], shown, parse_math=False, fontsize=size)
            for label, name in zip(ax.get_yticklabels(), part, strict=True):
                label.set(color=RUST if name in bold else "black", weight="bold" if name in bold else "normal")
            ax.set(xlim=(0, seconds), ylim=(0.4 - rows, 0.6))
        self.first: Axes = axes[-1][0]

    def marks(self, at: Mapping[str, Sequence[float]], colour: str) -> None:
        """Draw a mark for each message, at its time."""
        for ax, points in self._by_axes(at).items():
            x, y = zip(*points, strict=True)
            ax.plot(x, y, "|", color=colour, markersize=self._mark, mew=2)

    def waits(self, spans: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Draw times without a message, each as (begin, length)."""
        for ax, found in self._by_axes(spans).items():
            boxes = [[(x, y - 0.36), (x + w, y - 0.36), (x + w, y + 0.36), (x, y + 0.36)] for (x, w), y in found]
            ax.add_collection(PolyCollection(boxes, facecolor=PALE_ORANGE, edgecolor=RUST, hatch="//", linewidth=1))

    def title(self, text: str) -> None:
        """Write the title of the picture."""
        self.figure.suptitle(text, x=0.01, ha="left", fontsize=17, parse_math=False)

    def note(self, x: float, words: str) -> None:
        """Write words over the lanes of the first column, around this time."""
        box = {"facecolor": "white", "edgecolor": DARK_GREY}
        middle = sum(self.first.get_ylim()) / 2
        self.first.text(x, middle, words, ha="center", va="center", bbox=box, parse_math=False)

    def _by_axes(self, values: Mapping[str, Sequence[Any]]) -> dict[Axes, list[tuple[Any, int]]]:
        found: dict[Axes, list[tuple[Any, int]]] = {}
        for name, each in values.items():
            ax, y = self._places[name]
            found.setdefault(ax, []).extend((value, y) for value in each)
        return {ax: points for ax, points in found.items() if points}
