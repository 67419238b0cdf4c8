"""Every notebook is executed, in a fresh kernel and an empty folder; and what is committed is looked at."""

import os
import re
import signal
import socket
import sys
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from notebook_runs import NOTEBOOKS, ROOT, code_cells, errors, fault, kernel, machine, means_to_fail, read, text

from wslearn import __version__

STEPS = ["Predict", "Run", "Investigate", "Modify", "Make"]
#: Lessons have the five steps; this one introduces them.
INTRODUCTION = "00_start_here"
#: Servers that a notebook means to leave running, by name.
LEAVES = {"00_start_here": ["echo"], "02_echo": ["echo"]}
#: A notebook takes less than 15 s on a machine that does nothing else. In seconds.
BOUND = 60

every_notebook = pytest.mark.parametrize("name", NOTEBOOKS)


@dataclass
class Execution:
    notebook: NotebookNode
    seconds: float
    count: int


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """Execute a notebook once from top to bottom, or return how it went before."""
    done: dict[str, Execution] = {}

    def execute(name: str) -> Execution:
        if name not in done:
            notebook = read(NOTEBOOKS[name])
            began = time.monotonic()
            with kernel(tmp_path_factory.mktemp(name)) as running:
                notebook.cells = [running.run(cell) if cell.cell_type == "code" else cell for cell in notebook.cells]
            seconds = time.monotonic() - began
            count = code_cells(notebook)[-1].execution_count  # the kernel's own count
            done[name] = Execution(notebook, seconds, count)
        return done[name]

    return execute


def assert_no_faults(name: str, notebook: NotebookNode) -> None:
    """Fail with the first faulty cell, and keep the executed notebook for a look."""
    problem = next(filter(None, map(fault, code_cells(notebook))), None)
    if problem:
        kept = ROOT / "test-results" / f"{name}.ipynb"
        kept.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, kept)
        pytest.fail(f"{name}: {problem}\n\nThe executed notebook is {kept.relative_to(ROOT)}", pytrace=False)


@every_notebook
def test_it_runs_from_top_to_bottom(name, executed):
    execution = executed(name)
    assert_no_faults(name, execution.notebook)
    assert execution.seconds < BOUND


def test_no_notebook_was_left_out(executed):
    files = {path.stem for path in (ROOT / "notebooks").iterdir() if path.suffix == ".ipynb"}
    counts = {name: executed(name).count for name in files}
    assert counts == {name: len(code_cells(read(ROOT / "notebooks" / f"{name}.ipynb"))) for name in NOTEBOOKS}
    assert len(counts) >= 2 and min(counts.values()) >= 4


#: Waits until no tasks are left but the running servers' own, and prints the servers and what tasks there are.
STATE = """
import asyncio, ipykernel
from wslearn import cells

def tasks():
    kernels = ipykernel.__path__[0]
    return sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks()
                  if task is not asyncio.current_task() and not task.get_coro().cr_code.co_filename.startswith(kernels))

servers = sorted(thing.name for thing in cells._running)
try:
    async with asyncio.timeout(10):
        while tasks() != ["Server._watch"] * len(servers):
            await asyncio.sleep(0.01)
except TimeoutError:
    pass
print(servers, tasks())
"""


@every_notebook
def test_each_cell_runs_twice(name, tmp_path):
    notebook = read(NOTEBOOKS[name])
    ran = []
    with kernel(tmp_path) as running:
        for cell in code_cells(notebook):
            for _ in range(1 if means_to_fail(cell) else 2):
                ran.append(running.run(cell))
        state = running.ask(STATE)
    for number, cell in enumerate(ran):
        cell.id += f"-{number}"  # ids are unique in a file
    notebook.cells = ran
    assert_no_faults(name, notebook)
    servers = LEAVES.get(name, [])
    assert state == f"{servers} {['Server._watch'] * len(servers)}"


@every_notebook
def test_nothing_is_answered_before_somebody_tries(name, executed):
    cells = code_cells(executed(name).notebook)
    tasks = [cell.id.removesuffix("-stub") for cell in cells if cell.id.endswith("-stub")]
    assert len(tasks) >= 2 or name == INTRODUCTION
    said = {cell.id: text(cell).strip() for cell in cells if cell.id.endswith("-check")}
    assert said == {f"{task}-check": "Not attempted yet." for task in tasks}


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
    deadline = time.monotonic() + 15
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
    committed, fresh = code_cells(read(NOTEBOOKS[name])), code_cells(executed(name).notebook)
    assert [cell.execution_count for cell in committed] == list(range(1, len(committed) + 1))

    def shape(cell):
        kinds = [output.get("name") or output.get("ename") or sorted(output.data) for output in cell.outputs]
        return cell.id, kinds, [cell.execution_count for output in cell.outputs if "execution_count" in output]

    advice = "run: uv run --extra test python tests/refresh_notebooks.py"
    assert list(map(shape, committed)) == list(map(shape, fresh)), advice


@every_notebook
def test_the_file_has_nothing_of_one_machine_or_session(name):
    notebook = read(NOTEBOOKS[name])
    written = NOTEBOOKS[name].read_bytes().decode()
    assert written == nbformat.writes(notebook) + "\n"
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert {key for cell in notebook.cells for key in cell.metadata} <= {"tags"}
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


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name != INTRODUCTION])
def test_a_lesson_has_its_five_steps_each_with_minutes(name):
    prose = "\n".join(cell.source for cell in read(NOTEBOOKS[name]).cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (?:\d+\. )?(.+)$", prose, re.MULTILINE)
    assert headings == [*STEPS, "What breaks", "Summary", "Further reading", "Solutions"]
    minutes = re.findall(r"^## .+\n\n\*(\d+) minutes\. .+\*$", prose, re.MULTILINE)
    assert len(minutes) == len(STEPS) + 1, "each section begins with a line such as *5 minutes. You see …*"
    assert 30 <= sum(map(int, minutes)) <= 45
    assert prose.count("<details>") == prose.count("</details>") == prose.count("<summary>")
    summary = prose.split("## Summary\n")[1].split("\n## ")[0]
    assert len(re.findall(r"^\d\. ", summary, re.MULTILINE)) == 5


@every_notebook
def test_links_lead_somewhere(name):
    prose = "\n".join(cell.source for cell in read(NOTEBOOKS[name]).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert links, "a notebook names its neighbour"
    assert [link for link in links if not urlsplit(link).scheme and not (ROOT / "notebooks" / link).is_file()] == []
    numbers = {row[:2] for row in lessons()}
    assert set(re.findall(r"\b[Ll]esson (\d\d)\b", prose)) <= numbers


def lessons() -> list[str]:
    """Return the rows of the introduction's table of lessons, each from its number on."""
    cell = next(cell for cell in read(NOTEBOOKS[INTRODUCTION]).cells if cell.id == "lessons")
    return re.findall(r"^\| \[?(\d\d .+) \|$", cell.source, re.MULTILINE)


def test_the_introduction_lists_the_lessons_that_exist_and_says_which_are_coming():
    assert [row[:2] for row in lessons()] == [f"{number:02}" for number in range(8)]
    for row in lessons():
        exists = [
            path.name for number, path in ((name[:2], path) for name, path in NOTEBOOKS.items()) if number == row[:2]
        ]
        if row.startswith(INTRODUCTION[:2]):
            assert row.endswith("you are here")
        elif exists:
            assert f"]({exists[0]})" in row and row.endswith("**ready**")
        else:
            assert "](" not in row and row.endswith("coming")
