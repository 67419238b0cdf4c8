"""An exercise: its three words, and that a check never raises."""

import asyncio

import pytest
from exercise_cases import answer, handler

from wslearn.exercises import Exercise, FunctionExercise
from wslearn.exercises.engine import talk as talking

PARTS = {"hints": ("first", "second"), "answer": "\n    x = 1\n    y = 2\n", "why": " because "}


LAST = "Hint 2 of 2: second\n\nThat was the last hint. Next comes `solution()`."


def test_hints_come_one_at_a_time_and_the_last_repeats_and_says_what_is_next():
    exercise = Exercise(None, **PARTS)
    assert [str(exercise.hint()) for _ in range(3)] == [
        "Hint 1 of 2: first", LAST, LAST,
    ]  # fmt: skip
    assert Exercise(None, **PARTS).hint()._repr_markdown_() == "**Hint 1 of 2:** first"


@pytest.mark.parametrize("hints", [(), "one text"])
def test_hints_are_needed(hints):
    with pytest.raises(ValueError, match="hints: expected a tuple of strings"):
        Exercise(None, **PARTS | {"hints": hints})


def test_the_solution_is_code_and_why():
    solution = Exercise(None, **PARTS).solution()
    assert solution._repr_markdown_() == "```python\nx = 1\ny = 2\n```\n\n**Why:** because"
    assert str(solution) == "x = 1\ny = 2\n\nWhy: because"


async def test_a_mistake_of_the_author_is_not_the_students():
    async def conversation(talk, server_class):
        return 1 / 0

    result = await Exercise(conversation, **PARTS).check(None)
    assert not result
    assert result.message.startswith("The check itself failed, which is not your fault.")
    assert "ZeroDivisionError: division by zero (in `conversation`, line" in result.message


async def test_a_right_answer_may_get_an_advice_and_a_wrong_one_does_not():
    async def conversation(talk, number):
        talk.advises("Seven is nicer.")
        talk.expect(number > 5, "Too small.", expected="> 5", came=number)

    exercise = Exercise(conversation, **PARTS)
    right, wrong = await exercise.check(6), await exercise.check(5)
    assert right and right.message == "Seven is nicer." and "<p>Seven is nicer.</p>" in right._repr_html_()
    assert not wrong and wrong.message == "Too small."


async def test_a_conversation_has_a_limit_of_time(monkeypatch):
    monkeypatch.setattr(talking, "WHOLE", 0.2)

    async def conversation(talk, server_class):
        await asyncio.Event().wait()

    result = await Exercise(conversation, **PARTS).check(None)
    assert result.message == "The check did not end within 0.2 s, so it was stopped."


async def test_an_error_in_the_handler_is_never_right():
    async def conversation(talk, server_class):
        async with talk.server(server_class) as server:
            ann = await talk.client(server, "ann")
            await ann.hears("hello")
            await ann.is_closed()

    result = await Exercise(conversation, **PARTS).check(answer(handler("await ws.send('hello')", "1 / 0")))
    assert result.message == "Your handler raised ZeroDivisionError: division by zero (in `handler`, line 4)."


HALF = FunctionExercise(
    cases=[((4,), 2.0), ((0,), 0.0, lambda came, x: f"half of {x} is not {came}"), ((1,), 0.5, "bits count")],
    mistakes={lambda x: x * 2: "twice", lambda x: 1 / x: lambda came, x: f"1 by {x}", 7: "seven", list: "a list"},
    message="Return half of it.",
    **PARTS,
)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: 2 * x, "twice"),
        (lambda x: 1 / x, "1 by 4"),
        (lambda x: 7, "seven"),
        (lambda x: [x], "a list"),
        (lambda x: 100, "Return half of it."),
        (lambda x: x / 2 or 5, "half of 0 is not 5"),
        (lambda x: x // 2, "bits count"),
        (lambda x: str(x), "It should return a number, but it returned '4', of type str."),
        (lambda x: None, "It returned None: is a `return` missing?"),
    ],
)
async def test_a_function_is_called_with_each_case(function, message):
    assert (await HALF.check(lambda x: x / 2)).steps[-1].what == "0.5"
    result = await HALF.check(function)
    assert not result and result.message == message and result.steps[-1].wrong


def test_a_function_exercise_has_hints_and_a_solution_too():
    assert str(HALF.hint()) == "Hint 1 of 2: first" and "x = 1" in str(HALF.solution())
    with pytest.raises(ValueError, match="hints: expected a tuple of strings"):
        FunctionExercise(cases=[], mistakes={}, message="", **PARTS | {"hints": ()})
