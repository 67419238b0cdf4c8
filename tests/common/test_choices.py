"""A choice is meant by its text or by its letter."""

import pytest

from wslearn.common.choices import meant


@pytest.mark.parametrize(
    ("text", "choices", "index"),
    [
        ("`Ann` ", ("Bob", "ann"), 1),
        ("B)", ("Bob", "ann"), 1),
        ("c", ("Bob", "ann"), None),
        ("ab", ("Bob", "ann"), None),  # `in` a string would find it
        ("", ("Bob", "ann"), None),
        ("a", ("b", "a"), 1),  # a text goes before a letter
        ("c.", ("b", "a", "d"), 2),
    ],
)
def test_a_text_goes_before_a_letter(text, choices, index):
    assert meant(text, choices) == index
