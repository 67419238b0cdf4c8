"""The tasks of lesson 02: their solutions pass their checks, and plausible wrong answers are told what is wrong."""

import re

import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import NOTEBOOKS, code_cells, errors, kernel, read, text

NOTEBOOK = read(NOTEBOOKS["02_echo"])
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
SOLUTIONS = {
    re.search(r"class (\w+)", code)[1].lower(): code
    for code in re.findall(r"```python\n(.*?)```", CELLS["solutions"].source, re.DOTALL)
}


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Put an answer in the place of a task's stub, run the task's check, and return what it said."""
    with kernel(tmp_path_factory.mktemp("tasks")) as running:
        for name in ("setup", "imports", "make-talk", "make-verdict"):
            assert not errors(running.run(CELLS[name]))

        def check(task: str, answer: str) -> str:
            cells = [new_code_cell(answer), CELLS[f"make-{task}-check"]]
            return "".join(text(running.run(cell)) for cell in cells)

        yield check


def handler(name: str, *lines: str) -> str:
    body = "\n".join(f"        {line}" for line in lines)
    return f"class {name}(Server):\n    async def handler(self, ws):\n{body}"


def test_each_task_has_a_solution():
    stubs = [cell.id for cell in code_cells(NOTEBOOK) if cell.id.endswith("-stub")]
    assert stubs == [f"make-{task}-stub" for task in SOLUTIONS] and len(stubs) == 3


@pytest.mark.parametrize("task", SOLUTIONS)
def test_the_solution_is_right(check, task):
    assert check(task, SOLUTIONS[task]).startswith("Right!\n")


@pytest.mark.parametrize(
    ("task", "answer", "came"),
    [
        ("shout", ["async for m in ws: await ws.send(m)"], "['hello', 'good morning']"),
        ("shout", ["async for m in ws: await ws.send(m.upper())"], "['HELLO', 'GOOD MORNING']"),
        ("shout", ["m = await ws.recv()", "await ws.send(m.upper() + '!')"], "['HELLO!', 'closed with 1000']"),
        ("shout", ["async for m in ws: print(end='')"], "['nothing for 3 seconds']"),
        ("numbers", ["async for m in ws: await ws.send(f'1: {m}')"], "['1: a', '1: b', '-', '1: c']"),
        (
            "numbers",
            [
                "self.n = getattr(self, 'n', 0)",
                "async for m in ws:",
                "    self.n += 1",
                "    await ws.send(f'{self.n}: {m}')",
            ],
            "['1: a', '2: b', '-', '3: c']",
        ),
        (
            "numbers",
            ["n = 0", "async for m in ws:", "    await ws.send(f'{n}: {m}')", "    n += 1"],
            "['0: a', '1: b', '-', '0: c']",
        ),
        ("goodbye", ["async for m in ws: await ws.send(m)"], "['hello', 'bye']"),
        (
            "goodbye",
            ["async for m in ws:", "    if m == 'bye': return", "    await ws.send(m)"],
            "['hello', 'closed with 1000']",
        ),
        (
            "goodbye",
            ["async for m in ws:", "    await ws.send(m)", "    if m == 'bye': await ws.close(1000, 'see you')"],
            "['hello', 'bye']",
        ),
    ],
)
def test_a_wrong_answer_is_told_what_came_back(check, task, answer, came):
    said = check(task, handler(task.capitalize(), *answer))
    assert said.startswith("Not yet.\n")
    assert f"came back: {came}\n" in said
    assert "  expected: " in said and "the error" not in said


def test_a_mistake_in_the_code_is_shown(check):
    said = check("shout", handler("Shout", "async for m in ws: await ws.send(m.uper())"))
    assert said.startswith("Not yet.\n")
    assert "the error: AttributeError: 'str' object has no attribute 'uper'" in said
