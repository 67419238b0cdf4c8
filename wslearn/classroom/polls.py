"""A poll: a question with choices, and one vote for each session. The results stay hidden until they are shown."""

import re
from typing import Any

from wslearn.classroom.messages import Measured
from wslearn.classroom.text import JOINERS, clean

#: Longest question and choice, in characters, and most choices.
QUESTION_LENGTH, CHOICE_LENGTH, MOST_CHOICES = 500, 200, 12
#: Choices for a question that asks for a number: each is ten times the one before it, so none gives the answer away.
DECADES = ("0 to 1", "1 to 10", "10 to 100", "100 to 1,000", "1,000 to 10,000", "more than 10,000")


class Poll:
    """A question and the votes for each of its choices. Raises ValueError for a question that can't be asked.

    `question` is a text with at least two `choices`, or a question of a lesson. Only the last vote of a session counts.
    """

    def __init__(self, id: str, question: Any, choices: list[str] | tuple[str, ...] | None = None) -> None:
        self.id, self.source = id, source_of(question)
        text, choices = asked(question, choices)
        self.question = plain("question", text, QUESTION_LENGTH)
        if not 2 <= len(choices) <= MOST_CHOICES:
            raise ValueError(f"choices: expected 2 to {MOST_CHOICES}, got {len(choices)}")
        self.choices = [plain("choice", choice, CHOICE_LENGTH) for choice in choices]
        #: The index of each session's choice.
        self.votes: dict[str, int] = {}
        self.open, self.shown = True, False
        #: What the class measured later.
        self.measured: Measured | None = None

    def vote(self, session: str, choice: int) -> None:
        """Note a vote in place of the session's last one. Raises ValueError if there is no such choice."""
        if not 0 <= choice < len(self.choices):
            raise ValueError(f"choice: expected 0 to {len(self.choices) - 1}, got {choice}")
        self.votes[session] = choice

    @property
    def counts(self) -> list[int]:
        """How many sessions have voted for each choice."""
        counts = [0] * len(self.choices)
        for choice in self.votes.values():
            counts[choice] += 1
        return counts

    @property
    def results(self) -> list[int] | None:
        """The counts if everybody may see them, or None."""
        return self.counts if self.shown else None

    @property
    def finding(self) -> Measured | None:
        """What was measured if everybody may see it, or None."""
        return self.measured if self.shown else None


def asked(question: Any, choices: list[str] | tuple[str, ...] | None) -> tuple[str, list[str]]:
    """Return text and choices of a question: a text with choices, or a question of a lesson, such as `guess_3`.

    A lesson's question that asks for a number gets ranges as its choices. Raises ValueError for anything else.
    """
    if isinstance(question, str):
        if not choices:
            raise ValueError(f"a question needs choices: ask({question[:40]!r}, ['yes', 'no'])")
        return question, list(choices)
    text, own = getattr(question, "text", None), getattr(question, "choices", ())
    if not isinstance(text, str):
        raise ValueError(f"expected a text or a question of a lesson, got {question!r:.60}")
    if choices or own:
        return text, list(choices or own)
    unit, parts = getattr(question, "unit", ""), getattr(question, "parts", 1)
    return f"{text} (the first number)" if parts > 1 else text, [f"{decade} {unit}".strip() for decade in DECADES]


def source_of(question: Any) -> tuple[object, ...]:
    """Return what makes a question this one: another one has another text, other choices or another unit."""
    if isinstance(question, str):
        return (question,)
    return tuple(getattr(question, member, None) for member in ("text", "choices", "unit", "parts"))


def plain(what: str, text: str, longest: int) -> str:
    """Return a text on one line, without Markdown. Raises ValueError, which names it, if it is empty or too long."""
    if not isinstance(text, str):
        raise ValueError(f"{what}: expected a text, got {text!r:.60}")
    plain = clean(re.sub(r"\*\*|`", "", text), keep=JOINERS)
    if not 0 < len(plain) <= longest:
        raise ValueError(f"{what}: expected 1 to {longest} characters, got {len(plain)}")
    return plain
