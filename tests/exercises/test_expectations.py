"""What matches what, and what a student is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wslearn.exercises.engine.expectations import advice, has, in_words, matches, otherwise, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("expected", "came"),
    [
        ({"type": "a"}, {"type": "a", "timestamp": "…"}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ({"members": ["ann"]}, {"members": ["ann"]}),
        (0.3, 0.1 + 0.2),
        (1.0, 1),
        (lambda came: came > 3, 4),
        (None, None),
        ((1, "a"), (1, "a")),
    ],
)
def test_it_matches(expected, came):
    assert matches(expected, came)


@pytest.mark.parametrize(
    ("expected", "came"),
    [
        ({"type": "a"}, {"type": "b"}),
        ({"type": "a"}, {}),
        ({"type": "a"}, '{"type": "a"}'),
        ({"members": ["ann"]}, {"members": ["ann", "bob"]}),
        ("5", 5),
        ("a", b"a"),
        (1, True),
        (1.0, True),
        (0.3, 0.31),
        (0.3, "0.3"),
        (lambda came: came > 3, 3),
        (lambda came: came["x"] > 3, "no dict"),
        ((1,), [1]),
    ],
)
def test_it_does_not_match(expected, came):
    assert not matches(expected, came)


@given(JSON)
def test_whatever_came_matches_itself(value):
    assert matches(value, value)


@given(st.text())
def test_any_text_can_be_read(text):
    came = read(text)
    assert came == text or isinstance(came, dict | list)


def test_texts_are_read_as_json_only_where_they_are_objects_or_lists():
    assert [read(text) for text in ('{"a": 1}', "[1]", "5", "{oops", '"a"', b"{}")] == [
        {"a": 1}, [1], "5", "{oops", '"a"', b"{}",
    ]  # fmt: skip
    assert isinstance(read("[" * 100_000), str)


def test_what_is_expected_in_words():
    def is_even(number):
        return number % 2 == 0

    assert in_words({"a": 1}, "") == '{"a": 1}'
    assert in_words(is_even, "") == "is_even"
    assert in_words(is_even, "an even number") == "an even number"


def test_advice_may_depend_on_what_came():
    assert advice("always", 5, "otherwise") == "always"
    assert advice(lambda came: f"not {came}", 5, "otherwise") == "not 5"
    assert advice("", 5, "otherwise") == advice(lambda came: None, 5, "otherwise") == "otherwise"


TABLE = {
    None: "nothing",
    "hi": "a greeting",
    (1000, ""): "no reason",
    1000: lambda came: f"reason {came[1]}",
    bytes: "bytes",
    int: "a number",
    has(type="error"): {has(code=5): "error 5", otherwise: "an error"},
    lambda came: len(came) > 5: "long",
}


@pytest.mark.parametrize(
    ("came", "also", "text"),
    [
        (None, (), "nothing"),
        ("hi", (), "a greeting"),
        (b"hi", (), "bytes"),
        (7, (), "a number"),
        (True, (), "neutral"),
        ({"type": "error", "code": 5}, (), "error 5"),
        ({"type": "error", "code": 6}, (), "an error"),
        ("something", (), "long"),
        ("five", (), "neutral"),
        ((1000, ""), (1000,), "no reason"),
        ((1000, "bye"), (1000,), "reason bye"),
    ],
)
def test_a_table_has_a_text_for_what_came(came, also, text):
    assert advice(TABLE, came, "neutral", *also) == text
    if text == "neutral":
        assert advice(TABLE | {otherwise: "the rest"}, came, "neutral", *also) == "the rest"
