"""An exercise: its three words, and that a check never raises."""

import asyncio

import pytest
from exercise_cases import answer, handler

from wslearn.exercises import Exercise, FunctionExercise
from wslearn.exercises.engine import exercise as exercises
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


@pytest.mark.parametrize(
    ("argument", "code", "part"),
    [
        ([1, 2, 3], lambda numbers: sum(list(numbers)), ""),
        ([1, 2, 3], lambda numbers: sum(numbers.pop() for _ in range(3)), "changed what it was given"),
        ([1, 2, 3], lambda numbers: numbers.append(0) or sum(numbers), "changed what it was given"),
        (iter([1, 2, 3]), sum, ""),  # it cannot be copied, nor compared
        ((float("nan"), 6), lambda pair: pair[1], ""),
        (type("Six", (), {"six": 6})(), lambda thing: thing.six, ""),
    ],
)
async def test_a_function_must_leave_its_arguments_as_they_are(argument, code, part):
    exercise = FunctionExercise(cases=[((argument,), 6)], mistakes={}, message="No.", **PARTS)
    result = await exercise.check(code)
    assert part in result.message and bool(result) is not bool(part), result
    if part:
        assert [str(argument) in step.what for step in result.steps[-2:]] == [True, False]
        assert argument == [1, 2, 3], "the case itself is as it was"


def test_a_function_exercise_has_hints_and_a_solution_too():
    assert str(HALF.hint()) == "Hint 1 of 2: first" and "x = 1" in str(HALF.solution())
    with pytest.raises(ValueError, match="hints: expected a tuple of strings"):
        FunctionExercise(cases=[], mistakes={}, message="", **PARTS | {"hints": ()})


async def five(talk, function):
    await talk.calls(function, (), 5, {4: "One more.", 3: lambda came: 1 / 0})


WRONG = {"one too few": "def f(): return 4", "returns nothing": lambda: None}
FIVE = {"hints": ("a hint",), "answer": "def five(): return 5", "why": ""}


async def test_an_exercise_that_judges_rightly_proves_it():
    proof = await Exercise(five, **FIVE).prove(
        wrong=WRONG, right=["f = lambda: 5", lambda: 5, "from random import Random\ndef f(): return number"],
        imports="number = 5",
    )  # fmt: skip
    assert proof and proof.message == "The check judged all 7 answers rightly."
    assert [line[2:] for line in str(proof).splitlines()[2:]] == [
        "    the solution is right",
        "          a stub is not attempted",
        "  right answer 1 is right",
        "  right answer 2 is right",
        "  right answer 3 is right",
        "     one too few is refused        One more.",
        " returns nothing is refused        It returned None: is a `return` missing?",
    ]
    assert "<b>one too few</b>" in proof._repr_html_()
    assert proof.results["one too few"].steps[-1].wrong


@pytest.mark.parametrize(
    ("parts", "wrong", "right", "message"),
    [
        ({"answer": "def five(): return 4"}, {}, [], "the solution: The check refuses it. One more."),
        ({"answer": "def five(): return"}, WRONG, [], "the solution: The check refuses it. It returned None"),
        ({"answer": "def five() return 5"}, {}, [], "the solution: Its code cannot be run: SyntaxError: "),
        ({"answer": ""}, {}, [], "the solution: Its code cannot be run: ValueError: it gives nothing a new name"),
        ({"answer": "five = number"}, {}, [], "the solution: Its code cannot be run: NameError: "),
        ({}, {}, ["lambda: 5"], "right answer 1: Its code cannot be run: ValueError: "),
        ({}, {}, {"in words": lambda: "five"}, "in words: The check refuses it. "),
        ({}, {"is right": lambda: 5}, [], "is right: The check says that it is right."),
        ({}, {"is empty": "def f(): raise NotImplementedError"}, [], "is empty: The check takes it for a stub."),
        ({}, {"breaks it": lambda: 3}, [], "breaks it: The check fails. The check itself failed, which is not your"),
        ({}, WRONG | {"also 4": lambda: 4}, [], "also 4: It gets the same message as 'one too few'. One more."),
    ],
)
async def test_an_exercise_that_judges_wrongly_says_of_which_answer(parts, wrong, right, message):
    proof = await Exercise(five, **FIVE | parts).prove(wrong=wrong, right=right)
    assert not proof and proof.message.startswith(message), proof
    assert [step.who for step in proof.steps if step.wrong] == [message.partition(":")[0]]


async def test_a_class_is_made_a_stub_of_too_and_what_blocks_is_refused():
    async def conversation(talk, server_class):
        async with talk.server(server_class) as server:
            ann = await talk.client(server, "Ann")
            await ann.hears("hello")

    solution = """
        class Hello(Server):
            def __init__(self, *args, **options):
                super().__init__(*args, **options)

            async def handler(self, ws):
                await ws.send("hello")
                await ws.wait_closed()
    """
    exercise = Exercise(conversation, hints=("one",), answer=solution, why="")
    proof = await exercise.prove(wrong={"blocks": handler("time.sleep(5)")}, right=[solution.replace("Hello", "Hi")])
    assert proof, proof
    assert proof.results["a stub"].state == "untouched"


async def test_a_proof_notes_no_progress(monkeypatch):
    noted = []

    async def note(exercise, right):
        noted.append(right)
        return "Lesson 01: 1 of 3 tasks done."

    monkeypatch.setattr(exercises, "noted", note)
    exercise = Exercise(five, **FIVE)
    assert await exercise.prove(wrong=WRONG) and not noted
    assert (await exercise.check(lambda: 5)).progress and noted == [True]
