"""An exercise whose answer is a page, a string of HTML with a script: it runs in the student's own browser."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from wslearn.exercises.engine.browser.talk import STUB, PageTalk
from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.result import Result, lines
from wslearn.progress import noted

UNTOUCHED = f"Write your code in place of `{STUB}`, run that cell, and then this one again."


class PageExercise(Exercise):
    """A question about a page. `conversation(talk, answer)` opens it with `talk.page(answer)`, see `PageTalk`."""

    def __init__(
        self, conversation: Callable[[PageTalk, Any], Awaitable[None]], *, hints: tuple[str, ...], answer: str, why: str
    ) -> None:
        super().__init__(conversation, hints=hints, answer=answer, why=why)  # type: ignore[arg-type]

    async def check(self, answer: object, *, remote: bool | None = None) -> Result:
        """Show a student's page in her browser, use it, and return what was found. Raises nothing.

        It takes 15 s at most. Without a browser it waits as `wslearn.browser.patience` says. `remote` is what
        `notebook.show` takes.
        """
        result = await self._judge(answer, remote)
        return replace(result, progress=await noted(self, right=bool(result)))

    async def _judge(self, answer: object, remote: bool | None = None) -> Result:
        talk = PageTalk(remote)
        await talk.converse(self.conversation, answer)
        if talk.alone:
            return Result("unchecked")
        if talk.untouched:
            return Result("untouched", UNTOUCHED)
        message = lines(talk.problems())
        return Result("wrong" if message else "right", message or lines(talk.advice), tuple(talk.steps))
