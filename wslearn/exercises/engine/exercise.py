"""An exercise: a conversation or cases that check an answer, hints, and a solution with its why."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from textwrap import dedent
from typing import Any

from wslearn.common.markdown import Markdown
from wslearn.exercises.engine.expectations import fits, matches
from wslearn.exercises.engine.kinds import about_kind
from wslearn.exercises.engine.proof import Proof, prove
from wslearn.exercises.engine.result import UNTOUCHED, Result, lines, shown
from wslearn.exercises.engine.talk import Talk
from wslearn.exercises.engine.thread import Worker
from wslearn.progress import noted

Conversation = Callable[[Talk, Any], Awaitable[None]]
#: A text for a student, or a function that gets what came and the arguments of the call, and returns one.
Text = str | Callable[..., str]
#: What the last hint adds.
LAST_HINT = "That was the last hint. Next comes `solution()`."
CHANGED = (
    "Your function changed what it was given, and its caller may still need that. Work on a copy, such as `list(…)` or "
    "`dict(…)`."
)


class Exercise:
    """A question that checks its answers by talking to them. `wslearn.exercises` says how to write one.

    `answer` is the solution's code, and passes the check itself; `why` says what matters in it. Raises ValueError
    if there are no hints.
    """

    def __init__(self, conversation: Conversation, *, hints: tuple[str, ...], answer: str, why: str) -> None:
        if isinstance(hints, str) or not hints:
            raise ValueError(f"hints: expected a tuple of strings, the vaguest first, got {hints!r}")
        self.conversation, self.hints, self.answer, self.why = conversation, hints, dedent(answer).strip(), why.strip()
        self._hints_shown = 0

    async def check(self, answer: object) -> Result:
        """Talk to a student's class or function, and return what was found. Raises nothing, whatever the answer is.

        It runs in a thread: 2 s at most for each step, 15 s for the whole. Cancelling it ends it.
        """
        result = await self._judge(answer)
        return replace(result, progress=await noted(self, right=bool(result)))

    async def prove(
        self, *, wrong: Mapping[str, Any], right: Mapping[str, Any] | Iterable[Any] = (), imports: str = "",
        at_once: int = 8,
    ) -> Proof:  # fmt: skip
        """Check that this exercise judges rightly, and return what was found; `assert proof, proof` shows it.

        Its own `answer` and each of `right` must pass, each of `wrong` (what it does -> the answer) must be refused
        with its own message, and a stub must be "not attempted". An answer that is a string is code, which runs after
        the code `imports`; the last name that it makes is the answer. `at_once` are checked at the same time. Raises
        nothing, and notes no progress.
        """
        return await prove(self._judge, self.answer, wrong, right, imports, at_once)

    async def _judge(self, answer: object) -> Result:
        talk = Talk()
        worker = Worker(lambda: talk.converse(self.conversation, answer), talk.failed, talk.forgot)
        stuck = await worker.run()
        if talk.untouched and not stuck:
            return Result("untouched", UNTOUCHED)
        unfinished = "" if stuck or talk.problem is not None else "The check stopped before its end. Run it again."
        problems = talk.problems() or (talk.forgotten if stuck else [])
        message = lines([stuck or "", *problems, unfinished])
        return Result(
            "wrong" if message else "right", message or lines([*talk.forgotten, *talk.advice]), tuple(talk.steps)
        )

    def hint(self) -> Markdown:
        """Return the next hint; the last one says that the solution comes next, and repeats."""
        self._hints_shown = min(self._hints_shown + 1, len(self.hints))
        number = f"**Hint {self._hints_shown} of {len(self.hints)}:**"
        last = f"\n\n{LAST_HINT}" if self._hints_shown == len(self.hints) else ""
        return Markdown(f"{number} {self.hints[self._hints_shown - 1]}{last}")

    def solution(self) -> Markdown:
        """Return the code of a right answer, and why it is right."""
        return Markdown(f"```python\n{self.answer}\n```\n\n**Why:** {self.why}")


class FunctionExercise(Exercise):
    """An exercise that calls a student's function with the arguments of each case, and compares what it returns.

    A case is `(arguments, expected)`, or `(arguments, expected, message)` with its own message. `mistakes` is a table:
    a key is a function that returns for a case's arguments what one wrong implementation returns, or a type, or a
    value. A result of the wrong kind (bytes for a string, a float for an int, None) has a message already, and so has
    a function that changes its arguments; each case gets copies. `message` is for every other result. Each text may be
    a function of what came and the arguments. Raises ValueError without hints.
    """

    def __init__(
        self, *, cases: Iterable[tuple], mistakes: Mapping[Any, Text], message: Text, hints: tuple[str, ...],
        answer: str, why: str,
    ) -> None:  # fmt: skip
        super().__init__(self._call, hints=hints, answer=answer, why=why)
        self.cases, self.mistakes, self.message = list(cases), mistakes, message

    async def _call(self, talk: Talk, function: Any) -> None:
        for arguments, expected, *own in self.cases:
            given = _copied(arguments)
            about = partial(self._about, arguments, expected, own[0] if own else self.message)
            await talk.calls(function, given, expected, about)
            if given != arguments:
                talk.fail(CHANGED, "what it was given", "is", shown(given), expected=f"{shown(arguments)}, as before")

    def _about(self, arguments: tuple, expected: Any, message: Text, came: Any) -> str:
        texts = (text for mistake, text in self.mistakes.items() if _returns(mistake, arguments, came))
        text = next(texts, "") or about_kind(expected, came) or message
        return text(came, *arguments) if callable(text) else text


def _copied(arguments: tuple) -> tuple:
    """Return the arguments of a case for one call, which may change them; themselves where a copy is not equal."""
    try:
        copied = deepcopy(arguments)
        return copied if bool(copied == arguments) else arguments
    except Exception:  # noqa: BLE001 - a generator, a socket and many others cannot be copied or compared
        return arguments


def _returns(mistake: Any, arguments: tuple, came: Any) -> bool:
    """Return whether a wrong implementation returns for these arguments what came."""
    if not callable(mistake) or isinstance(mistake, type):
        return fits(mistake, came)
    try:
        return matches(mistake(*arguments), came)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False
