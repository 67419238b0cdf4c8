"""The command that executes the notebooks and writes their outputs back, and the runs that it shares with the tests."""

import json
import re
import shutil

import front_end
import notebook_runs
import pytest
import refresh_notebooks
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from notebook_runs import NOTEBOOKS, code_cells, read


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of these sources; a source with a tag is a pair. Cells are named cell-1, cell-2, …"""

    def notebook(*sources):
        cells = []
        for number, source in enumerate(sources, start=1):
            source, *tags = [source] if isinstance(source, str) else source
            cells.append(new_code_cell(source, id=f"cell-{number}", metadata={"tags": tags} if tags else {}))
        path = tmp_path / "notebook.ipynb"
        write(
            new_notebook(
                cells=cells, metadata={"widgets": {}, "language_info": {"name": "python", "version": "3.1.4"}}
            ),
            path,
        )
        return path

    return notebook


def test_outputs_are_written_as_on_every_machine(notebook):
    path = notebook(
        "import os\nprint(os.listdir())",
        ("import json\njson.loads('hello')", "raises-exception"),
        "6 * 7",
    )
    assert refresh_notebooks.refresh(path) == []
    refreshed = read(path)
    cells = code_cells(refreshed)
    assert [cell.execution_count for cell in cells] == [1, 2, 3]
    assert cells[0].outputs[0].text == "[]\n"
    assert (cells[2].outputs[0].execution_count, cells[2].outputs[0].data) == (3, {"text/plain": "42"})
    assert refreshed.metadata.keys() == {"kernelspec", "language_info"}
    assert refreshed.metadata.language_info == {"name": "python"}
    _, _, own, *others, last = cells[1].outputs[0].traceback
    assert own.startswith("Cell In[2], line 2\n") and "----> 2 json.loads('hello')" in own
    assert others and all(re.fullmatch(r"File json/\w+\.py, in .+\n", frame) for frame in others)
    assert last == "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert "\\u001b" not in path.read_text()


def test_of_a_dashboard_its_text_stays_and_not_its_view(notebook):
    path = notebook("import ipywidgets\nipywidgets.IntSlider(7, description='Seconds')")
    assert refresh_notebooks.refresh(path) == []
    (output,) = code_cells(read(path))[0].outputs
    assert output.data.keys() == {"text/plain"} and "Seconds" in output.data["text/plain"]


@pytest.mark.parametrize(
    ("sources", "problem"),
    [
        (["1", "1 / 0"], "cell 'cell-2' failed:\n1 / 0\n"),
        (["1", ("1", "raises-exception")], "cell 'cell-2' is tagged raises-exception and raised nothing:\n1"),
        (["import sys\nprint(sys.prefix)"], "cell 'cell-1' shows '"),
        (["1", "import os\nos._exit(1)"], "the kernel died in cell 'cell-2':\nimport os"),
    ],
)
def test_what_went_wrong_is_named_and_the_file_left_alone(notebook, sources, problem):
    path = notebook(*sources)
    before = path.read_bytes()
    (told,) = refresh_notebooks.refresh(path)
    assert told.startswith(problem)
    assert path.read_bytes() == before


def test_a_cell_that_does_not_end_is_named(notebook, monkeypatch):
    monkeypatch.setattr(notebook_runs, "CELL_TIMEOUT", 2)
    path = notebook("import asyncio\nawait asyncio.Event().wait()")
    (told,) = refresh_notebooks.refresh(path)
    assert told.startswith("cell 'cell-1' did not end in 2 s:\nimport asyncio\n")


BROWSER = """from wslearn.browser import Browser
from wslearn.notebook import show
browser = await Browser().start()
show(browser)"""


def test_outputs_of_the_readers_browser_come_from_a_real_one(notebook):
    """Not from a text that somebody has written: lesson 08 says what browsers do."""
    pytest.importorskip("playwright")
    if not any(map(shutil.which, front_end.COMMANDS)):
        pytest.skip("no Chromium, Chrome or Edge found")
    path = notebook(BROWSER, "await browser.run('log(navigator.userAgent)')")
    assert refresh_notebooks.refresh(path) == []
    shown, ran = code_cells(read(path))
    assert "Chrome/" in ran.outputs[0].text
    assert "<iframe" in shown.outputs[0].data["text/html"]


def test_without_a_browser_such_a_notebook_is_left_alone(notebook, monkeypatch):
    pytest.importorskip("playwright")
    monkeypatch.setattr(shutil, "which", lambda command: f"/nowhere/{command}")
    path = notebook(BROWSER, "await browser.run('log(1)')")
    before = path.read_bytes()
    (told,) = refresh_notebooks.refresh(path)
    assert told.startswith("no browser for the notebook: ")
    assert path.read_bytes() == before


def test_a_page_that_never_comes_is_named(notebook):
    """The cell that shows it is missing."""
    pytest.importorskip("playwright")
    if not any(map(shutil.which, front_end.COMMANDS)):
        pytest.skip("no Chromium, Chrome or Edge found")
    path = notebook("from wslearn.browser import Browser\nawait (await Browser().start()).run('log(1)')")
    assert refresh_notebooks.refresh(path) == ["cell 'cell-1' has found no browser"]


def test_notebooks_are_chosen_by_name_or_number(monkeypatch, capsys):
    done = []
    monkeypatch.setattr(refresh_notebooks, "refresh", lambda path: done.append(path.stem) or [])
    assert refresh_notebooks.main([]) == 0 and done == list(NOTEBOOKS)
    done.clear()
    assert refresh_notebooks.main(["02", "00_start_here"]) == 0 and done == ["00_start_here", "02_echo"]
    assert "02_echo … written after" in capsys.readouterr().out
    done.clear()
    assert refresh_notebooks.main(["02", "77"]) == 2 and done == []
    assert capsys.readouterr().err == f"no such notebook: 77; there are: {', '.join(NOTEBOOKS)}\n"


def test_a_failure_is_told_and_is_the_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(refresh_notebooks, "refresh", lambda path: ["cell 'x' failed"])
    assert refresh_notebooks.main(["02"]) == 1
    said = capsys.readouterr()
    assert "02_echo … NOT written" in said.out and said.err == "02_echo: cell 'x' failed\n"


def test_the_committed_notebooks_are_in_the_form_that_the_command_writes():
    for path in NOTEBOOKS.values():
        committed = read(path)
        before = json.dumps(committed)
        notebook_runs.normalise(committed)
        assert json.dumps(committed) == before, path.name
