"""The Predict questions are those of the notebooks: in their words, in their order, and asked in one short cell."""

import importlib
import json
import re

import pytest

from wslearn import progress
from wslearn.exercises import Question


def words(text):
    return " ".join(text.split())


@pytest.fixture(params=progress.LESSONS)
def lesson(request, repository):
    """A lesson's questions by name, the cells of its notebook, and the module of its exercises."""
    module = importlib.import_module(f"wslearn.exercises.{progress.LESSONS[request.param][0]}")
    found = {name: value for name, value in vars(type(module.questions)).items() if isinstance(value, Question)}
    (file,) = (repository / "notebooks").glob(f"{request.param}_*.ipynb")
    cells = json.loads(file.read_text("utf-8"))["cells"]
    yield found, [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in cells], module
    for question in found.values():
        question.guess(...)


def test_they_have_the_words_of_the_notebook(lesson):
    questions, cells, _ = lesson
    prose = "\n".join(source for _, kind, source in cells if kind == "markdown")
    pattern = r"\*\*Guess (\d)\.\*\* (.+?)<details>\s*<summary>Answer</summary>(.+?)</details>"
    asked = {
        f"guess_{number}": (words(text), words(answer)) for number, text, answer in re.findall(pattern, prose, re.S)
    }
    assert list(questions) == list(asked) == [f"guess_{number}" for number in range(1, len(asked) + 1)]
    for name, question in questions.items():
        text, answer = asked[name]
        assert question.text == text
        assert re.fullmatch(re.escape(question.answer) + "[.:,] " + re.escape(question.why), answer), answer


def test_one_short_cell_asks_for_each_of_them_before_anything_is_measured(lesson):
    questions, cells, module = lesson
    ids = [id for id, *_ in cells]
    source = cells[ids.index("predict-your-guesses")][2]
    assert re.findall(r"^print\(ex\.questions\.(\w+)\.guess\(\.\.\.", source, re.M) == list(questions)
    assert len(source.splitlines()) <= 8
    code = "\n".join(source for _, kind, source in cells if kind == "code")
    assert code.index("as ex\n") < code.index("ex.questions.") < code.index(".measured(")
    assert cells[ids.index("predict-your-guesses") + 1][0] == "run"
    exec(source, {"ex": module})
    assert {question.guessed for question in questions.values()} == {None}


def test_the_cell_says_what_to_write(lesson, capsys):
    _, cells, module = lesson
    exec(next(source for id, _, source in cells if id == "predict-your-guesses"), {"ex": module})
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith('- "')]
    assert [line[:25] for line in lines] == [f"Guess {n}: none yet. Write " for n in range(1, len(lines) + 1)]


def test_they_are_no_exercises(lesson):
    _, _, module = lesson
    assert "questions" not in module.__all__


def test_a_choice_does_not_stand_for_two(lesson):
    for question in lesson[0].values():
        for choice in question.choices:
            question.guess(choice)
            assert question.guessed == choice
        assert len(set(question.choices)) == len(question.choices) != 1
