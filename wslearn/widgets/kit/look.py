"""How every dashboard looks: large type for a projector, a light and a dark theme, words beside each colour."""

import traceback
from html import escape

from wslearn.theme import VALUES, filled

#: Width of a control and of the label in it: two fit beside each other on a narrow page.
CONTROL, LABEL = "18.75em", "7.5em"

#: How a message about a failure begins.
FAILED = "It did not work:"

# JupyterLab's own variables: a theme sets the colours, and only sizes are set here, but for a menu's arrow: ipywidgets
# has a black one for every theme. Large type is for all outputs of a dashboard's cell; where there is no JupyterLab
# around, for the page.
STYLE = filled("""<style>
:is(.jp-OutputArea,body:not([data-jp-theme-name])):has(.wsl-large :checked){--wsl-type:calc(var(--large)*var(--type))}
:is(.jp-OutputArea,body:not([data-jp-theme-name])):has(.wsl-large :checked) .jp-RenderedImage img{width:100%}
.wsl-dashboard,.wsl-line{--wsl-size:var(--wsl-type,var(--type));font-size:var(--wsl-size)}
.wsl-dashboard{--jp-widgets-font-size:var(--wsl-size);--jp-widgets-inline-height:calc(2.1*var(--wsl-size));
overflow:visible!important;max-width:75em}
.wsl-dashboard .widget-box,.wsl-dashboard .widget-html{overflow:visible!important}
.wsl-dashboard .widget-html,.wsl-dashboard .widget-html-content{height:auto!important;line-height:1.4!important;
font-size:var(--wsl-size)!important;width:auto}
.wsl-dashboard :is(.wsl-title,.wsl-status,.wsl-error,table){color:var(--jp-ui-font-color1,#000)}
.wsl-dashboard .wsl-title{font-size:1.4em;font-weight:600;margin:4px 0;line-height:1.3}
.wsl-dashboard .wsl-error{border-left:6px solid var(--rust);padding:4px 10px}
.wsl-dashboard .wsl-error pre{font-size:.8em;line-height:1.3;overflow-x:auto;color:inherit;background:none}
.wsl-dashboard table{border-collapse:collapse;font-size:1em}
.wsl-dashboard th,.wsl-dashboard td{padding:3px 12px 3px 0;text-align:right;vertical-align:bottom}
.wsl-dashboard td{white-space:nowrap}
.wsl-dashboard th:first-child,.wsl-dashboard td:first-child{text-align:left}
.wsl-dashboard tr+tr td{border-top:1px solid var(--jp-border-color2,var(--light-grey))}
.wsl-dashboard code{font-size:.9em!important}
.wsl-dashboard button .fa{margin-right:.4em}
.wsl-dashboard input[type=checkbox]{width:1em;height:1em;flex:none;margin-top:0;vertical-align:-.125em}
.wsl-dashboard .widget-toggle-button.mod-active{font-weight:600;
box-shadow:inset 0 -4px 0 var(--jp-brand-color1,var(--blue))}
.wsl-dashboard .noUi-handle{background:var(--jp-brand-color1,var(--blue))}
.wsl-dashboard .widget-hprogress{height:.7em}
[data-jp-theme-light=false] .wsl-dashboard{--jp-widgets-dropdown-arrow:url("data:image/svg+xml,\
<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'>\
<path d='M5 7l4 4 4-4' fill='none' stroke='white' stroke-width='1.7'/></svg>")}
.wsl-dashboard :focus-visible{outline:3px solid var(--jp-ui-font-color1,#000)!important;outline-offset:2px}
.wsl-dashboard a{color:var(--jp-content-link-color,var(--blue));text-decoration:underline}
</style>""")

# What neither ipywidgets nor JupyterLab tells a screen reader: a slider's name, which of several buttons is chosen, and
# what the picture is. They come after this script, and a picture comes again whenever it is drawn.
NAMES = """<script>{
  const area = document.currentScript.closest(".jp-OutputArea:not(.jupyter-widgets *)") ?? document.body;
  const name = () => {
    for (const handle of area.querySelectorAll(".wsl-dashboard .noUi-handle"))
      handle.ariaLabel = handle.closest(".widget-slider").querySelector("label").textContent;
    for (const button of area.querySelectorAll(".wsl-dashboard .widget-toggle-button"))
      button.ariaPressed = button.classList.contains("mod-active");
    for (const picture of area.querySelectorAll(".jp-RenderedImage img:not([alt])"))
      picture.alt = "Picture: the text below says the same in words";
  };
  new MutationObserver(name).observe(area, { childList: true, subtree: true, attributeFilter: ["class"] });
  name();
}</script>"""


def title_html(text: str) -> str:
    """Return the title of a dashboard."""
    return f'<div class="wsl-title" role="heading" aria-level="3">{escape(text)}</div>'


def status_html(text: str) -> str:
    """Return a line that says how it goes."""
    return f'<div class="wsl-status" role="status">{escape(text)}</div>'


def line_html(text: str) -> str:
    """Return the line below a picture. It stands for itself, where no dashboard's style is, too."""
    look = f"font-size:var(--wsl-size,{VALUES['type']});line-height:1.4;white-space:pre-line"
    return f'<p class="wsl-line" style="{look}">{escape(text)}</p>'


def words(error: BaseException) -> str:
    """Return what an exception says."""
    error = _cause(error)
    return str(error) or ("it took too long" if isinstance(error, TimeoutError) else type(error).__name__)


def error_html(error: BaseException) -> str:
    """Return what went wrong, in words; where it is no mere wrong value, with the traceback folded below."""
    details = ""
    if not isinstance(_cause(error), ValueError):
        lines = escape("".join(traceback.format_exception(error)))
        details = f"<details><summary>Where in the program</summary><pre>{lines}</pre></details>"
    return f'<div class="wsl-error" role="alert"><strong>{FAILED}</strong> {escape(words(error))}{details}</div>'


def _cause(error: BaseException) -> BaseException:
    """Return the first exception of a group: a TaskGroup's own words say nothing."""
    return _cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
