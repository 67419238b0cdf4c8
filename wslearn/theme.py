"""The colours and sizes that all pictures and outputs share, as static/theme.css names them."""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_CSS = (STATIC / "theme.css").read_text(encoding="utf-8")

#: Name -> value, of the light theme: what a notebook shows has the theme of JupyterLab, or a white background.
VALUES = dict(re.findall(r"--([\w-]+): ([^;]+);", _CSS.partition("@media")[0]))

# matplotlib's style `tableau-colorblind10`, in its order.
COLOURS = BLUE, ORANGE, SILVER, DARK_GREY, LIGHT_BLUE, RUST, GREY, PALE_BLUE, PALE_ORANGE, LIGHT_GREY = [
    VALUES[name]
    for name in (
        "blue", "orange", "silver", "dark-grey", "light-blue", "rust", "grey", "pale-blue", "pale-orange", "light-grey",
    )
]  # fmt: skip


def filled(css: str) -> str:
    """Return CSS in which each `var(--name)` of theme.css is replaced by its value: a notebook has no such file."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: VALUES.get(match[1], match[0]), css)


def style(file: str) -> str:
    """Return a stylesheet of `static` as an element that works inside a saved notebook.

    Every output carries its own copy, so the copy has neither comments nor line breaks.
    """
    css = (STATIC / file).read_text(encoding="utf-8")
    short = re.sub(r"/\*.*?\*/|\n *", "", css, flags=re.DOTALL)
    return f"<style>{filled(short)}</style>"
