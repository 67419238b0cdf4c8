"""The widgets that every dashboard is made of; dashboard.css says where they are and how large."""

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from wslearn.widgets.kit import look


def button(label: str, icon: str, press: Callable[[], None]) -> widgets.Button:
    """Return a button that calls `press()`."""
    made = widgets.Button(description=label, icon=icon, layout=widgets.Layout(width="auto"))
    made.on_click(lambda _: press())
    return made


def row(*parts: widgets.Widget) -> widgets.Box:
    """Return a row, which wraps where the page is narrow."""
    return widgets.HBox(parts).add_class("wsl-row")


def large_type(enlarge: Callable[[bool], None]) -> widgets.Checkbox:
    """Return the switch for large type. dashboard.css does the rest, except in the picture: `enlarge(on)` does that."""
    made = widgets.Checkbox(description="Large type", indent=False, layout=widgets.Layout(width="auto"))
    made.observe(lambda change: enlarge(change.new), "value")
    return made.add_class("wsl-large")


def table(html: str, most: int) -> widgets.HTML:
    """Return a table with room for `most` rows. If there are more lines, it scrolls, and shows the last ones."""
    return widgets.HTML(html, layout=widgets.Layout(height=f"{2 * most + 2}em")).add_class("wsl-rows")


def panel(title: str, controls: Sequence[widgets.Widget], *others: widgets.Widget) -> widgets.Box:
    """Return the title, the controls, of which boxes to tick share rows, and the other parts, from top to bottom."""
    ticks = [control for control in controls if isinstance(control, widgets.Checkbox)]
    for tick in ticks:
        tick.indent, tick.layout.width = False, "auto"
    fields = row(*(control for control in controls if control not in ticks))
    script = {"output_type": "display_data", "data": {"text/html": look.SCRIPT}, "metadata": {}}
    made = widgets.VBox(
        [widgets.HTML(look.title_html(title)), fields, row(*ticks), *others, widgets.Output(outputs=(script,))]
    )
    return made.add_class("wsl-dashboard").add_class("wsl-panel")
