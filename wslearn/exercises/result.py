"""What a check found, for people to read: in a notebook as HTML, everywhere else as text."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Literal

from wslearn.messages import redact

#: How much of a value is shown, in characters, and how many steps: the last ones, since they tell what is wrong.
SHOWN, MAX_STEPS = 300, 60
#: For each state: the words that its text begins with, a sign, and a colour that has contrast on white and on black.
STATES = {
    "right": ("Right!", "✔", "#5f9ed1"),
    "wrong": ("Not yet.", "✘", "#ff800e"),
    "untouched": ("Not attempted yet.", "○", "#898989"),
}
UNTOUCHED = "Write your code in place of `raise NotImplementedError`, run that cell, and then this one again."


@dataclass(frozen=True)
class Step:
    """One line of what was tried: `who` (a client, a call), what they `did`, and `what` it was."""

    who: str
    did: str
    what: str
    wrong: bool = False


@dataclass(frozen=True, repr=False)
class Result:
    """What a check found. Truthy when the answer is right; a notebook shows it as HTML, `str()` as text.

    `message` says what to think about, `steps` what was tried, came and was expected, in order.
    """

    state: Literal["right", "wrong", "untouched"]
    message: str = ""
    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        lines = [STATES[self.state][0], *filter(None, self.message.splitlines())]
        steps = self.steps[-MAX_STEPS:]
        widths = [max((len(getattr(step, column)) for step in steps), default=0) for column in ("who", "did")]
        for step in steps:
            what = f"{step.who:>{widths[0]}} {step.did:<{widths[1]}}  {step.what}"
            lines.append(f"{'>>' if step.wrong else '  '} {what}".rstrip())
        return "\n".join(lines)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        word, sign, colour = STATES[self.state]
        paragraphs = "".join(f"<p style='margin:4px 0'>{_html(line)}</p>" for line in self.message.splitlines() if line)
        rows = "".join(map(_row, self.steps[-MAX_STEPS:]))
        details = (
            f"<details{'' if self else ' open'}><summary style='cursor:pointer'>What was tried</summary>"
            f"<table style='margin:4px 0;border:0;font-size:inherit'>{rows}</table></details>"
        )
        # No colours of its own for text and background: they are those of the page, light or dark.
        return (
            f"<div role='status' style='border-left:5px solid {colour};padding:2px 12px;max-width:70em'>"
            f"<p style='margin:4px 0;font-size:115%'><b><span aria-hidden='true'>{sign}</span> {word}</b></p>"
            f"{paragraphs}{details if rows else ''}</div>"
        )


def _row(step: Step) -> str:
    cell = "<td style='text-align:left;vertical-align:top;padding:1px 12px 1px 0"
    mark = "<span title='here it went wrong'>✘</span>" if step.wrong else ""
    return (
        f"<tr style='background:none'>{cell}'>{mark}</td>{cell};white-space:nowrap'><b>{escape(step.who)}</b></td>"
        f"{cell};white-space:nowrap'>{escape(step.did)}</td>"
        f"{cell};font-family:monospace;overflow-wrap:anywhere;white-space:pre-wrap'>{escape(step.what)}</td></tr>"
    )


def _html(text: str) -> str:
    """Return a line of text as HTML, with its `code` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def shown(value: object) -> str:
    """Return a value as a student shall read it: JSON as JSON, bytes as numbers, the rest as Python writes it.

    Secrets are redacted, and what is too long is cut.
    """
    if isinstance(value, str) and value[:1] in ("{", "["):
        text = value
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False, default=repr)
    elif isinstance(value, bytes) and len(value) > 0:
        text = f"{len(value)} byte{'s' * (len(value) > 1)}: {value[: SHOWN // 3].hex(' ')}"
    else:
        try:
            text = repr(value)
        except Exception as error:  # noqa: BLE001 - a student's __repr__ may be wrong too
            text = f"a {type(value).__name__} whose __repr__ raises {type(error).__name__}"
    text = redact(text[: 2 * SHOWN])
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def lines(texts: Iterable[str]) -> str:
    """Return texts as lines, each once."""
    return "\n".join(dict.fromkeys(filter(None, texts)))
