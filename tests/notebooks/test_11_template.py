"""Lesson 11 explains every line of the project that `wslearn new` makes, and its test is a test that finds the bug."""

import re
import subprocess
import sys

import pytest
from notebook_runs import NOTEBOOKS, code_cells, read

from wslearn.cli import new

CELLS = {cell.id: cell.source for cell in read(NOTEBOOKS["11_own_project"]).cells}
#: A row is about so many lines of code at most, or it would explain none of them.
MOST = 14
COMMENTS = ("#", "//", "/*", "*", "<!--")


def rows(name: str) -> list[tuple[str, str]]:
    """Return the lesson's rows about a file: how the first line begins, and what is said."""
    text = CELLS["start-read"] + CELLS["start-tests"]
    table = text.split(f"<summary><code>{name}</code></summary>")[1].split("</details>")[0]
    return re.findall(r"^\| `(.+?)` \| (.+) \|$", table, re.MULTILINE)


def unexplained(lines: list[str], told: list[tuple[str, str]]) -> list[str]:
    """Return what is wrong: a row without its line, code before the first row, a row about too much."""
    wrong, waiting, about = [], list(told), 0
    begins = "the file's beginning"
    for line in lines:
        text = line.strip()
        if waiting and text.startswith(waiting[0][0]):
            begins, about = waiting.pop(0)[0], 0
        if text and not text.startswith(COMMENTS):
            about += 1
            if len(waiting) == len(told) or about == MOST + 1:
                wrong.append(f"{text!r}, after {begins!r}")
    return wrong + [f"no line begins with {start!r}" for start, _ in waiting]


@pytest.mark.parametrize("name", [name for name in new.FILES if name != "README.md"])
def test_every_line_is_explained(name):
    told = rows(name)
    assert told and all(len(text) >= 15 for _, text in told)
    assert unexplained((new.TEMPLATE / name).read_text("utf-8").splitlines(), told) == []


def test_a_line_without_a_row_would_be_found():
    told = [("import", "…"), ("def f", "…")]
    assert unexplained(["# a", "import b", "", "def f():", "    pass"], told) == []
    assert unexplained(["a = 1", "import b", "def f():"], told) == ["'a = 1', after \"the file's beginning\""]
    assert unexplained(["import b"], told) == ["no line begins with 'def f'"]
    assert len(unexplained(["import b", *["x"] * MOST, "def f():"], told)) == 1


@pytest.mark.parametrize("make", ["tutorial_chat", "repaired_chat"])
def test_its_test_with_the_fixtures_finds_the_bug(tmp_path, make):
    source = {cell.id: cell.source for cell in code_cells(read(NOTEBOOKS["11_own_project"]))}
    chat = source["breaks-happy-chat"] + "\n\n" + source["breaks-cut-repaired"]
    (tmp_path / "chat.py").write_text(f"from websockets.asyncio.server import broadcast\n{chat}\nmake_chat = {make}\n")
    [test] = re.findall(r"```python\n(.*?)```", CELLS["breaks-cut-pytest"], re.DOTALL)
    (tmp_path / "test_chat.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110)
    words = "1 passed" if make == "repaired_chat" else "1 failed"
    assert words in done.stdout, done.stdout + done.stderr
    assert ("Your handler raised ConnectionClosedError" in done.stdout) is (make == "tutorial_chat")
