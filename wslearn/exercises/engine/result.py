"""What a check found, for people to read: in a notebook as HTML, everywhere else as text."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from wslearn.redact import redact
from wslearn.theme import GREY, LIGHT_BLUE, ORANGE

#: How much of a value is shown, in characters, and how many steps: the last ones, since they tell what is wrong.
SHOWN, MAX_STEPS = 300, 60
#: The longest text, in characters, that others are lined up with.
WIDEST = 30
#: For each state: the words that its text begins with, a sign, and a colour that has contrast on white and on black.
STATES = {
    "right": ("Right!", "✔", LIGHT_BLUE),
    "wrong": ("Not yet.", "✘", ORANGE),
    "untouched": ("Not attempted yet.", "○", GREY),
    "unchecked": (
        "Not checked: the page runs in a browser, and none shows this notebook. Open the notebook in one, and run "
        "this cell again.",
        "○",
        GREY,
    ),
}
UNTOUCHED = "Write your code in place of `raise NotImplementedError`, run that cell, and then this one again."

# No colours of its own for text and background: they are the page's, light or dark. JupyterLab's theme colours tables.
_STYLE = """<style>
.wsl-result{border-left:5px solid;padding:2px 12px;max-width:70em}
.wsl-result p{margin:4px 0!important}
.wsl-result .verdict{font-size:115%;font-weight:bold}
.wsl-result summary{cursor:pointer}
.wsl-result table{border:0!important;margin:4px 0!important;font-size:inherit!important}
.wsl-result tr{background:none!important}
.wsl-result td{text-align:left!important;vertical-align:top!important;padding:1px 12px 1px 0!important}
.wsl-result td:not(.what){white-space:nowrap}
.wsl-result td.what{font-family:monospace;overflow-wrap:anywhere;white-space:pre-wrap}
</style>"""


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

    `message` says what to think about, also of a right answer; `steps` what was tried, came and was
    expected, in order; `progress` how many tasks of the lesson are done, in a notebook.
    """

    state: Literal["right", "wrong", "untouched", "unchecked"]
    message: str = ""
    steps: tuple[Step, ...] = ()
    progress: str = ""

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        lines = [STATES[self.state][0], *filter(None, self.message.splitlines())]
        return "\n".join([*lines, *trace(self.steps), *filter(None, [self.progress])])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        word, sign, colour = STATES[self.state]
        paragraphs = "".join(f"<p>{_html(line)}</p>" for line in self.message.splitlines() if line)
        rows = "".join(map(_row, self.steps[-MAX_STEPS:]))
        opened = "" if self else " open"
        progress = f"<p class='wsl-progress'>{escape(self.progress)}</p>" if self.progress else ""
        tried = f"What was tried {_cut(self.steps)}".rstrip()
        details = f"<details{opened}><summary>{tried}</summary><table>{rows}</table></details>" if rows else ""
        return (
            f"{_STYLE}<div class='wsl-result' role='status' style='border-left-color:{colour}'>"
            f"<p class='verdict'><span aria-hidden='true'>{sign}</span> {word}</p>{paragraphs}{details}{progress}</div>"
        )


def trace(steps: Sequence[Step]) -> list[str]:
    """Return the last steps as lines of text, in columns."""
    cut, steps = _cut(steps), steps[-MAX_STEPS:]
    # A call with many arguments is too long to line the others up with it.
    cells = [[text for step in steps if len(text := str(getattr(step, column))) <= WIDEST] for column in ("who", "did")]
    widths = [max(map(len, column), default=0) for column in cells]
    lines = (f"{step.who!s:>{widths[0]}} {step.did!s:<{widths[1]}}  {step.what}" for step in steps)
    marked = (f"{'>>' if step.wrong else '  '} {text}".rstrip() for step, text in zip(steps, lines, strict=True))
    return [*filter(None, [cut]), *marked]


def _cut(steps: Sequence[Step]) -> str:
    """Tell that only the last steps are shown, if that is so."""
    return f"(the last {MAX_STEPS} of {len(steps)} steps)" if len(steps) > MAX_STEPS else ""


def _row(step: Step) -> str:
    mark = "<span title='here it went wrong'>✘</span>" if step.wrong else ""
    return (
        f"<tr><td>{mark}</td><td><b>{escape(step.who)}</b></td><td>{escape(step.did)}</td>"
        f"<td class='what'>{escape(step.what)}</td></tr>"
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
    text = redact(text[: 2 * SHOWN]).encode(errors="backslashreplace").decode()  # half of a character can't be printed
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def lines(texts: Iterable[str]) -> str:
    """Return texts as lines, each once."""
    return "\n".join(dict.fromkeys(filter(None, texts)))
