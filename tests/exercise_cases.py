"""What is proved of every exercise, from its wrong answers. In tests/exercises/test_rooms.py, for instance:

    from exercise_cases import FunctionExercise, ServerExercise

    from wslearn.exercises import rooms as ex


    class TestLeaveRoom(ServerExercise):
        exercise = ex.leave_room
        wrong = {
            "part of the message that is meant for this mistake": '''
    class LeaveRoom(Server):
        async def handler(self, ws):
            ...
    ''',
        }

The code of an answer, and of the exercise's own solution, runs after `imports`, as `Exercise.prove` says.
`ReadingExercise` is for those that want a dictionary; its class needs no more than `exercise` and `wrong`.
`ServerExercise` is for exercises that want a server's class; `FunctionExercise` for those that want a function, or a
class of another kind: all that is called with `talk.call`, `talk.calls` or in a handler of the author's. `MoreAnswers`
has only their `subtle` and `right`, for a file that has more of them.
"""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from wslearn import exercises
from wslearn.common.patience import patient
from wslearn.exercises import Exercise, Result
from wslearn.exercises.engine.exercise import LAST_HINT
from wslearn.exercises.engine.proof import made as answer

#: Tens of answers, of which each may take a whole conversation's 15 s and more on a busy machine. In seconds.
BOUND = 300
#: A diagnosis is there after so many seconds, on a busy machine too: before the answer that blocks has slept for 20.
DIAGNOSIS = 15


def changed(code: str, *changes: tuple[str, str]) -> str:
    """Return a right answer with some of its text replaced."""
    for old, new in changes:
        assert code.count(old) == 1, f"{old!r} is {code.count(old)} times in it"
        code = code.replace(old, new)
    return code


def but(exercise: Exercise, *changes: tuple[str, str]) -> str:
    """Return an exercise's solution with some of its text replaced, wherever it is."""
    code = exercise.answer
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


def seen_but(right: dict[str, Any], **changes: Any) -> str:
    """Return the right answer of a reading exercise with some changes, as code. `Ann_received` is "Ann received"."""
    return f"seen = {right | {label.replace('_', ' '): value for label, value in changes.items()}!r}"


async def verdicts(exercise: Exercise, codes: Iterable[str], imports: str, at_once: int) -> list[Result]:
    """Check answers, so many at one time, and return their results in the same order."""
    turn = asyncio.Semaphore(at_once)

    async def check(code: str) -> Result:
        async with turn:
            return await exercise.check(answer(code, imports))

    return await asyncio.gather(*map(check, codes))


def forgets(tests: Any) -> Any:
    """Mark tests whose answers forget an `await`: a wrong answer like any other, but here every warning is an error.

    A loop that does so for ever may be ended in the very moment that Python notices it, and then Python says so.
    """
    for warning in ("coroutine .* was never awaited", "Exception ignored in. <coroutine object"):
        tests = pytest.mark.filterwarnings(f"ignore:{warning}")(tests)
    return tests


@forgets
@pytest.mark.timeout(BOUND)
class MoreAnswers:
    """The tests of what a check must see and what it must let pass; for a class beside an exercise's own."""

    exercise: Exercise
    #: Subtly wrong answers, by what they do: the code, or a part of the message and the code. Two may get the same one.
    subtle: ClassVar[dict[str, str | tuple[str, str]]] = {}
    #: Right answers, by their style, and those among them that get advice.
    right: ClassVar[dict[str, str]] = {}
    advised: ClassVar[set[str]] = set()
    #: How many answers are checked at one time; fewer where a check looks at times.
    at_once: ClassVar[int] = 4
    #: What the code of all answers needs, besides `IMPORTS`.
    imports: ClassVar[str] = ""

    async def test_subtly_wrong_answers_are_refused_and_right_ones_are_not(self):
        assert len(self.right) >= 3 or not self.subtle or isinstance(self.exercise, exercises.ReadingExercise)
        pairs = {name: ("", answer) if isinstance(answer, str) else answer for name, answer in self.subtle.items()}
        codes = [code for _, code in pairs.values()] + [*self.right.values()]
        results = iter(await verdicts(self.exercise, codes, self.imports, self.at_once))
        misjudged = [
            f"{name}: meant for {part!r}\n{result}"
            for (name, (part, _)), result in zip(pairs.items(), results, strict=False)
            if result.state != "wrong" or part not in result.message or "check itself failed" in result.message
        ]
        misjudged += [
            f"{style}\n{result}"
            for style, result in zip(self.right, results, strict=True)
            if not result or bool(result.message) is not (style in self.advised)
        ]
        assert not misjudged, "\n\n".join(misjudged)


def subtle_seldom(cases: type[MoreAnswers]) -> type[MoreAnswers]:
    """Let the subtly wrong answers to an exercise whose check takes seconds be tried only with `-m thorough`."""
    name = "test_subtly_wrong_answers_are_refused_and_right_ones_are_not"
    whole = getattr(cases, name)

    @pytest.mark.thorough
    async def thorough(self):
        await whole(self)

    async def right_only(self):
        results = await verdicts(self.exercise, list(self.right.values()), self.imports, self.at_once)
        assert [f"{style}\n{result}" for style, result in zip(self.right, results, strict=True) if not result] == []

    setattr(cases, name, thorough)
    cases.test_right_answers_in_other_styles_are_right = right_only
    return cases


class ExerciseCase(MoreAnswers):
    """The tests of one exercise."""

    #: A part of the message that is meant for a wrong answer, and the answer's code. At least three, and no two of them
    #: may get the same message.
    wrong: ClassVar[dict[str, str]]
    at_once: ClassVar[int] = 16
    stub: ClassVar[str]
    #: Answers that do harm or are no answers, by name; and a part of the diagnosis, where there is one for all.
    troublemakers: ClassVar[dict[str, tuple[str, str]]]

    async def check(self, code: str) -> Result:
        return await self.exercise.check(answer(code, self.imports))

    async def test_the_stub_is_not_attempted(self):
        result = await self.check(self.stub)
        assert str(result).startswith("Not attempted yet."), result
        assert not result

    async def test_the_solution_is_right(self):
        result = await self.check(self.exercise.answer)
        assert result, result
        assert str(result).startswith("Right!\n") and result.steps and not result.message

    async def test_each_wrong_answer_gets_its_own_message(self):
        assert len(self.wrong) >= 3
        proof = await self.exercise.prove(wrong=self.wrong, imports=self.imports, at_once=self.at_once)
        assert proof, proof
        for part in self.wrong:
            result = proof.results[part]
            assert str(result).startswith("Not yet.\n") and not result, f"meant for: {part}\n{result}"
            assert any(step.wrong for step in result.steps), f"what came, and what was expected?\n{result}"
            assert part in result.message, f"meant for: {part}\n{result}"

    async def test_whatever_it_is_there_is_a_diagnosis_in_time(self):
        async def diagnosis(name: str, value: Any, part: str) -> None:
            async with patient(DIAGNOSIS):
                result = await self.exercise.check(value)
            assert result.state == "wrong" and result.message, f"{name}: {result}"
            assert part in result.message, f"{name}: {part!r} is missing in: {result}"
            assert "check itself failed" not in result.message, f"{name}: {result}"

        cases = [(name, answer(code, self.imports), part) for name, (code, part) in self.troublemakers.items()]
        cases += [("a number", 5, ""), ("nothing", None, ""), ("a text", "x", "")]
        await asyncio.gather(*(diagnosis(*case) for case in cases))

    def test_hints_go_from_one_to_the_last_which_repeats(self):
        hints = self.exercise.hints
        assert len(set(hints)) == len(hints) >= 2
        shown = [str(self.exercise.hint()) for _ in range(len(hints) + 1)]
        texts = [f"Hint {n} of {len(hints)}: {hint}" for n, hint in enumerate(hints, start=1)]
        assert shown == [*texts[:-1], *[f"{texts[-1]}\n\n{LAST_HINT}"] * 2]
        assert self.exercise.answer in str(self.exercise.solution()) and self.exercise.why


def handler(*lines: str, head: str = "async def handler(self, ws):") -> str:
    """Return the code of a server's class with these lines in its handler."""
    return "\n".join(["class Answer(Server):", f"    {head}", *(f"        {line}" for line in lines)])


class ServerExercise(ExerciseCase):
    """The tests of an exercise that wants a server's class."""

    stub = handler("raise NotImplementedError")
    troublemakers: ClassVar = {
        "blocks": (handler("time.sleep(20)"), "blocked the event loop for 2 s"),
        "never yields": (handler("while True: pass"), "blocked the event loop for 2 s"),
        "never ends": (handler("await asyncio.Event().wait()"), ""),
        "raises": (handler("raise RuntimeError('boom')"), "RuntimeError: boom (in `handler`, line 3"),
        "returns": (handler("return 5"), ""),
        "has no handler": ("class Answer(Server): pass", "has no handler"),
        "has a handler that is not async": (handler("pass", head="def handler(self, ws):"), "`async def`"),
        "has a handler without ws": (handler("pass", head="async def handler(self):"), "must take `self` and `ws`"),
        "is an object": (f"{handler('pass')}\nanswer = Answer()", "without `()`"),
        "is no server": ("class Answer: pass", "class Answer(Server):"),
        "is a function": ("def answer(): pass", "Expected a class"),
    }


class FunctionExercise(ExerciseCase):
    """The tests of an exercise that wants a function, or a class that is no server."""

    stub = "def answer(*arguments, **options): raise NotImplementedError"
    troublemakers: ClassVar = {
        "blocks": ("def answer(*arguments, **options): time.sleep(20)", "blocked the event loop for 2 s"),
        "never yields": ("def answer(*arguments, **options):\n    while True: pass", "blocked the event loop for 2 s"),
        "never ends": ("async def answer(*arguments, **options): await asyncio.Event().wait()", ""),
        "raises": (
            "def answer(*arguments, **options): raise RuntimeError('boom')",
            "RuntimeError: boom (in `answer`, line 1",
        ),
        "returns nothing": ("def answer(*arguments, **options): pass", ""),
        "returns an object": ("def answer(*arguments, **options): return object()", ""),
        "takes something else": ("def answer(*, unheard_of): pass", ""),
    }


class ReadingExercise(ExerciseCase):
    """The tests of an exercise that wants a dictionary of what some code does."""

    exercise: exercises.ReadingExercise
    troublemakers: ClassVar = {
        "is empty": ("answer = {}", "has no"),
        "has an unknown key": ("class Any(dict):\n    pass\nanswer = Any(unheard_of=1)", "has no"),
        "is a list": ("answer = [1000]", "Expected the dictionary"),
    }

    @property
    def stub(self) -> str:  # type: ignore[override]
        return f"answer = {{{', '.join(f'{label!r}: ...' for label in self.exercise.clues)}}}"

    def test_a_notebook_shows_the_same_code(self):
        notebooks = (Path(__file__).parent.parent / "notebooks").glob("*.ipynb")
        cells = [cell for notebook in notebooks for cell in json.loads(notebook.read_text("utf-8"))["cells"]]
        assert any(f"```python\n{self.exercise.code}\n```" in "".join(cell["source"]) for cell in cells)

    async def test_one_blank_is_no_answer(self):
        *others, last = self.exercise.clues
        result = await self.check(f"{self.exercise.answer}\nanswer = {{**list(locals().values())[-1], {last!r}: ...}}")
        assert f"Write your answer for `{last}`" in result.message
        assert others, "one question is too few"

    async def test_the_trace_tells_nothing_that_was_not_written(self):
        result = await self.check(next(iter(self.wrong.values())))
        assert {step.did for step in result.steps} <= {"is", "isn't"}
