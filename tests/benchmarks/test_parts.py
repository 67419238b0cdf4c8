"""Each part of the benchmarks runs, with tiny sizes, and each of its rows gets a value. No time is judged."""

import json
import os
from dataclasses import replace

import contenders
import measure
import nbformat
import pytest
import run_all
import table
from nbformat.v4 import new_code_cell, new_notebook

#: Each test starts up to eight servers, or two kernels, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)

RUN = measure.Run(pairs=2, seconds=0.02, say=lambda line: None)


@pytest.fixture(scope="module")
def found() -> dict[str, contenders.Contender]:
    return contenders.contenders(before=contenders.REPOSITORY, install=False)[0]  # tests fetch nothing


@pytest.mark.parametrize("name", [name for name in table.PARTS if name != "notebooks"])
def test_each_row_gets_a_value(name, found):
    samples = replace(table.PARTS[name], clients=20).measure(found, RUN)
    here = [one for one in table.PARTS[name].names if one.partition(" at ")[0] in found]
    assert sorted(samples) == sorted(here)
    rows = [row for row in table.ROWS if row.part == name]
    assert rows
    for row in rows:
        if row.theirs in ("", *here):
            assert len(row.values(samples)) == RUN.pairs
            assert all(value > 0 or row.quantity == "memory" for value in row.values(samples)), row
        else:
            assert "not measured" in row.cells(samples)


def test_turns_are_taken_in_alternating_order():
    order = []
    measure.in_turns(["a", "b"], RUN, lambda name: order.append(name) or {})
    assert order == ["a", "b", "b", "a"]


def test_notebooks_run_with_the_package_of_their_checkout(tmp_path):
    roots = {name: tmp_path / name for name in ("wslearn", "before")}
    for root in roots.values():
        (root / "notebooks").mkdir(parents=True)
        cell = new_code_cell(f"import sys\nassert {str(root)!r} in sys.path[:3], sys.path")
        nbformat.write(new_notebook(cells=[cell]), root / "notebooks" / "00_tiny.ipynb")
    nbformat.write(new_notebook(), roots["wslearn"] / "notebooks" / "01_only_here.ipynb")
    found = {name: contenders.Contender(name, (), cwd=root) for name, root in roots.items()}
    lines = []
    samples = measure.Notebooks().measure(found, measure.Run(pairs=1, seconds=0, say=lines.append))
    (row,) = [row for row in table.ROWS if row.part == "notebooks"]
    assert row.values(samples)[0] > 0
    assert [line.partition(":")[0] for line in lines] == ["00_tiny.ipynb"]


def test_the_command_prints_the_table_and_writes_the_samples(tmp_path, capsys):
    file = tmp_path / "samples.json"
    assert run_all.main(["--only", "kernel", "--pairs", "1", "--seconds", "0.02", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "before is left out: --before PATH" in printed
    assert "echo in asyncio, without uvloop, times websockets (asyncio)  ≥ 1.5" in printed
    assert len(json.loads(file.read_text(encoding="utf-8"))["samples"]["kernel"]["wslearn (asyncio)"]) == 1


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_all.main(["--only", "kernel", "--before", str(tmp_path)])
    assert f"{tmp_path} is not a checkout of this project" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin")
def test_servers_and_load_have_a_core_each(found):
    if (pin := run_all.children.cores()) is None:
        pytest.skip("there is only one core")
    before = os.sched_getaffinity(0)
    with measure.session(found["wslearn"], "echo", 1, 32) as (serving, load):
        pids = (serving.process.pid, load.process.pid)
        assert [os.sched_getaffinity(pid) for pid in pids] == [{pin[0]}, {pin[1]}]
    assert os.sched_getaffinity(0) == before
