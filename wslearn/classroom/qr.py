"""QR codes of an address: as a picture for pages, and as text for the terminal."""

import io

import segno

#: The four pairs of an upper and a lower square, and the signs that draw them: a dark square is left out, because the
#: sign is drawn in white on black. Phones need the white border.
SIGNS = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
BORDER = 2


def svg(text: str) -> str:
    """Return the QR code of a text as an SVG picture, black on white, that grows with its place."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", border=4, light="white", omitsize=True, xmldecl=False)
    return out.getvalue().decode()


def terminal(text: str, *, colour: bool = True) -> str:
    """Return the QR code of a text as lines of signs, two squares a sign; with `colour` white on black everywhere."""
    rows = [list(row) for row in segno.make_qr(text, error="l").matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        line = "".join(SIGNS[int(bool(above)), int(bool(below))] for above, below in zip(upper, lower, strict=True))
        lines.append(f"\x1b[97;40m{line}\x1b[0m" if colour else line)
    return "\n".join(lines)
