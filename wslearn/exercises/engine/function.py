"""An exercise whose answer is a function: cases, and what each likely mistake would return."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import Message, advice, matches
from wslearn.exercises.engine.kinds import about_kind
from wslearn.exercises.engine.talk import Talk


class FunctionExercise(Exercise):
    """An exercise that calls a student's function with the arguments of each case, and compares what it returns.

    A case is `(arguments, expected)`, or `(arguments, expected, message)` with its own message. `mistakes` is a table:
    a key is a function that returns for a case's arguments what one wrong implementation returns, or a type, or a
    value; its text may be a function of what came and the arguments. A result of the wrong kind (bytes for a string, a
    float for an int, None) has a message already. `message` is for every other result. Raises ValueError without hints.
    """

    def __init__(
        self,
        *,
        cases: Iterable[tuple],
        mistakes: Mapping[Any, str | Callable[..., str]],
        message: Message,
        hints: tuple[str, ...],
        answer: str,
        why: str,
    ) -> None:
        super().__init__(self._call, hints=hints, answer=answer, why=why)
        self.cases, self.mistakes, self.message = list(cases), mistakes, message

    async def _call(self, talk: Talk, function: Any) -> None:
        for arguments, expected, *own in self.cases:

            def message(came: Any, arguments: tuple = arguments, expected: Any = expected, own: list = own) -> str:
                for mistake, text in self.mistakes.items():
                    if _returns(mistake, arguments, came):
                        return text(came, *arguments) if callable(text) else text
                return about_kind(expected, came) or advice(own[0] if own else self.message, came, "")

            await talk.calls(function, arguments, expected, message)


def _returns(mistake: Any, arguments: tuple, came: Any) -> bool:
    """Return whether a wrong implementation returns for these arguments what came."""
    if isinstance(mistake, type):
        return isinstance(came, mistake)
    if callable(mistake):
        with suppress(ArithmeticError, LookupError, TypeError, ValueError):  # it would raise
            return matches(mistake(*arguments), came)
        return False
    return matches(mistake, came)
