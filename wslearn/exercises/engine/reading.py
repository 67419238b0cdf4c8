"""An exercise about reading: a student says what some code does, and the check runs that code."""

import ast
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from numbers import Number
from textwrap import dedent
from typing import Any

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import Message, NotYet, advice, matches
from wslearn.exercises.engine.kinds import kind
from wslearn.exercises.engine.proof import IMPORTS
from wslearn.exercises.engine.result import Result, shown
from wslearn.exercises.engine.talk import Talk

UNTOUCHED = "Read the code, write what it does in place of each `...`, run that cell, and then this one again."


class ReadingExercise(Exercise):
    """An exercise whose answer is a dictionary: a label for each question -> what the student expects.

    `code` is what the notebook shows to read. `run(talk, names)` uses the names that this code makes, and returns for
    each label what has really happened. `clues` has for each label, in order, a text, or a table or function as
    everywhere, from what the student wrote to what she should look at; an empty one is a neutral sentence. No text
    should tell the answer. A list and any other sequence of the same items are the same, and so are equal numbers.
    """

    def __init__(
        self, code: str, run: Callable[[Any, Any], Awaitable[Mapping[str, Any]]], *,
        clues: Mapping[str, Message], hints: tuple[str, ...], answer: str, why: str,
    ) -> None:  # fmt: skip
        super().__init__(self._compare, hints=hints, answer=answer, why=why)
        self.code, self.run, self.clues = dedent(code).strip(), run, clues

    async def _judge(self, answer: object) -> Result:
        result = await super()._judge(answer)
        return replace(result, message=UNTOUCHED) if result.state == "untouched" else result

    async def _compare(self, talk: Talk, answer: object) -> None:
        given = self._given(answer)
        found = await self._found(talk)
        talk.steps.clear()  # what happened would tell the answers
        for label, clue in self.clues.items():
            if not _same(_listed(found[label]), given[label]):
                neutral = (
                    f"For `{label}`, {shown(given[label])} isn't what happens. Read its lines once more, in order."
                )
                talk.tells(label, "isn't", shown(given[label]), wrong=True)
                own = isinstance(clue, Mapping) and any(key is str or key == given[label] for key in clue)
                other = "" if own else _another_kind(_listed(found[label]), given[label])
                raise NotYet(other or advice(clue, given[label], neutral))
            talk.tells(label, "is", shown(given[label]))

    async def _found(self, talk: Talk) -> Mapping[str, Any]:
        """Run the code, and return what has happened for each label."""
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(IMPORTS + self.code, names)
        return await self.run(talk, names)

    def _given(self, answer: object) -> dict[str, Any]:
        """Return what was written for each label; raise NotYet where something is missing or has no such label."""
        if not isinstance(answer, Mapping):
            raise NotYet(f"Expected the dictionary with your answers, got {kind(answer)}.")
        missing = [label for label in self.clues if label not in answer]
        unknown = [label for label in answer if label not in self.clues]
        if missing or unknown:
            what = f"has no {shown(missing[0])}" if missing else f"has {shown(unknown[0])}, which nobody asked for"
            raise NotYet(f"Your dictionary {what}. Its keys must be {', '.join(map(shown, self.clues))}.")
        blank = [label for label in self.clues if answer[label] is ...]
        if len(blank) == len(self.clues):
            raise NotImplementedError
        if blank:
            raise NotYet(f"Write your answer for `{blank[0]}` in place of `...`.")
        return {label: _listed(answer[label]) for label in self.clues}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _same(expected: Any, came: Any) -> bool:
    """Return whether this is what has happened; 1008.0 is the same number as 1008."""
    if isinstance(expected, list) and isinstance(came, list):
        return len(expected) == len(came) and all(map(_same, expected, map(_listed, came)))
    if _is_number(expected) and _is_number(came):
        return bool(expected == came)
    return matches(expected, came)


def _another_kind(expected: Any, came: Any) -> str:
    """Return what to tell whoever wrote a string where a number is asked for, and so on, or an empty text."""
    if isinstance(expected, list) and isinstance(came, str):
        of_strings = " of strings" * any(isinstance(item, str) for item in expected)
        return f"Write a list{of_strings}, even if it has only one item."
    if isinstance(expected, str) and isinstance(came, list | bytes):
        return f"Write a string: {shown(came)} is {'bytes' if isinstance(came, bytes) else 'a list'}."
    if isinstance(came, str) and not isinstance(expected, str):
        try:
            written = ast.literal_eval(came)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            written = came
        if written is None or isinstance(written, Number):
            return f"{shown(came)} is a string. Write it without the quotes: `{written}`."
        return "Write a number, without quotes." if _is_number(expected) else ""
    return ""
