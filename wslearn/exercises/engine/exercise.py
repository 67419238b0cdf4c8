"""An exercise: a conversation that checks, hints from vague to near, and a solution with its why."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from wslearn.exercises.engine.result import UNTOUCHED, Result, lines
from wslearn.exercises.engine.talk import Talk
from wslearn.exercises.engine.thread import Worker

Conversation = Callable[[Talk, Any], Awaitable[None]]
#: What the last hint adds.
LAST_HINT = "That was the last hint. Next comes `solution()`."


@dataclass(frozen=True, repr=False)
class Text:
    """A text that a notebook shows as Markdown: code in it gets the colours of the reader's own theme."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        plain = re.sub(r"^\*\*(.+?)\*\*", r"\1", self.markdown, flags=re.MULTILINE)  # bold, and not code's `**options`
        return plain.replace("```python\n", "").replace("\n```", "")


class Exercise:
    """A question that checks its answers by talking to them. `wslearn.exercises` says how to write one.

    `answer` is the solution's code, and passes the check itself; `why` says what matters in it. Raises ValueError
    if there are no hints.
    """

    def __init__(self, conversation: Conversation, *, hints: tuple[str, ...], answer: str, why: str) -> None:
        if isinstance(hints, str) or not hints:
            raise ValueError(f"hints: expected a tuple of texts, from vague to near, got {hints!r}")
        self.conversation, self.hints, self.answer, self.why = conversation, hints, dedent(answer).strip(), why.strip()
        self._hints_shown = 0

    async def check(self, answer: object) -> Result:
        """Talk to a student's class or function, and return what was found. Raises nothing, whatever the answer is.

        It runs in a thread: 2 s at most for each step, 15 s for the whole. Cancelling it ends it.
        """
        talk = Talk()
        worker = Worker(lambda: talk.converse(self.conversation, answer), talk.failed)
        stuck = await worker.run()
        if talk.untouched and not stuck:
            return Result("untouched", UNTOUCHED)
        unfinished = "" if stuck or talk.problem is not None else "The check did not come to its end: run it again."
        message = lines([stuck or "", *talk.problems(), unfinished])
        return Result("wrong" if message else "right", message or lines(talk.advice), tuple(talk.steps))

    def hint(self) -> Text:
        """Return the next hint; the last one says that the solution comes next, and repeats."""
        self._hints_shown = min(self._hints_shown + 1, len(self.hints))
        number = f"**Hint {self._hints_shown} of {len(self.hints)}:**"
        last = f"\n\n{LAST_HINT}" if self._hints_shown == len(self.hints) else ""
        return Text(f"{number} {self.hints[self._hints_shown - 1]}{last}")

    def solution(self) -> Text:
        """Return the code of a right answer, and why it is right."""
        return Text(f"```python\n{self.answer}\n```\n\n**Why:** {self.why}")
