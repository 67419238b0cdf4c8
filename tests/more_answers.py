"""More answers to an exercise, wrong and right ones, beside those of `exercise_cases`."""

from typing import ClassVar

import pytest
from exercise_cases import verdicts

from wslearn.exercises import Exercise, Result


class MoreAnswers:
    """Wrong answers that may share a message, and right ones in other styles than the solution's."""

    #: A forgotten `await` is a wrong answer like any other; here every warning is an error.
    pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")

    exercise: ClassVar[Exercise]
    imports: ClassVar[str] = ""
    at_once: ClassVar[int] = 4
    #: What is wrong, a part of the message that is meant for it, and the answer's code.
    wrong: ClassVar[list[tuple[str, str, str]]]
    #: Right answers by their style. None of them gets advice.
    right: ClassVar[dict[str, str]]

    async def verdicts(self, codes: list[str]) -> list[Result]:
        return await verdicts(self.exercise, codes, self.imports, self.at_once)

    async def test_more_wrong_answers_are_wrong(self):
        results = await self.verdicts([code for *_, code in self.wrong])
        misjudged = [
            f"{what}: meant for {part!r}\n{result}"
            for (what, part, _), result in zip(self.wrong, results, strict=True)
            if result.state != "wrong" or part not in result.message or "check itself failed" in result.message
        ]
        assert not misjudged, "\n\n".join(misjudged)

    async def test_right_answers_in_other_styles_are_right(self):
        assert len(self.right) >= 3
        results = zip(self.right, await self.verdicts(list(self.right.values())), strict=True)
        misjudged = [f"{style}\n{result}" for style, result in results if not result or result.message]
        assert not misjudged, "\n\n".join(misjudged)
