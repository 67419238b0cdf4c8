"""An exercise whose answer is a function: cases, and what each likely mistake would return."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import matches
from wslearn.exercises.engine.kinds import about_kind
from wslearn.exercises.engine.talk import Talk

#: A text for a student, or a function that gets what came and the arguments of the call, and returns one.
Text = str | Callable[..., str]


class FunctionExercise(Exercise):
    """An exercise that calls a student's function with the arguments of each case, and compares what it returns.

    A case is `(arguments, expected)`, or `(arguments, expected, message)` with its own message. `mistakes` is a table:
    a key is a function that returns for a case's arguments what one wrong implementation returns, or a type, or a
    value. A result of the wrong kind (bytes for a string, a float for an int, None) has a message already. `message` is
    for every other result. Each text may be a function of what came and the arguments. Raises ValueError without hints.
    """

    def __init__(
        self, *, cases: Iterable[tuple], mistakes: Mapping[Any, Text], message: Text, hints: tuple[str, ...],
        answer: str, why: str,
    ) -> None:  # fmt: skip
        super().__init__(self._call, hints=hints, answer=answer, why=why)
        self.cases, self.mistakes, self.message = list(cases), mistakes, message

    async def _call(self, talk: Talk, function: Any) -> None:
        for arguments, expected, *own in self.cases:
            about = partial(self._about, arguments, expected, own[0] if own else self.message)
            await talk.calls(function, arguments, expected, about)

    def _about(self, arguments: tuple, expected: Any, message: Text, came: Any) -> str:
        texts = (text for mistake, text in self.mistakes.items() if _returns(mistake, arguments, came))
        text = next(texts, "") or about_kind(expected, came) or message
        return text(came, *arguments) if callable(text) else text


def _returns(mistake: Any, arguments: tuple, came: Any) -> bool:
    """Return whether a wrong implementation returns for these arguments what came."""
    if isinstance(mistake, type):
        return isinstance(came, mistake)
    if callable(mistake):
        with suppress(ArithmeticError, LookupError, TypeError, ValueError):  # it would raise
            return matches(mistake(*arguments), came)
        return False
    return matches(mistake, came)
