"""How every dashboard looks: large type for a projector, a light and a dark theme, words beside each colour."""

import traceback
from html import escape

#: Width of a control and of the label in it: two fit beside each other on a narrow page.
CONTROL, LABEL = "300px", "120px"

# JupyterLab's own variables: a theme sets the colours, and only sizes are set here.
STYLE = """<style>
.wsl-dashboard{--jp-widgets-font-size:16px;--jp-widgets-inline-height:34px;--jp-code-font-size:15px;
overflow:visible!important;max-width:1200px;font-size:16px}
.wsl-dashboard .widget-box,.wsl-dashboard .widget-html{overflow:visible!important}
.wsl-dashboard .widget-html,.wsl-dashboard .widget-html-content{height:auto!important;line-height:1.4!important;
font-size:16px!important;width:auto}
.wsl-dashboard .wsl-title{font-size:22px;font-weight:600;margin:4px 0;line-height:1.3}
.wsl-dashboard .wsl-title{color:var(--jp-ui-font-color1,#000)}
.wsl-dashboard .wsl-status{color:var(--jp-ui-font-color1,#000)}
.wsl-dashboard .wsl-error{border-left:6px solid #c85200;padding:4px 10px;color:var(--jp-ui-font-color1,#000)}
.wsl-dashboard .wsl-error pre{font-size:13px;line-height:1.3;overflow-x:auto;color:inherit;background:none}
.wsl-dashboard table{border-collapse:collapse;font-size:16px;color:var(--jp-ui-font-color1,#000)}
.wsl-dashboard th,.wsl-dashboard td{padding:3px 14px 3px 0;text-align:right;white-space:nowrap}
.wsl-dashboard th:first-child,.wsl-dashboard td:first-child{text-align:left}
.wsl-dashboard tr+tr td{border-top:1px solid var(--jp-border-color2,#cfcfcf)}
.wsl-dashboard a{color:var(--jp-content-link-color,#006ba4);text-decoration:underline}
</style>"""


def title_html(text: str) -> str:
    """Return the title of a dashboard."""
    return f'<div class="wsl-title" role="heading" aria-level="3">{escape(text)}</div>'


def status_html(text: str) -> str:
    """Return a line that says how it goes."""
    return f'<div class="wsl-status" role="status">{escape(text)}</div>'


def error_html(error: BaseException) -> str:
    """Return what went wrong, in words; where it is no mere wrong value, with the traceback folded below."""
    while isinstance(error, BaseExceptionGroup):  # a TaskGroup's own words say nothing
        error = error.exceptions[0]
    text = str(error) or ("it took too long" if isinstance(error, TimeoutError) else type(error).__name__)
    details = ""
    if not isinstance(error, ValueError):
        lines = escape("".join(traceback.format_exception(error)))
        details = f"<details><summary>Where in the program</summary><pre>{lines}</pre></details>"
    return f'<div class="wsl-error" role="alert"><strong>It did not work:</strong> {escape(text)}{details}</div>'
