"""What a check found, as text and as HTML."""

import pytest

from wslearn.exercises.engine.result import MAX_STEPS, STATES, Result, Step, lines, shown

WRONG = Result(
    "wrong",
    "Write `a < b`.\nAnd think.",
    (Step("ann", "says", "'<b>hi</b>'"), Step("bob", "hears", "nothing for 2 s", wrong=True)),
)


def test_only_the_right_one_is_truthy():
    assert [bool(Result(state)) for state in STATES] == [True, False, False, False]


def test_as_text():
    assert str(WRONG).splitlines() == [
        "Not yet.",
        "Write `a < b`.",
        "And think.",
        "   ann says   '<b>hi</b>'",
        ">> bob hears  nothing for 2 s",
    ]
    assert repr(WRONG) == str(WRONG)
    assert str(Result("right")) == "Right!"
    assert str(Result("untouched")) == "Not attempted yet."


def test_as_html():
    html = WRONG._repr_html_()
    assert "<b>hi</b>" not in html and "&lt;b&gt;hi&lt;/b&gt;" in html
    assert "<code>a &lt; b</code>" in html
    assert "<details open>" in html and "<details>" in Result("right", "", WRONG.steps)._repr_html_()
    assert "<details" not in Result("untouched")._repr_html_()


@pytest.mark.parametrize("state", STATES)
def test_words_and_a_sign_say_what_the_colour_says(state):
    word, sign, colour = STATES[state]
    html = Result(state)._repr_html_()
    assert word in html and sign in html and colour in html
    assert len({tuple(parts[:2]) for parts in STATES.values()}) == len(STATES)


def test_of_many_steps_the_last_are_shown():
    steps = tuple(Step("ann", "says", str(number)) for number in range(1000))
    assert str(Result("wrong", "", steps)).endswith(" 999")
    text, html = str(Result("wrong", "", steps)), Result("wrong", "", steps)._repr_html_()
    assert text.count("\n") == MAX_STEPS + 1 and html.count("<tr>") == MAX_STEPS
    cut = f"(the last {MAX_STEPS} of {len(steps)} steps)"
    assert text.splitlines()[1].strip() == cut and f"<summary>What was tried {cut}</summary>" in html
    assert "of" not in str(Result("wrong", "", steps[:MAX_STEPS]))


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"message": "grüße"}, '{"message": "grüße"}'),
        ('{"a":1}', '{"a":1}'),
        ("hi", "'hi'"),
        (b"\x01\xff", "2 bytes: 01 ff"),
        (b"\x01", "1 byte: 01"),
        (b"", "b''"),
        (0.5, "0.5"),
        ({"token": "eyJhbGciOi.x.y"}, '{"token": "[redacted]"}'),
        (Broken(), "a Broken whose __repr__ raises RuntimeError"),
    ],
)
def test_a_value_as_a_student_reads_it(value, text):
    assert shown(value) == text


def test_a_long_value_is_cut():
    assert len(shown("x" * 10_000)) < 400 and len(shown(bytes(10_000))) < 400


def test_lines_once_each():
    assert lines(["a", "", "b", "a"]) == "a\nb"
