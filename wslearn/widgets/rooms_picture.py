"""The rooms lab's picture: a lane for each room, a column for each client, arrows from a speaker to who hears."""

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from wslearn.theme import BLUE, DARK_GREY, PALE_BLUE, PALE_ORANGE
from wslearn.widgets.kit.picture import figure

#: Background and text of a client: as it is, as speaker, as hearer, gone.
PLAIN, SPEAKER, HEARER, GONE = ("white", "black"), (BLUE, "white"), (PALE_ORANGE, "black"), ("white", DARK_GREY)


@dataclass(frozen=True)
class Seat:
    """One client, as the picture shows it: where it is, how it went, whether it speaks or hears."""

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
    for speaker in seats:
        for hearer in seats:
            if speaker.speaks and hearer.hears and hearer is not speaker:
                _arrow(ax, places[speaker], places[hearer])
    for seat, place in places.items():
        _client(ax, *place, seat)
    ax.set(xlim=(0, len(seats) + 1.1), ylim=(len(lanes) - 0.45, -0.6))
    ax.axis("off")
    return drawn


def _lane(ax, row: int, room: str, members: int, columns: int) -> None:
    exists = bool(room and members)
    box = {"boxstyle": "round,pad=0.03,rounding_size=0.1", "edgecolor": DARK_GREY, "linewidth": 1.5}
    look = (
        {"facecolor": (PALE_BLUE, 0.25), "linestyle": "-"}
        if exists
        else {"facecolor": "white", "linestyle": (0, (4, 4))}
    )
    ax.add_patch(FancyBboxPatch((0.08, row - 0.36), columns + 0.9, 0.72, **box, **look))
    below = f"{members} member{'s' * (members > 1)}" if exists else "no such room" if room else ""
    ax.text(0.18, row - 0.1 * bool(below), room or "in no room", weight="bold" if exists else "normal", va="center")
    ax.text(0.18, row + 0.18, below, va="center", fontsize=12, color=DARK_GREY)


def _client(ax, x: float, y: float, seat: Seat) -> None:
    background, colour = GONE if seat.gone else SPEAKER if seat.speaks else HEARER if seat.hears else PLAIN
    does = seat.gone or ("speaks" if seat.speaks else "hears it" if seat.hears else "")
    box = {
        "boxstyle": "round,pad=0.35",
        "facecolor": background,
        "linewidth": 3 if seat.speaks else 1.2,
        "linestyle": "--" if seat.gone else "-",
    }
    ax.text(x, y, f"{seat.name}\n{does}".strip(), ha="center", va="center", color=colour, bbox=box)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float]) -> None:
    bend = -0.35 if end[0] > start[0] else 0.35
    style = {"arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}", "mutation_scale": 22, "linewidth": 2.5}
    ax.annotate("", (end[0], end[1] - 0.22), (start[0], start[1] - 0.22), arrowprops=style | {"color": BLUE})
