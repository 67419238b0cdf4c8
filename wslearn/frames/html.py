"""Heads and frames as a coloured hex table for a notebook: pointing at a part names it.

HTML and CSS only. The colours are matplotlib's `tableau-colorblind10`; a number at each part's first byte says the same
as its colour, and the list below the bytes says in words what a pointer or the Tab key shows above it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape

from wslearn.frames.items import ARROWS, MAX_PARTS, Item, Part
from wslearn.frames.websocket import Frame
from wslearn.theme import BLUE, COLOURS, DARK_GREY, RUST, filled

#: Background and text: of black and white, the one with more contrast (at least 4.5 to 1).
PAIRS = [(colour, "#fff" if colour in (BLUE, DARK_GREY, RUST) else "#000") for colour in COLOURS]
#: Items that are shown; bytes at the beginning and end of a part, when it has more than both.
MAX_ITEMS, FIRST, LAST = 100, 64, 16
#: So many items are shown opened; more than that are lines to open.
OPENED = 6

# JupyterLab's theme colours every table and every pre inside an output: hence !important. The type is as large as the
# notebook's, in Presentation Mode too.
_STYLE = filled("""<style>
.wsl-bytes{background:#fff!important;color:#000!important;padding:8px 12px;overflow-x:auto;
font:var(--jp-content-font-size1,14px)/1.45 sans-serif}
.wsl-bytes details{margin:0 0 6px;border-top:1px solid var(--light-grey);padding-top:4px}
.wsl-bytes summary{cursor:pointer;color:#000}
.wsl-bytes pre{position:relative;background:#fff!important;color:#000!important;margin:6px 0;
padding:0!important;font:1em/1.7 monospace!important;width:max-content;min-width:100%}
.wsl-bytes .part{padding:2px 0;box-shadow:inset 2px 0 #fff}
.wsl-bytes .part b{position:relative}
.wsl-bytes .part b::before{content:attr(data-n);position:absolute;right:0;top:-3px;font-size:.7em;letter-spacing:-1px}
.wsl-bytes .hint{color:var(--dark-grey);font:.93em/1.8 sans-serif}
.wsl-bytes .part:hover,.wsl-bytes .part:focus{outline:2px solid #000}
.wsl-bytes .part:hover::after,.wsl-bytes .part:focus::after{content:attr(data-tip);position:absolute;left:0;
top:calc(100% - 1.7em);width:100%;box-sizing:border-box;background:#000;color:#fff;padding:3px 8px;
font:1em/1.4 sans-serif;white-space:normal;z-index:1}
.wsl-bytes .part:hover::after{z-index:2}
.wsl-bytes table{border-collapse:collapse!important;margin:4px 0 8px!important;font-size:.93em!important;
color:#000!important}
.wsl-bytes tr{background:#fff!important}
.wsl-bytes th,.wsl-bytes td{text-align:left!important;vertical-align:top!important;padding:2px 10px 2px 4px!important;
color:#000;border-bottom:1px solid var(--light-grey)!important;max-width:34em}
.wsl-bytes th,.wsl-bytes td:not(.long){white-space:nowrap!important}
.wsl-bytes td.long{overflow-wrap:anywhere;min-width:12em}
.wsl-bytes p{margin:2px 0!important;color:#000}
</style>""")


@dataclass(frozen=True)
class Table:
    """What `table` returns: a notebook shows `html`, everything else `text`."""

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
    """Return an item: a line that opens, its bytes, the list of its parts."""
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
    lines.append('<span class="hint">Point at a part, or go to it with the Tab key: this line says what it is.</span>')
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
    """Yield lines of up to 16 bytes: where they begin, the bytes in hexadecimal, the same as ASCII."""
    runs: list[list[tuple[int, Part, int, int]]] = [[]]  # what is shown without a gap, part by part
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
    # The number stands on the space before the byte, so that all columns stay in their places.
    label = f'<b data-n="{number}"> </b>' if first else " "
    focus = f' tabindex="0" role="note" aria-label="{tip}"' if first else ""
    return f'<span class="part" style="{_colours(number)}" data-tip="{tip}"{focus}>{label}{octets}</span>'
