"""Many answers to one exercise: subtly wrong ones, each with a part of its diagnosis, and right ones in other styles.

A mixin for the classes of `exercise_cases`, or on its own beside an `exercise`.
"""

from typing import ClassVar

from exercise_cases import verdicts

from wslearn.exercises import Exercise, Result


class Judged:
    """The tests of what a check must see and what it must let pass."""

    exercise: Exercise
    #: What the code of all answers needs, and how many of them are checked at one time.
    imports: ClassVar[str] = ""
    together: ClassVar[int] = 4
    #: By name: a part of the diagnosis, and the answer's code.
    subtly_wrong: ClassVar[dict[str, tuple[str, str]]]
    right: ClassVar[dict[str, str]]

    async def _results(self, codes: dict[str, str]) -> dict[str, Result]:
        results = await verdicts(self.exercise, codes.values(), self.imports, self.together)
        return dict(zip(codes, results, strict=True))

    async def test_subtly_wrong_answers_are_seen(self):
        results = await self._results({name: code for name, (part, code) in self.subtly_wrong.items()})
        for name, result in results.items():
            assert result.state == "wrong", f"{name} was judged {result.state}"
            assert self.subtly_wrong[name][0] in result.message, f"{name}: {result}"
            assert "check itself failed" not in result.message, f"{name}: {result}"

    async def test_right_answers_in_other_styles_pass(self):
        assert len(self.right) >= 3
        for name, result in (await self._results(self.right)).items():
            assert result, f"{name}: {result}"
