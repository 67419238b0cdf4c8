"""wslearn.frames.html: what a notebook shows of HTTP messages and frames can be read by all, and is safe."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode

from wslearn.frames import Chunk, read, table
from wslearn.frames.html import MAX_ITEMS, PAIRS

HANDSHAKE = [
    Chunk(0.0, 1, "up", b"GET / HTTP/1.1\r\nX-Odd: <b onclick=x>\"&'</b>\r\n\r\n"),
    Chunk(0.1, 1, "down", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
]


def text_frame(data: bytes, mask: bool = True) -> Chunk:
    raw = LibraryFrame(Opcode.TEXT, data).serialize(mask=mask)
    return Chunk(0.2, 1, "up" if mask else "down", raw)


class Elements(HTMLParser):
    """Collects the elements of a page, and complains about one that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def luminance(colour: str) -> float:
    """Return the relative luminance that WCAG 2 defines."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background, colour", PAIRS)
def test_text_on_every_colour_has_contrast(background, colour):
    dark, light = sorted((luminance(background), luminance(colour)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_colours_are_those_of_the_house():
    from matplotlib import style  # slow to import

    cycle = style.library["tableau-colorblind10"]["axes.prop_cycle"]
    assert [background for background, _ in PAIRS] == [entry["color"].lower() for entry in cycle]


def test_what_came_over_the_wire_makes_no_element():
    items = read([*HANDSHAKE, text_frame(b'<script>alert(1)</script>" onmouseover=x <img src=x>')])
    elements = Elements(table(items).html).found
    known = {"style", "div", "details", "summary", "strong", "pre", "span", "b", "table", "tr", "th", "td", "p"}
    assert {tag for tag, _ in elements} <= known
    assert not [attributes for _, attributes in elements if any(name.startswith("on") for name in attributes)]
    assert "<script>alert(1)</script>" in unescape(table(items).html)


def test_each_part_can_be_pointed_at_and_reached_by_key():
    items = read([*HANDSHAKE, text_frame(b"Hello, world: more than one line of bytes")])
    elements = Elements(table(items).html).found
    spans = [attributes for tag, attributes in elements if tag == "span" and attributes.get("class") == "part"]
    reachable = [attributes["aria-label"] for attributes in spans if attributes.get("tabindex") == "0"]
    parts = [part for item in items for part in item.parts]
    assert len(reachable) == len(parts) + 1  # the payload once more, unmasked
    for part in parts:
        assert any(part.name in label and part.meaning in label and part.section in label for label in reachable)
    assert all(attributes["data-tip"] for attributes in spans)
    numbers = [attributes["data-n"] for tag, attributes in elements if tag == "b"]
    assert len(numbers) == len(reachable), "colour alone must not say where a part begins"


def test_columns_stay_in_their_places():
    html = table(read([*HANDSHAKE, text_frame(b"x" * 40)])).html
    for block in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL):
        for line in re.sub("<[^>]*>", "", block).splitlines():
            if re.match(r" +[0-9]+ ", line):
                assert re.fullmatch(r"[ 0-9]{6} ( ([0-9a-f]{2}|  )){16}  .*", line), line


def test_a_long_payload_is_shortened_and_says_by_how_much():
    item = read([*HANDSHAKE, text_frame(b"a" * 100_000, mask=False)])[-1]
    view = table([item])
    assert "99,920 bytes left out" in view.html and "100,000" in view.text
    assert len(view.html) < 10_000 and len(view.text) < 2_000


def test_many_parts_and_many_items_are_shortened():
    items = read([*HANDSHAKE, *[text_frame(b"a")] * (MAX_ITEMS + 1)])
    view = table(items)
    assert "3 more items left out" in view.html and "3 more items left out" in view.text
    lines = b"".join(b"X: %d\r\n" % n for n in range(100))
    [head] = read([Chunk(0.0, 1, "up", b"GET / HTTP/1.1\r\n" + lines + b"\r\n")])
    assert "62 more parts left out" in table([head]).html and "62 more parts left out" in str(head)


def test_a_notebook_shows_html_and_everything_else_text():
    view = table(read(HANDSHAKE))
    assert view._repr_html_() == view.html and "<div" in view.html
    assert str(view) == repr(view) == view.text and "<div" not in view.text and "request line" in view.text
