"""HTTP messages and frames as a coloured hex table for a notebook: pointing at a part explains it.

HTML and CSS only. The colours are matplotlib's `tableau-colorblind10`. A number at the first byte of each part says the
same as its colour, and a list below the bytes has in words what a pointer or the Tab key shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

from wslearn.frames.items import ARROWS, MAX_PARTS, Item, Part
from wslearn.frames.websocket import Frame
from wslearn.theme import BLUE, COLOURS, DARK_GREY, RUST, style

#: Background and text: of black and white, the one with more contrast (at least 4.5 to 1).
PAIRS = [(colour, "#fff" if colour in (BLUE, DARK_GREY, RUST) else "#000") for colour in COLOURS]
#: How many items are shown, and how many bytes at the beginning and at the end of a long part.
MAX_ITEMS, FIRST, LAST = 100, 64, 16
#: Up to so many items are shown opened; if there are more, each is a line that can be opened.
OPENED = 6

_STYLE = style("bytes.css")


@dataclass(frozen=True)
class Table:
    """What `table` returns: a notebook shows `html`, everything else shows `text`."""

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def table(items: Iterable[Item], secrets: bool = False) -> Table:
    """Return the bytes of `items` as a hex table for a notebook; with `secrets`, nothing is redacted."""
    items = list(items)
    shown = items[:MAX_ITEMS]
    blocks = [_item(item, secrets, opened=len(items) <= OPENED) for item in shown]
    texts = [item.text(secrets) for item in shown]
    if len(items) > MAX_ITEMS:
        left = f"{len(items) - MAX_ITEMS:,} more items left out: show a part of the list, such as items[{MAX_ITEMS}:]"
        blocks.append(f"<p>{left}</p>")
        texts.append(left)
    return Table(f'{_STYLE}<div class="wsl-bytes">{"".join(blocks)}</div>', "\n\n".join(texts))


def _item(item: Item, secrets: bool, opened: bool) -> str:
    """Return an item: a line to open it, its bytes, and the list of its parts."""
    arrow = ARROWS[item.direction].replace("->", "→")
    incomplete = " (incomplete)" if item.missing else ""
    line = (
        f"{item.time:.3f} s · connection {item.connection} · {arrow} · {len(item.raw):,} bytes · "
        f"<strong>{escape(item.what(secrets))}{incomplete}</strong>"
    )
    numbered = list(enumerate(item.parts[:MAX_PARTS], start=1))
    mask = b"" if secrets else item.hidden
    lines = list(_lines(item.raw, mask, numbered))
    if isinstance(item, Frame) and item.masked and item.payload:
        start = item.payload_start
        lines.append("        unmasked:")
        unmasked = [(n, Part(p.name, p.start - start, p.stop - start, p.meaning, p.section))
                    for n, p in numbered if p.start >= start]  # fmt: skip
        lines += _lines(item.payload, mask[start:], unmasked)
    lines.append('<span class="hint">Point at a part, or go to it with the Tab key, and this line explains it.</span>')
    rows = "".join(_row(item, number, part, secrets) for number, part in numbered)
    remarks = item.remarks(secrets)
    return (
        f"<details{' open' if opened else ''}><summary>{line}</summary><pre>{chr(10).join(lines)}</pre>"
        "<table><tr><th>part</th><th>bytes</th><th>reads</th><th>meaning</th><th>defined in</th></tr>"
        f"{rows}</table>{''.join(f'<p>{escape(remark)}</p>' for remark in remarks)}</details>"
    )


def _row(item: Item, number: int, part: Part, secrets: bool) -> str:
    last = f"–{part.stop - 1}" if part.stop - part.start > 1 else ""
    words = "".join(f'<td class="long">{escape(cell)}</td>' for cell in (item.reading(part, secrets), part.meaning))
    name = f'<td><span style="{_colours(number)};padding:0 5px">{number}</span> {escape(part.name)}</td>'
    return f"<tr>{name}<td>{part.start}{last}</td>{words}<td>{escape(part.section)}</td></tr>"


def _colours(number: int) -> str:
    background, colour = PAIRS[(number - 1) % len(PAIRS)]
    return f"background-color:{background};color:{colour}"


def _lines(raw: bytes, mask: bytes, parts: list[tuple[int, Part]]) -> Iterator[str]:
    """Yield lines of up to 16 bytes: where they begin, the bytes in hexadecimal, and the same bytes as ASCII."""
    runs: list[list[tuple[int, Part, int, int]]] = [[]]  # the bytes that are shown without a gap, part by part
    for number, part in parts:
        if part.stop - part.start > FIRST + LAST:
            runs[-1].append((number, part, part.start, part.start + FIRST))
            runs.append([(number, part, part.stop - LAST, part.stop)])
        else:
            runs[-1].append((number, part, part.start, part.stop))
    end = None
    for run in filter(None, runs):
        begin = run[0][2]
        if end is not None:
            yield f"        … {begin - end:,} bytes left out …"
        end = run[-1][3]
        for start in range(begin, end, 16):
            stop = min(start + 16, end)
            pieces = [_piece(raw, mask, number, part, max(a, start), min(b, stop)) for number, part, a, b in run
                      if a < stop and b > start]  # fmt: skip
            text = "".join(
                "*" if mask and mask[i] else chr(raw[i]) if 32 <= raw[i] < 127 else "." for i in range(start, stop)
            )
            yield f"{start:>6} {''.join(pieces)}{'   ' * (16 - stop + start)}  {escape(text)}"


def _piece(raw: bytes, mask: bytes, number: int, part: Part, start: int, stop: int) -> str:
    octets = " ".join("**" if mask and mask[i] else f"{raw[i]:02x}" for i in range(start, stop))
    count = part.stop - part.start
    tip = escape(f"{number} {part.name} ({count:,} byte{'s' * (count != 1)}): {part.meaning}. {part.section}")
    first = start == part.start
    # The number is on the space before the byte, so that all columns stay in their places.
    label = f'<b data-n="{number}"> </b>' if first else " "
    focus = f' tabindex="0" role="note" aria-label="{tip}"' if first else ""
    return f'<span class="part" style="{_colours(number)}" data-tip="{tip}"{focus}>{label}{octets}</span>'
