"""What a class measured after it guessed: in words, and as the choices of the poll that it confirms."""

from itertools import pairwise
from typing import Any

from wslearn.classroom.messages import Measured
from wslearn.classroom.polls import CHOICE_LENGTH, DECADES, Poll, plain, source_of
from wslearn.common.choices import meant

#: Where one of the `DECADES` ends and the next one begins.
BOUNDS = (0, 1, 10, 100, 1_000, 10_000)


def measured(poll: Poll, question: Any, found: tuple[float | str, ...]) -> Measured:
    """Return what was measured after this poll, whose question is `question`.

    A number between two decades confirms both, and a text that is no choice confirms none. Raises ValueError for
    another question, and for what can't be its answer.
    """
    if (source := source_of(question)) != poll.source:
        same = source[0] == poll.source[0]
        last = "this question has changed since" if same else "the class was not asked this question"
        raise ValueError(f"{last}: first ask the question, with `await board.ask(question)`")
    if hasattr(question, "reading"):
        words, value = question.reading(*found)
    elif len(found) == 1:  # a text and its choices, no question of a lesson
        words, value = f"saw: {found[0]}", f"{found[0]}"
    else:
        raise ValueError(f"expected one text, got {found!r:.80}")
    if isinstance(value, int | float):
        decades = [f"{decade} {question.unit}".strip() for decade in DECADES]
        confirmed = _decades(value) if poll.choices == decades else []
    elif confirmed := [] if value is None else _meant(poll, value):
        words = f"saw: {poll.choices[confirmed[0]]}"  # and not its letter
    return Measured(plain("what was measured", words, len("saw: ") + CHOICE_LENGTH), confirmed)


def line(poll: Poll, found: Measured) -> str:
    """Return how many guessed what was then measured, or else what most of them guessed."""
    voted, counts = len(poll.votes), poll.counts
    if not voted:
        return f"Nobody guessed, and you {found.text}."
    if found.choices:
        right = " or ".join(f"“{poll.choices[index]}”" for index in found.choices)
        return f"{sum(counts[index] for index in found.choices)} of {voted} guessed {right}, and you {found.text}."
    most = [choice for choice, count in zip(poll.choices, counts, strict=True) if count == max(counts)]
    favourites = " and ".join(f"“{choice}”" for choice in most)
    were, each = ("guesses were", " each") if len(most) > 1 else ("guess was", "")
    return f"The most frequent {were} {favourites} ({max(counts)} of {voted}{each}), and you {found.text}."


def _decades(number: float) -> list[int]:
    """Return the decades that have this number: two of them have 10 and 100. The last one has only what is above it."""
    inside = [low <= number <= high for low, high in pairwise(BOUNDS)]
    return [index for index, has in enumerate([*inside, number > BOUNDS[-1]]) if has]


def _meant(poll: Poll, text: str) -> list[int]:
    """Return the choice that has this text or letter, or none."""
    index = meant(plain("what was measured", text, 10 * CHOICE_LENGTH), poll.choices)
    return [] if index is None else [index]
