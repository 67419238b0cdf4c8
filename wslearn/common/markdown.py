"""What a notebook shows as Markdown."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Markdown:
    """A text that a notebook shows as Markdown: code in it gets the colours of the reader's own theme."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        plain = re.sub(r"^\*\*(.+?)\*\*", r"\1", self.markdown, flags=re.MULTILINE)  # bold, and not code's `**options`
        return plain.replace("```python\n", "").replace("\n```", "")
