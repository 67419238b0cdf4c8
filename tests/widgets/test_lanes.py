"""Lanes with names that people chose: as many as a class has, whatever is in them."""

import itertools
import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager, style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from wslearn.widgets import lanes as module
from wslearn.widgets.kit.picture import LOOK, png
from wslearn.widgets.lanes import Lanes, legible

NAMES = ["$x^2$", "$\\frac", "مرحبا", "日本語", "W" * 20, "<b>x</b>", "\\textbf{x}", "a_b^c", "👍🏽"]


def forget_fonts() -> None:
    """Forget which fonts are installed."""
    for one in (module.fonts, module._font, module._characters, module._width, module.legible):
        one.cache_clear()


@pytest.fixture
def installed(monkeypatch):
    """The fonts that are installed: only matplotlib's own. A test may add one to the list."""
    fonts = [font for font in font_manager.fontManager.ttflist if font.name not in module.CJK]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    font_manager.fontManager._findfont_cached.cache_clear()
    forget_fonts()
    yield fonts
    forget_fonts()


def square_font(path, name: str, characters: str) -> None:
    """Write a font that draws each of these characters as a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0)), pen.lineTo((100, 800)), pen.lineTo((900, 800)), pen.lineTo((900, 0)), pen.closePath()
    glyphs = [".notdef", *(f"uni{ord(one):04X}" for one in characters)]
    font = FontBuilder(1000)
    font.setupGlyphOrder(glyphs)
    font.setupCharacterMap({ord(one): glyph for one, glyph in zip(characters, glyphs[1:], strict=True)})
    font.setupGlyf(dict.fromkeys(glyphs, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": name, "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    font.save(path)


def drawn(names, **more):
    """Draw lanes with all that can be in them, and return them after they were drawn without any warning."""
    with warnings.catch_warnings(), style.context(LOOK):
        warnings.simplefilter("error")
        lanes = Lanes(names, 10.0, **more)
        lanes.waits({name: [(1.0, 3.0), (8.0, 5.0)] for name in names[::2]})
        lanes.marks({name: [0.5, 4.0, 10.0, 11.0] for name in names}, "blue")
        lanes.title("$title$")
        lanes.note("$note$")
        assert png(lanes.figure, lanes.figure.get_size_inches()).startswith(b"\x89PNG")
    return lanes


def boxes(lanes):
    """Return where the names are in the picture, in pixels."""
    renderer = FigureCanvasAgg(lanes.figure).get_renderer()
    return [text.get_window_extent(renderer) for text in lanes.ax.texts[:-1]]


@pytest.mark.parametrize("above", [0, 0.3])
@pytest.mark.parametrize("count", [1, 5, 30, 41, 200])
def test_names_overlap_neither_each_other_nor_the_lanes_and_are_in_the_picture(count, above):
    names = [f"{NAMES[number % 9][:15]} {number}" for number in range(count)]
    lanes = drawn(names, above=above, bold=names[:2])
    found = boxes(lanes)
    assert len(found) == count
    width, height = lanes.figure.get_size_inches() * lanes.figure.dpi
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in found)
    for one, other in itertools.pairwise(found):
        if abs(one.x1 - other.x1) < 1:  # in the same column
            assert one.y0 > other.y0 and one.y0 >= other.y1 - 4
        else:
            assert other.x0 > one.x1


def test_without_anybody():
    assert boxes(drawn([])) == []


def test_a_name_in_chinese_is_drawn_with_a_font_that_is_installed(installed, tmp_path, caplog):
    assert legible("日本語") == "□□□"
    square_font(tmp_path / "cjk.ttf", "Noto Sans CJK JP", "日本語")
    installed.append(font_manager.ttfFontProperty(font_manager.get_font(tmp_path / "cjk.ttf")))
    forget_fonts()
    assert module.fonts() == ["DejaVu Sans", "Noto Sans CJK JP"]
    assert legible("日本語 Ann 王") == "日本語 Ann □"
    assert legible("日本語" * 5, 6.0) == "日本語日本…"
    lanes = drawn(["日本語", "Ann"], above=0.3, bold=["日本語", "Ann"])
    assert not caplog.records  # nothing about a font that is missing, or is not there in bold
    one, other = boxes(lanes)
    assert one.width > 1.5 * one.height and other.width > 0


def test_a_name_is_shown_in_the_characters_of_the_font_and_cut_where_it_is_too_wide(installed):
    assert legible("Ann") == "Ann"
    assert legible("日本語 Ann") == "□□□ Ann"
    assert legible("W" * 20, 5.0).endswith("W…") and len(legible("W" * 20, 5.0)) < len(legible("i" * 20, 5.0))
    assert legible("Ann", 0.1) == "…" or len(legible("Ann", 0.1)) <= 2


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_formula(name):
    assert boxes(drawn([name]))[0].width > 0
