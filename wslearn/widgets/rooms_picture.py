"""The rooms lab's picture: a lane for each room, a column for each client, arrows from a sender to all who receive."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from wslearn.theme import BLUE, DARK_GREY, PALE_BLUE, PALE_ORANGE
from wslearn.widgets.kit.picture import figure

#: The rooms of the lab.
ROOMS = ("tea", "coffee", "library")
#: Background and text of a client: idle, sending, receiving, gone.
PLAIN, SPEAKER, HEARER, GONE = ("white", "black"), (BLUE, "white"), (PALE_ORANGE, "black"), ("white", DARK_GREY)


@dataclass(frozen=True)
class Seat:
    """One client, as the picture shows it: its room, how it disconnected, whether it sends or receives a message."""

    name: str
    room: str
    gone: str = ""
    speaks: bool = False
    hears: bool = False


def picture(seats: list[Seat], rooms: Iterable[str]) -> Figure:
    """Return the figure: every client keeps its column, so that a move is a step up or down."""
    drawn, ax = figure(height=5.2)
    lanes = [*rooms, ""]
    for row, room in enumerate(lanes):
        _lane(ax, row, room, sum(seat.room == room for seat in seats), len(seats))
    places = {seat: (column + 1.5, lanes.index(seat.room)) for column, seat in enumerate(seats)}
    for sender in seats:
        for receiver in seats:
            if sender.speaks and receiver.hears:
                _arrow(ax, places[sender], places[receiver])
    for seat, place in places.items():
        _client(ax, *place, seat)
    ax.set(xlim=(0, len(seats) + 1.1), ylim=(len(lanes) - 0.45, -0.6))
    ax.axis("off")
    return drawn


def _lane(ax: Axes, row: int, room: str, members: int, columns: int) -> None:
    exists = bool(room and members)
    face: Any = (PALE_BLUE, 0.25) if exists else "white"
    line: Any = "-" if exists else (0, (4, 4))
    ax.add_patch(
        FancyBboxPatch(
            (0.08, row - 0.36), columns + 0.9, 0.72, boxstyle="round,pad=0.03,rounding_size=0.1",
            edgecolor=DARK_GREY, linewidth=1.5, facecolor=face, linestyle=line,
        )
    )  # fmt: skip
    below = f"{members} member{'s' * (members > 1)}" if exists else "no such room" if room else ""
    ax.text(0.18, row - 0.1 * bool(below), room or "not in a room", weight="bold" if exists else "normal", va="center")
    ax.text(0.18, row + 0.18, below, va="center", fontsize=12, color=DARK_GREY)


def _client(ax: Axes, x: float, y: float, seat: Seat) -> None:
    background, colour = GONE if seat.gone else SPEAKER if seat.speaks else HEARER if seat.hears else PLAIN
    does = seat.gone or ("sends" if seat.speaks else "receives" if seat.hears else "")
    box = {
        "boxstyle": "round,pad=0.35",
        "facecolor": background,
        "linewidth": 3 if seat.speaks else 1.2,
        "linestyle": "--" if seat.gone else "-",
    }
    ax.text(x, y, f"{seat.name}\n{does}".strip(), ha="center", va="center", color=colour, bbox=box)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow between the upper edges of two clients; to the sender itself, a loop below it.

    The bend of an arc is relative to its length. A long arrow rises as high as a short one, so it stays in the picture.
    """
    aside, edge = (0.16, 0.25) if start == end else (0, -0.22)
    bend = 1.4 if aside else 0.45 / (start[0] - end[0])
    style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}", "mutation_scale": 22, "linewidth": 2.5}
    tail, tip = (start[0] - aside, start[1] + edge), (end[0] + aside, end[1] + edge)
    ax.annotate("", tip, tail, arrowprops=style | {"color": BLUE})
