"""The picture of rooms with many phones: every name is in its box, and every box is in the picture."""

import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from wslearn.widgets.kit.picture import LOOK
from wslearn.widgets.rooms_people import LOOKS, Face, picture
from wslearn.widgets.rooms_picture import ROOMS

#: How many phones are in each room.
SPLITS = [(0, 0, 0), (1, 0, 0), (2, 2, 1), (10, 10, 10), (67, 67, 66), (200, 0, 0), (0, 150, 50)]
NAMES = ["quiet fox", "$x_1$ \\frac", "W" * 20, "日本語", "<b>bold</b>", "curious sparrow 2"]


@pytest.mark.parametrize("split", SPLITS)
def test_everybody_is_seen_in_the_own_room(split):
    looks = list(LOOKS)
    rooms = {
        room: [Face(NAMES[n % len(NAMES)], looks[n % len(looks)]) for n in range(count)]
        for room, count in zip(ROOMS, split, strict=True)
    }
    with style.context(LOOK):
        drawn = picture(rooms)
        canvas = FigureCanvasAgg(drawn)
        canvas.draw()
    titles, names = drawn.axes[0].texts[:], []
    for text in titles[:]:
        if text.get_fontweight() != "bold":
            titles.remove(text)
            names.append(text)
    words = [f"{room}: {count} phone{'s' * (count != 1)}" for room, count in zip(ROOMS, split, strict=True)]
    assert [text.get_text() for text in titles] == words
    assert len(names) == sum(split)
    edges = [text.get_window_extent(canvas.get_renderer()) for text in titles]
    assert all(edge.x1 < following.x0 for edge, following in zip(edges, edges[1:], strict=False))  # noqa: RUF007
    assert edges[-1].x1 < drawn.bbox.x1
    for text in names:
        cell = text.get_clip_box()
        assert cell.x0 >= 0 and cell.y0 >= 0 and cell.x1 <= drawn.bbox.x1 and cell.y1 <= drawn.bbox.y1
        assert cell.height >= text.get_size() * 120 / 72 * 1.2  # a line of text is not cut off
    assert all(text.get_size() >= (6 if sum(split) > 100 else 12) for text in names)
    cells = [text.get_clip_box().extents.round().tolist() for text in names]
    assert len({tuple(cell) for cell in cells}) == len(cells)


def test_a_mark_says_what_the_colour_says():
    drawn = picture({"tea": [Face("Ann", "sends"), Face("Bob", "has it"), Face("Zoe", "waits"), Face("Carl")]})
    assert [text.get_text() for text in drawn.axes[0].texts[1:]] == ["▶ Ann", "✓ Bob", "… Zoe", "Carl"]
