"""A question to guess at: it notes what fits, says what to write otherwise, and is never graded."""

import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from wslearn.exercises import Question


def time_question(**options):
    return Question("How long?", **{"unit": "ms", "answer": "About 50 ms", "why": "one round trip."} | options)


def room_question(**options):
    default = {"choices": ("Only in `tea`", "Only in `coffee`", "In both"), "answer": "Only in `coffee`"}
    return Question("In which rooms?", **default | {"why": "because he has moved."} | options)


@pytest.mark.parametrize(
    ("guess", "line"),
    [
        (30, "Your guess: 30 ms."),
        (1, "Your guess: 1 ms."),
        (0, "Your guess: 0 ms."),
        (12.5, "Your guess: 12.5 ms."),
        (1_000_000, "Your guess: 1,000,000 ms."),
        ("30", "Your guess: 30 ms."),
        (" 30 ms", "Your guess: 30 ms."),
        ("0.5MS", "Your guess: 0.5 ms."),
        (Fraction(1, 4), "Your guess: 0.25 ms."),
        (Decimal("0.5"), "Your guess: 0.5 ms."),
        (np.float64(51.5), "Your guess: 51.5 ms."),
        (np.int64(51), "Your guess: 51 ms."),
    ],
)
def test_a_number_is_noted(guess, line):
    question = time_question()
    assert str(question.guess(guess)) == line
    assert question.guess(guess)._repr_markdown_() == line
    assert question.guessed == (float(str(guess).lower().strip(" ms")) if isinstance(guess, str) else float(guess),)


class Hostile:
    def __repr__(self):
        raise RuntimeError

    def __eq__(self, other):
        raise RuntimeError

    def __float__(self):
        raise RuntimeError


NOTHING = [
    "fast", "", "30 s", "30 m", "1.2.3", "-1", "30 ms or so", None, True, -1, float("nan"), float("inf"), 10**400,
    10**5000, 1j, [30], b"30", Hostile(), Decimal("NaN"), np.array([1, 2]), "x" * 10_000, "\ud800", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("guess", NOTHING, ids=range(len(NOTHING)))
@pytest.mark.parametrize("make", [time_question, room_question])
def test_anything_else_is_not_noted_and_never_an_error(make, guess):
    question = make()
    line = str(question.guess(guess))
    assert line.startswith("Your guess: I can't note ") and len(line) < 500
    assert line.endswith(
        'Write "a" for Only in `tea`; "b" for Only in `coffee`; "c" for In both.'
        if question.choices
        else "Write how many ms, as a number."
    )
    assert question.guessed is None


def test_long_choices_have_a_line_each():
    choices = ("This client at once, and nobody else", "Everybody, because the handler fails", "Nobody")
    line = str(Question("Who?", choices=choices, answer="Nobody", why="b").guess(...))
    assert line.splitlines()[1:] == [
        f'- "{letter}" for {choice}' for letter, choice in zip("abc", choices, strict=True)
    ]
    assert line.startswith("Your guess: none yet. Write a letter:\n- ")


@pytest.mark.parametrize(("first", "line"), [(30, "30 ms"), (..., "none yet. Write how many ms, as a number")])
def test_the_last_guess_counts_and_one_that_is_not_noted_changes_nothing(first, line):
    question = time_question()
    question.guess(20)
    assert str(question.guess(first)) == str(question.guess(first)) == f"Your guess: {line}."
    before = question.guessed
    question.guess("fast")
    assert question.guessed == before


@pytest.mark.parametrize("guess", ["b", "B", "b)", "(b)", "Only in `coffee`", "only in coffee.", " b "])
def test_a_choice_is_noted_by_its_letter_or_text(guess):
    question = room_question()
    assert str(question.guess(guess)) == "Your guess: “Only in `coffee`”."
    assert question.guessed == "Only in `coffee`"


@pytest.mark.parametrize("guess", [("d",), ("",), ("a", "b"), ("Only",), (0,), ("ab",)])
def test_a_choice_that_is_not_there_is_not_noted(guess):
    assert "I can't note" in str((question := room_question()).guess(*guess))
    assert question.guessed is None


def test_a_choice_that_is_a_number_may_be_written_as_one():
    question = room_question(choices=("1000", "1006", "None"), answer="None")
    assert str(question.guess(1006)) == "Your guess: “1006”."
    assert "I can't note None." in str(question.guess(None))


def test_the_guess_beside_what_was_measured():
    question = time_question()
    assert str(question.measured(51.2)) == "You measured 51 ms."
    question.guess(30)
    assert str(question.measured(51.2)) == "You guessed 30 ms, and you measured 51 ms."
    assert question.measured(51.2)._repr_markdown_() == str(question.measured(51.2))
    assert str(question.measured(np.float64(1234.5))) == "You guessed 30 ms, and you measured 1,234 ms."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.0312, "0.031"),
        (1, "1"),
        (1.04, "1"),
        (9.96, "10"),
        (10.4, "10"),
        (104.6, "105"),
        (12_345.6, "12,346"),
    ],
)
def test_what_was_measured_is_rounded(value, shown):
    assert str(time_question().measured(value)) == f"You measured {shown} ms."


@pytest.mark.parametrize("found", [(), (1, 2), (float("nan"),), (-1,), ("long",), (None,)])
def test_what_is_no_measurement_is_an_error(found):
    with pytest.raises(ValueError, match=r"expected 1 number\(s\) in ms"):
        time_question().measured(*found)
    with pytest.raises(ValueError, match="expected one text"):
        room_question().measured()


def test_two_numbers():
    question = time_question(unit="bytes", parts=2)
    assert str(question.guess(..., ...)) == "Your guess: none yet. Write how many bytes, as 2 numbers."
    assert str(question.guess(50, ...)) == str(question.guess(...))
    assert "I can't note 50. Write how many bytes, as 2 numbers" in str(question.guess(50))
    assert str(question.guess(50, "11 bytes")) == "Your guess: 50 and 11 bytes."
    assert str(question.measured(195, 11)) == "You guessed 50 and 11 bytes, and you measured 195 and 11 bytes."


def test_a_unit_in_words_is_written_as_people_write_it():
    question = time_question(unit="seconds")
    for guess in (1, "1 s", "1 second", "1 seconds", "1"):
        assert str(question.guess(guess)) == "Your guess: 1 second."
    assert str(question.measured(1.5)) == "You guessed 1 second, and you measured 1.5 seconds."


def test_a_choice_beside_what_was_seen():
    question = room_question()
    assert str(question.measured("Bob in coffee")) == "You saw: Bob in coffee."
    question.guess("c")
    assert str(question.measured("Bob in coffee")) == "You guessed “In both”, and you saw: Bob in coffee."


def test_it_shows_all_but_the_answer():
    question = room_question()
    assert repr(question) == "In which rooms?\na) Only in `tea`\nb) Only in `coffee`\nc) In both"
    assert question._repr_markdown_() == repr(question).replace("\n", "  \n")
    question.guess("a")
    assert repr(question).endswith("c) In both\nYour guess: “Only in `tea`”.")
    assert repr(time_question()) == "How long?\n(how many ms?)"


def test_the_answer_and_its_why():
    assert str(time_question().solution()) == "Answer: About 50 ms. One round trip."
    assert room_question().solution()._repr_markdown_() == "**Answer:** Only in `coffee`. Because he has moved."


def test_a_question_in_a_class_is_called_after_its_name():
    class Questions:
        guess_3 = time_question()

    assert str(Questions.guess_3.guess(30)) == "Guess 3: 30 ms."
    assert json.dumps(Questions.guess_3.guessed) == "[30.0]"


@pytest.mark.parametrize(
    "options",
    [
        {"unit": ""},
        {"choices": ("About 50 ms",)},
        {"unit": "", "choices": "About 50 ms"},
        {"unit": "", "choices": ("a",)},
    ],
)
def test_a_question_that_cannot_be_answered_is_an_error(options):
    with pytest.raises(ValueError, match="expected"):
        time_question(**options)
