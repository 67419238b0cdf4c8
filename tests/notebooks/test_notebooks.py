"""Every notebook is executed, in a fresh kernel and an empty folder; and what is committed is looked at.

A new lesson is a new file in notebooks/ and a row in the two tables of lessons, in the README and in the introduction.
Nothing here changes for it.
"""

import ast
import importlib
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from notebook_runs import (
    GLOSSARY,
    NOTEBOOKS,
    ROOT,
    code_cells,
    errors,
    fault,
    kernel,
    machine,
    means_to_fail,
    normalise,
    read,
    text,
)

from wslearn import __version__, progress
from wslearn.exercises import ReadingExercise

SECTIONS = ["1. Predict", "2. Run", "3. Investigate", "4. Modify", "5. Make", "6. What breaks"]
#: Lessons have these sections; this one introduces them.
INTRODUCTION = "00_start_here"
LESSONS = [name for name in NOTEBOOKS if name != INTRODUCTION]
#: Lessons whose answers are pages, and the line of JavaScript that a stub has.
PAGES = {"08_browser": 'throw new Error("not attempted yet")\n'}
#: A notebook takes less than 15 s on a machine that does nothing else, and what others take from it does not count. In
#: seconds, and below it those for a test, which runs a notebook three times on whatever machine.
BOUND, TIMEOUT = 60, 600
#: A file that is larger loads slowly, and GitHub does not show it. In bytes.
SIZE = 400_000

pytestmark = pytest.mark.timeout(TIMEOUT)
every_notebook = pytest.mark.parametrize("name", NOTEBOOKS)
every_file = pytest.mark.parametrize("path", [*NOTEBOOKS.values(), GLOSSARY], ids=lambda path: path.stem)
every_lesson = pytest.mark.parametrize("name", LESSONS)


@dataclass
class Execution:
    """A notebook run from top to bottom, then again in the same kernel, each cell twice in a row."""

    notebook: NotebookNode
    seconds: float
    count: int
    again: list[NotebookNode]
    left: str


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """Execute a notebook, or return how it went before."""
    done: dict[str, Execution] = {}

    def execute(name: str) -> Execution:
        if name not in done:
            notebook = read(NOTEBOOKS[name])
            began, waited = time.monotonic(), kept_waiting()
            with kernel(tmp_path_factory.mktemp(name)) as running:
                notebook.cells = [running.run(cell) if cell.cell_type == "code" else cell for cell in notebook.cells]
                seconds = time.monotonic() - began - (kept_waiting() - waited)
                seconds -= kept_waiting(running.ask("print(__import__('os').getpid())"))
                count = code_cells(notebook)[-1].execution_count  # the kernel's own count
                again = []
                for cell in code_cells(read(NOTEBOOKS[name])):
                    again += [running.run(cell) for _ in range(1 if means_to_fail(cell) else 2)]
                left = running.ask(f"SHOWN = {shown(notebook)}\n{STATE}")
            done[name] = Execution(notebook, seconds, count, again, left)
        return done[name]

    return execute


def kept_waiting(pid: str = "self") -> float:
    """Return for how many seconds a process had something to do, and others had the CPU: Linux tells, others do not."""
    schedule = Path(f"/proc/{pid}/schedstat")
    return int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0


def assert_no_faults(name: str, notebook: NotebookNode, problems: Iterable[str | None]) -> None:
    """Fail with the first problem, and keep the executed notebook for a look."""
    problem = next(filter(None, problems), None)
    if problem:
        kept = ROOT / "test-results" / f"{name}.ipynb"
        kept.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, kept)
        pytest.fail(f"{name}: {problem}\n\nThe executed notebook is {kept.relative_to(ROOT)}", pytrace=False)


@every_notebook
def test_it_runs_from_top_to_bottom(name, executed):
    execution = executed(name)
    assert_no_faults(name, execution.notebook, map(fault, code_cells(execution.notebook)))
    assert execution.seconds < BOUND


def test_no_notebook_was_left_out(executed):
    """What the README and the introduction promise is there, and each was executed to its last cell."""
    introduction = "".join(cell.source for cell in read(NOTEBOOKS[INTRODUCTION]).cells)
    promised = set(re.findall(r"\]\((\w+)\.ipynb\)", introduction)) | {INTRODUCTION}
    in_readme = set(re.findall(r"\(notebooks/(\w+)\.ipynb\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    files = {path.stem for path in (ROOT / "notebooks").iterdir() if path.suffix == ".ipynb"}
    assert promised == in_readme == files == {*NOTEBOOKS, GLOSSARY.stem}
    assert len(NOTEBOOKS) >= 9
    counts = {name: executed(name).count for name in NOTEBOOKS}
    assert counts == {name: len(code_cells(read(path))) for name, path in NOTEBOOKS.items()}
    assert min(counts.values()) >= 4


def shown(notebook: NotebookNode) -> list[str]:
    """Return the names of the servers whose page the notebook shows: they go on, so that the page works."""
    return sorted({name for cell in code_cells(notebook) for name in re.findall(r"^show\((\w+)", cell.source, re.M)})


#: Waits until no tasks are left but those of the servers in SHOWN, and prints what else is still there.
STATE = """
import asyncio, ipykernel
from wslearn import cells

kernels = ipykernel.__path__[0]
servers = [globals()[name] for name in SHOWN]
own = {task for server in servers for task in getattr(server, "_tasks", ())} | {asyncio.current_task()}

def left():
    tasks = [task.get_coro() for task in asyncio.all_tasks() - own]
    things = [type(thing).__name__ for thing in cells._running if thing not in servers]
    return things + [task.__qualname__ for task in tasks if not task.cr_code.co_filename.startswith(kernels)]

try:
    async with asyncio.timeout(50):
        while left():
            await asyncio.sleep(0.01)
except TimeoutError:
    pass
print(sorted(left()))
"""


@every_notebook
def test_it_runs_again_each_cell_twice_and_leaves_only_what_it_shows(name, executed):
    execution = executed(name)
    # What failed on purpose may not fail again: after lesson 02's `run(main())`, as it says, asyncio.run works.
    cells = [cell for cell in execution.again if not means_to_fail(cell)]
    assert_no_faults(name, execution.notebook, map(fault, cells))
    assert execution.left == "[]"


@every_lesson
def test_nothing_is_answered_before_somebody_tries(name, executed):
    cells = [*code_cells(executed(name).notebook), *executed(name).again]
    said = {text(cell).strip().partition("\n")[0] for cell in cells if cell.id.endswith("-check")}
    assert said == {"Not attempted yet."}


# A server and its kernel

START = new_code_cell("from wslearn import EchoServer, ServerProcess\nserver = await EchoServer().start()")
LISTENING = """
import psutil
print(sum(connection.status == psutil.CONN_LISTEN for connection in psutil.Process().net_connections()))
"""


def answers(port: int) -> bool:
    """Return whether somebody listens on a port of this machine."""
    with socket.socket() as client:
        client.settimeout(10)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until_nobody_answers(port: int) -> None:
    deadline = time.monotonic() + 60
    while answers(port):
        assert time.monotonic() < deadline, f"port {port} still answers"
        time.sleep(0.01)


def test_a_cell_run_20_times_leaves_one_server(tmp_path):
    with kernel(tmp_path) as running:
        before = int(running.ask(LISTENING))
        ports = []
        for _ in range(20):
            assert not errors(running.run(START))
            ports.append(int(running.ask("print(server.port)")))
        assert answers(ports[-1])
        assert int(running.ask(LISTENING)) == before + 1
        assert running.ask("from wslearn import cells; print(len(cells._running))") == "1"
    wait_until_nobody_answers(ports[-1])  # the kernel has been shut down


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_kernel_leaves_no_server(tmp_path):
    with kernel(tmp_path) as running:
        running.run(START)
        running.ask("process = await ServerProcess('echo').start()")
        pid, *ports = map(int, running.ask("import os; print(os.getpid(), server.port, process.port)").split())
        assert all(map(answers, ports))
        os.kill(pid, signal.SIGKILL)
        for port in ports:
            wait_until_nobody_answers(port)


# What is committed


@every_notebook
def test_outputs_are_those_of_one_run_from_top_to_bottom(name, executed):
    run = deepcopy(executed(name).notebook)
    normalise(run)
    committed, fresh = code_cells(read(NOTEBOOKS[name])), code_cells(run)
    assert [cell.execution_count for cell in committed] == list(range(1, len(committed) + 1))

    def shape(cell):
        kinds = [output.get("name") or output.get("ename") or sorted(output.data) for output in cell.outputs]
        return cell.id, kinds, [cell.execution_count for output in cell.outputs if "execution_count" in output]

    advice = "run: uv run --extra test python tests/refresh_notebooks.py"
    assert list(map(shape, committed)) == list(map(shape, fresh)), advice


@every_notebook
def test_a_dashboard_leaves_a_picture_and_its_line(name, executed):
    """Also where it fails it draws nothing and raises nothing: this would see it."""
    for notebook in (read(NOTEBOOKS[name]), executed(name).notebook):
        labs = [cell for cell in code_cells(notebook) if re.search(r"await \w+_lab\(", cell.source)]
        assert len(labs) == (0 if name[:2] in ("00", "02", "08", "11") else 1)
        for cell in labs:
            assert [output for output in cell.outputs if "image/png" in output.get("data", {})], text(cell)
            assert "It did not work" not in text(cell)


@every_file
def test_the_file_has_nothing_of_one_machine_or_session(path):
    notebook = read(path)
    written = path.read_bytes().decode()
    assert written == nbformat.writes(notebook) + "\n"
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert {key for cell in notebook.cells for key in cell.metadata} <= {"tags", "slideshow"}
    assert len(written.encode()) < SIZE
    assert [cell.id for cell in notebook.cells if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", cell.id)] == []
    assert "\x1b" not in written and "application/vnd.jupyter.widget" not in written
    assert [(cell.id, found) for cell in code_cells(notebook) if (found := machine(cell))] == []


@every_notebook
def test_cells_are_short_and_the_first_one_checks_the_ground(name):
    cells = code_cells(read(NOTEBOOKS[name]))
    assert [cell.id for cell in cells if len(cell.source.splitlines()) > 15] == []
    version = ".".join(__version__.split(".")[:2])
    assert cells[0].source == f'from wslearn.notebook import setup\n\nsetup("{version}")'
    assert text(cells[0]).startswith(f"Ready: wslearn {__version__}, ")


@every_lesson
def test_a_lesson_has_its_six_sections_each_with_minutes(name):
    prose = "\n".join(cell.source for cell in read(NOTEBOOKS[name]).cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", prose, re.MULTILINE)
    assert headings == [*SECTIONS, "Summary", "Further reading"]
    minutes = re.findall(r"^## .+\n\n\*(\d+) minutes\. .+\*$", prose, re.MULTILINE)
    assert len(minutes) == len(SECTIONS), "each section begins with a line such as *5 minutes. You see …*"
    total = sum(map(int, minutes))
    assert 30 <= total <= 45
    assert re.search(r"^\*\*About (\d+) minutes\.\*\*", prose, re.MULTILINE)[1] == str(total)
    assert prose.count("<details>") == prose.count("</details>") == prose.count("<summary>")
    summary = prose.split("## Summary\n")[1].split("\n## ")[0]
    assert len(re.findall(r"^\d\. ", summary, re.MULTILINE)) == 5


@every_lesson
def test_each_exercise_has_its_task_stub_check_and_help(name):
    notebook = read(NOTEBOOKS[name])
    cells = {cell.id: cell for cell in notebook.cells}
    order = list(cells)
    tasks = [cell.id.removesuffix("-stub") for cell in notebook.cells if cell.id.endswith("-stub")]
    assert len(tasks) >= 3
    module = name[3:]
    assert any(f"from wslearn.exercises import {module} as ex" in cell.source for cell in code_cells(notebook))
    for number, task in enumerate(tasks, start=1):
        start = order.index(f"{task}-stub")
        assert order[start : start + 3] == [f"{task}-stub", f"{task}-check", f"{task}-help"]
        heading = re.match(rf"\*\*Task {number}(?: \((hard|reading)\))?: ", cells[order[start - 1]].source)
        assert heading, f"{task}: expected **Task {number}: …, perhaps with (hard) or (reading) before the colon"
        page = name in PAGES
        blank = (
            r": \.\.\.,(  #.*)?\n"
            if heading[1] == "reading"
            else re.escape(PAGES.get(name, "raise NotImplementedError"))
        )
        assert re.search(blank, cells[f"{task}-stub"].source)
        exercise = f"ex.{task.removeprefix('make-').replace('-', '_')}"
        answer = re.fullmatch(rf"await {re.escape(exercise)}\.check\((\w+)\)", cells[f"{task}-check"].source)
        assert answer, f"{task}-check: expected only await {exercise}.check(…)"
        start = "" if page and heading[1] != "reading" else r"\{"
        made = rf"^({answer[1]} = {start}|(class|def|async def) {answer[1]}\b)"
        assert re.search(made, cells[f"{task}-stub"].source, re.MULTILINE)
        assert cells[f"{task}-help"].source == (
            f"# {exercise}.hint()  # remove the first # for a hint; run it again for the next\n"
            f"# {exercise}.solution()  # try first"
        )


@every_lesson
def test_a_lesson_has_four_to_eight_tasks_one_of_them_hard_and_one_to_read(name):
    prose = "\n".join(cell.source for cell in read(NOTEBOOKS[name]).cells if cell.cell_type == "markdown")
    marks = re.findall(r"^\*\*Task \d+(?: \((\w+)\))?: ", prose, re.MULTILINE)
    assert 4 <= len(marks) <= 8
    assert sorted(filter(None, marks)) == ["hard", "reading"]
    lesson = name[:2]
    assert len(marks) == len(progress.exercises(lesson))
    module = importlib.import_module(f"wslearn.exercises.{name[3:]}")
    reading = [one for one in module.__all__ if isinstance(getattr(module, one), ReadingExercise)]
    numbers = re.findall(r"^\*\*Task (\d+) \(reading\): ", prose, re.MULTILINE)
    assert [progress.exercises(lesson)[int(number) - 1].partition(".")[2] for number in numbers] == reading


def names_made(code: str) -> set[str]:
    """Return the names that a cell binds when it runs: assigned, defined or imported, and not in a function."""
    made, nodes = (
        set(),
        [ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in code.splitlines()))],
    )
    while nodes:
        node = nodes.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                made.add(node.name)
                continue  # what is made in there is its own
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
            case ast.Name(ctx=ast.Store() | ast.Del()):
                made.add(node.id)
            case ast.alias():
                made.add(node.asname or node.name.partition(".")[0])
            case ast.ExceptHandler(name=str()):
                made.add(node.name)
        nodes.extend(ast.iter_child_nodes(node))
    return made


@every_lesson
def test_no_later_cell_overwrites_what_a_student_has_written(name):
    answers: dict[str, str] = {}
    overwritten = []
    for cell in code_cells(read(NOTEBOOKS[name])):
        if cell.source.startswith("%%"):
            continue  # the cell is a file's text
        made = names_made(cell.source)
        overwritten += [f"{cell.id} overwrites {thing} of {answers[thing]}" for thing in sorted(made & set(answers))]
        if cell.id.endswith("-stub"):
            answers |= dict.fromkeys(made, cell.id)
    assert answers and overwritten == []


def test_what_a_cell_makes_is_found():
    code = """
%matplotlib inline
import a.b, c as d
from e import f as g
x, (y, *z) = 1, (2, 3)
async with h() as i:
    for j in k:
        if (l := j):
            def m(n): o = n
class P:
    q = [r for r in s]
try: t()
except U as v: w: int = 1
"""
    assert names_made(code) == {"a", "d", "g", "x", "y", "z", "i", "j", "l", "m", "P", "v", "w"}


# Slides, and the notes of who shows them


@every_file
def test_slides_begin_where_a_reader_would_begin_one(path):
    cells = read(path).cells
    kinds = {cell.id: slide_type(cell) for cell in cells}
    # JupyterLab writes "-" for none, and some tools cannot read it.
    assert set(kinds.values()) <= {None, "slide", "subslide", "fragment", "skip", "notes"}
    assert kinds[cells[0].id] == "slide"
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            further = cell.source.startswith("## Further reading")
            assert kinds[cell.id] == ("skip" if further else "slide"), cell.id
        if cell.id.endswith("-help"):
            assert kinds[cell.id] == "skip", cell.id


@every_lesson
def test_each_section_has_a_note_for_the_instructor(name):
    cells = read(NOTEBOOKS[name]).cells
    notes = [(before.id, cell) for before, cell in pairwise(cells) if slide_type(cell) == "notes"]
    sections = [cell.id for cell in cells if re.match(r"## \d\. ", cell.source)]
    assert [(section, cell.id) for section, cell in notes] == [(section, f"{section}-notes") for section in sections]
    assert [cell.id for _, cell in notes if not cell.source.startswith("> **Instructor:** ")] == []


def slide_type(cell: NotebookNode) -> str | None:
    """Return what the cell is among the slides; None: it belongs to the one before."""
    return cell.metadata.get("slideshow", {}).get("slide_type")


@every_file
def test_links_lead_somewhere(path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert links, "a notebook names its neighbour"
    assert [link for link in links if not urlsplit(link).scheme and not (ROOT / "notebooks" / link).is_file()] == []
    numbers = {row[:2] for row in lessons()}
    assert set(re.findall(r"\b[Ll]esson (\d\d)\b", prose)) <= numbers


def lessons() -> list[str]:
    """Return the rows of the introduction's table of lessons, each from its number on."""
    cell = next(cell for cell in read(NOTEBOOKS[INTRODUCTION]).cells if cell.id == "lessons")
    return re.findall(r"^\| \[?(\d\d .+) \|$", cell.source, re.MULTILINE)


def test_the_introduction_lists_the_lessons():
    first, *others = lessons()
    assert first == "00 Start here | this page"
    assert [re.search(r"^(\d\d) .+\]\((\w+)\.ipynb\) \| .+", row).groups() for row in others] == [
        (name[:2], name) for name in LESSONS
    ]
