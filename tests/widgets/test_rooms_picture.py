"""The rooms lab's picture: wherever the sender and the receivers are, their arrows stay inside."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch

from wslearn.widgets.rooms import ROOMS
from wslearn.widgets.rooms_picture import Seat, picture


@pytest.mark.parametrize("scale", [1.0, 1.3])
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("sender", range(5))
def test_arrows_stay_inside(room, sender, scale):
    drawn = picture([Seat(f"guest-{n}", room, speaks=n == sender, hears=True) for n in range(5)], ROOMS)
    drawn.set_size_inches(drawn.get_size_inches() / scale)
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    arrows = [note.arrow_patch for note in drawn.axes[0].texts if getattr(note, "arrow_patch", None)]
    assert len(arrows) == 5 and all(isinstance(arrow, FancyArrowPatch) for arrow in arrows)
    for arrow in arrows:
        edges = arrow.get_window_extent(canvas.get_renderer())
        assert edges.x0 > 0 and edges.y0 > 0 and edges.x1 < drawn.bbox.x1 and edges.y1 < drawn.bbox.y1
