"""Exercises about a page, a string of HTML with a script: it runs in the student's own browser."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from wslearn.exercises.engine import reading
from wslearn.exercises.engine.browser.talk import STUB, PageTalk
from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.result import Result, lines
from wslearn.progress import noted

UNTOUCHED = f"Write your code in place of `{STUB}`, run that cell, and then this one again."


class PageExercise(Exercise):
    """A question about a page. `conversation(talk, answer)` opens it with `talk.page(answer)`, see `PageTalk`."""

    untouched = UNTOUCHED

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
            return Result("untouched", self.untouched)
        message = lines(talk.problems())
        return Result("wrong" if message else "right", message or lines(talk.advice), tuple(talk.steps))


class PageReading(PageExercise, reading.ReadingExercise):
    """A reading exercise whose `code` is a page: `run(talk, tab)` does with it what the task says, see `Tab`."""

    untouched = reading.UNTOUCHED

    def __init__(self, code: str, run: Callable[[Any, Any], Awaitable[Mapping[str, Any]]], **more: Any) -> None:
        reading.ReadingExercise.__init__(self, code, run, **more)

    async def _found(self, talk: Any) -> Mapping[str, Any]:
        async with talk.page(self.code) as tab:
            return await self.run(talk, tab)
