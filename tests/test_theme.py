"""Colours and sizes: one place for all of them."""

import re

import pytest
from matplotlib import style

from wslearn.theme import COLOURS, STATIC, VALUES, filled
from wslearn.theme import style as stylesheet


def test_the_colours_are_those_of_matplotlibs_style():
    cycle = [entry["color"].lower() for entry in style.library["tableau-colorblind10"]["axes.prop_cycle"]]
    assert cycle == COLOURS


def test_css_is_filled_with_the_values_and_keeps_what_is_not_ours():
    assert (
        filled("a{color:var(--jp-x,var(--rust));width:var(--other)}")
        == "a{color:var(--jp-x,#c85200);width:var(--other)}"
    )
    assert float(VALUES["large"]) > 1


@pytest.mark.parametrize("file", ["dashboard.css", "bytes.css"])
def test_a_style_for_a_notebook_is_complete_and_short(file):
    element = stylesheet(file)
    assert re.fullmatch(r"<style>[^\n]+</style>", element) and "/*" not in element
    assert element.count("{") == (STATIC / file).read_text(encoding="utf-8").count("{")
    assert not set(re.findall(r"var\(--([\w-]+)\)", element)) & VALUES.keys()


@pytest.mark.parametrize("kind", ["*.py", "*.css", "*.js", "*.html"])
def test_no_other_file_has_a_colour_of_its_own(repository, kind):
    files = [path for path in (repository / "wslearn").rglob(kind) if path.name != "theme.css"]
    assert files
    found = {path.name: re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8")) for path in files}
    assert {name: colours for name, colours in found.items() if colours} == {}
