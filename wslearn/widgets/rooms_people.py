"""The rooms lab's picture with the phones of a class: a box for each room, and in it the names, up to some hundred."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox, TransformedBbox

from wslearn.theme import BLUE, DARK_GREY, LIGHT_GREY, PALE_BLUE, PALE_ORANGE
from wslearn.widgets.kit.picture import figure
from wslearn.widgets.lanes import fonts_of, legible

#: What a phone has to do with the last message.
Does = Literal["", "sends", "has it", "waits"]
#: Its mark, its background and its text's colour.
LOOKS: dict[Does, tuple[str, str, str]] = {
    "": ("", "white", "black"),
    "sends": ("▶ ", BLUE, "white"),
    "has it": ("✓ ", PALE_ORANGE, "black"),
    "waits": ("… ", LIGHT_GREY, "black"),
}
#: The picture and a room's title in inches, and how many letters wide a name is.
WIDTH, HEIGHT, TITLE, LETTERS = 10.0, 5.4, 0.45, 15
#: The part of the width that a room has, however few are in it.
LEAST = 0.2


@dataclass(frozen=True)
class Face:
    """One phone, as the picture shows it."""

    name: str
    does: Does = ""


def picture(rooms: Mapping[str, Sequence[Face]]) -> Figure:
    """Return the figure: the more are in a room, the wider is its box."""
    drawn, ax = figure(height=HEIGHT)
    drawn.set_layout_engine("none")  # matplotlib need not measure the names
    ax.set_position([0, 0, 1, 1])
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    ax.axis("off")
    total = max(1, sum(map(len, rooms.values())))
    left, boxes = 0.0, []
    looks: list[tuple[Any, Any]] = []  # background and edge of each box
    for room, faces in rooms.items():
        wide = WIDTH * (LEAST + (1 - LEAST * len(rooms)) * (len(faces) / total))
        boxes.append(_box(left + 0.05, 0.05, wide - 0.1, HEIGHT - 0.1))
        looks.append(((PALE_BLUE, 0.25), DARK_GREY))
        people = "1 phone" if len(faces) == 1 else f"{len(faces)} phones"
        ax.text(left + 0.15, 0.28, f"{room}: {people}", size=13, weight="bold", va="center")
        columns, size = _grid(len(faces), wide - 0.2, HEIGHT - TITLE - 0.15)
        rows = max(1, ceil(len(faces) / columns))
        w, h = (wide - 0.2) / columns, min((HEIGHT - TITLE - 0.15) / rows, 3 * size / 72)
        for number, face in enumerate(faces):
            x, y = left + 0.1 + w * (number // rows), TITLE + 0.05 + h * (number % rows)
            mark, ground, ink = LOOKS[face.does]
            boxes.append(_box(x + 0.015, y + 0.015, w - 0.03, h - 0.03))
            looks.append((ground, DARK_GREY if face.does else LIGHT_GREY))
            text = f"{mark}{legible(face.name, 72 * (w - 0.1) / size - 1.3)}"
            cell = TransformedBbox(Bbox.from_bounds(x, y, w - 0.03, h), ax.transData)  # a name of 20 W is cut off
            look: dict[str, Any] = {"size": size, "color": ink, "va": "center", "parse_math": False, "clip_on": True}
            ax.text(x + 0.05, y + h / 2, text, **look, **fonts_of(text)).set_clip_box(cell)
        left += wide
    faces_of, edges = zip(*looks, strict=True)
    ax.add_collection(PolyCollection(boxes, facecolors=faces_of, edgecolors=edges, linewidths=1))
    return drawn


def _grid(count: int, wide: float, high: float) -> tuple[int, float]:
    """Return in how many columns the names are largest, and their size in points."""
    sizes = {
        columns: min(72 * high / ceil(max(1, count) / columns) / 1.6, 72 * wide / columns / LETTERS / 0.6, 16)
        for columns in range(1, 25)
    }
    best = max(sizes, key=lambda columns: (round(sizes[columns], 1), -columns))
    return best, sizes[best]


def _box(x: float, y: float, w: float, h: float) -> list[tuple[float, float]]:
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
