"""How every dashboard looks: its HTML. The style and the script are in `static`: dashboard.css and dashboard.js."""

import traceback
from collections.abc import Iterable
from html import escape

from wslearn.theme import STATIC, VALUES, style

#: Classes of a dashboard's panel: while a run is on, and until its first picture is there.
RUNNING, OLD = "wsl-running", "wsl-old"
#: How many times larger the type of a picture is with large type: as much as that of the text, see dashboard.css.
LARGE = 1.3
#: How a message about a failure begins.
FAILED = "It did not work:"
STYLE = style("dashboard.css")
SCRIPT = f"<script>{(STATIC / 'dashboard.js').read_text(encoding='utf-8')}</script>"


def title_html(text: str) -> str:
    """Return the title of a dashboard, with the style of all that is in the dashboard."""
    return f'{STYLE}<div class="wsl-title" role="heading" aria-level="3">{escape(text)}</div>'


def status_html(text: str) -> str:
    """Return the line that says how a run is going."""
    return f'<div class="wsl-status" role="status">{escape(text)}</div>'


def line_html(text: str) -> str:
    """Return the line below a picture. It also looks right without a dashboard's style."""
    look = f"font-size:var(--wsl-size,{VALUES['type']});line-height:1.4;white-space:pre-line"
    name = "wsl-line wsl-two" if "\n" in text else "wsl-line"  # two texts leave less room for the picture
    return f'<p class="{name}" style="{look}">{escape(text)}</p>'


def table_html(heads: Iterable[str], rows: Iterable[Iterable[str]], *, long: bool = False) -> str:
    """Return a table of cells of text; with `long`, text that is too long for a line goes on in the next one."""
    lines = ["".join(f"<th>{escape(head)}</th>" for head in heads)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return f"<table{' class=wsl-long' * long}><tr>{'</tr><tr>'.join(lines)}</tr></table>"


def message_of(error: BaseException) -> str:
    """Return the message of an exception, or what it means if it has none."""
    error = _cause(error)
    return str(error) or ("it took too long" if isinstance(error, TimeoutError) else type(error).__name__)


def error_html(error: BaseException) -> str:
    """Return what went wrong. The traceback, which a wrong value does not need, is folded below."""
    details = ""
    if not isinstance(_cause(error), ValueError):
        lines = escape("".join(traceback.format_exception(error)))
        details = f"<details><summary>Show the traceback</summary><pre>{lines}</pre></details>"
    return f'<div class="wsl-error" role="alert"><strong>{FAILED}</strong> {escape(message_of(error))}{details}</div>'


def _cause(error: BaseException) -> BaseException:
    """Return the first exception of a group: a TaskGroup's own message says nothing."""
    return _cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
