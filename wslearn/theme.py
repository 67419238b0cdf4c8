"""The colours and sizes that all pictures and outputs share, as static/values.css names them."""

import re
from pathlib import Path

_CSS = (Path(__file__).parent / "static" / "values.css").read_text(encoding="utf-8")

#: Name -> value, of the light theme: what a notebook shows has the theme of JupyterLab, or a white ground.
VALUES = dict(re.findall(r"--([\w-]+): ([^;]+);", _CSS.partition("@media")[0]))

# matplotlib's style `tableau-colorblind10`, in its order.
COLOURS = BLUE, ORANGE, SILVER, DARK_GREY, LIGHT_BLUE, RUST, GREY, PALE_BLUE, PALE_ORANGE, LIGHT_GREY = [
    VALUES[name]
    for name in (
        "blue", "orange", "silver", "dark-grey", "light-blue", "rust", "grey", "pale-blue", "pale-orange", "light-grey",
    )
]  # fmt: skip


def filled(css: str) -> str:
    """Return CSS in which each `var(--name)` of values.css is its value: a notebook has no such file."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: VALUES.get(match[1], match[0]), css)
