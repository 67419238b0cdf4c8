"""The HTML of all dashboards."""

import pytest

from wslearn.widgets.kit import look


@pytest.mark.parametrize("make", [look.title_html, look.status_html, look.line_html])
def test_text_stays_text(make):
    assert "&lt;b&gt;hi&lt;/b&gt;" in make("<b>hi</b>")


def test_a_table_holds_text_and_may_break_its_lines():
    table = look.table_html(["a", "<b>"], [["1", "<i>"], ["2", "&"]])
    assert table == (
        "<table><tr><th>a</th><th>&lt;b&gt;</th></tr><tr><td>1</td><td>&lt;i&gt;</td></tr>"
        "<tr><td>2</td><td>&amp;</td></tr></table>"
    )
    assert look.table_html(["a"], [], long=True) == "<table class=wsl-long><tr><th>a</th></tr></table>"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("too few"), "too few"),
        (TimeoutError(), "it took too long"),
        (KeyError(), "KeyError"),
        (ExceptionGroup("two", [OSError("cut"), OSError("torn")]), "cut"),
    ],
)
def test_an_error_is_a_sentence(error, says):
    assert look.message_of(error) == says
    assert f"{look.FAILED}</strong> {says}" in look.error_html(error)
    assert ("<summary>Show the traceback" in look.error_html(error)) is not isinstance(error, ValueError)
