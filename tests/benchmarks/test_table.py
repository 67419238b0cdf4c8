"""Each part runs, with tiny sizes, and from its samples come ratios, verdicts and lines. No time is judged."""

import json
from dataclasses import replace

import contenders
import measure
import nbformat
import pytest
import run_all
import table
from nbformat.v4 import new_code_cell, new_notebook
from table import Row

RUN = measure.Run(pairs=2, seconds=0.02, say=lambda line: None)


@pytest.mark.timeout(300)  # it starts up to eight servers, which takes long on a busy machine
@pytest.mark.parametrize("name", [name for name in table.PARTS if name != "notebooks"])
def test_each_row_gets_a_value(name):
    found, _ = contenders.contenders(before=contenders.REPOSITORY)
    samples = replace(table.PARTS[name], clients=20).measure(found, RUN)
    rows = [row for row in table.ROWS if row.part == name]
    assert rows
    for row in rows:
        assert {row.mine, row.theirs} - {""} <= set(table.PARTS[name].names)
        if row.theirs in ("", *samples):
            assert len(row.values(samples)) == RUN.pairs
            assert all(value > 0 or row.quantity == "memory" for value in row.values(samples)), row
        else:
            assert row.theirs not in found
            assert "not measured" in row.cells(samples)


def test_turns_are_taken_in_alternating_order():
    order = []
    measure.in_turns(["a", "b"], RUN, lambda name: order.append(name) or {})
    assert order == ["a", "b", "b", "a"]


def test_a_server_and_a_notebook_run_with_the_package_of_their_checkout(tmp_path):
    found = {}
    for name, port in (("wslearn", 1), ("before", 2)):
        root = tmp_path / name
        for folder in ("wslearn", "notebooks"):
            (root / folder).mkdir(parents=True)
        (root / "wslearn" / "__init__.py").write_text("")
        (root / "wslearn" / "__main__.py").write_text(f"print({port})")
        cell = new_code_cell(f"import wslearn\nassert wslearn.__file__.startswith({str(root)!r}), wslearn.__file__")
        nbformat.write(new_notebook(cells=[cell]), root / "notebooks" / "00_tiny.ipynb")
        found[name] = contenders.wslearn(name, root)
        with found[name].serve("echo") as (_, at):
            assert at == port
    nbformat.write(new_notebook(), tmp_path / "before" / "notebooks" / "01_only_here.ipynb")
    lines = []
    samples = measure.Notebooks().measure(found, measure.Run(pairs=1, seconds=0, say=lines.append))
    assert table.ROWS[-1].values(samples)[0] > 0
    assert [line.partition(":")[0] for line in lines] == ["wslearn/00_tiny.ipynb", "before/00_tiny.ipynb"]


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


def samples(quantity: str, **values: list[float]) -> dict:
    return {name: [{quantity: value} for value in each] for name, each in values.items()}


def test_a_ratio_is_taken_round_by_round_and_a_rate_should_be_high():
    cells = Row("echo", "echo", "rate", "peer", 1.5).cells(samples("rate", wslearn=[200, 300, 100], peer=[100] * 3))
    assert cells == ["echo, times peer", "≥ 1.5", "2 (1–3)", "yes (2 of 3)"]


def test_a_time_should_be_low():
    cells = Row("echo", "time", "time", "peer", 1.15).cells(samples("time", wslearn=[20, 20, 10], peer=[10] * 3))
    assert cells[1:] == ["≤ 1.15", "2 (1–2)", "NO (1 of 3)"]


def test_a_row_without_a_peer_is_what_was_measured():
    cells = Row("idle", "idle, KiB", "memory", goal=9).cells(samples("memory", wslearn=[9.0, 11.0, 8.0]))
    assert cells == ["idle, KiB", "≤ 9", "9 (8–11)", "yes (2 of 3)"]


def test_only_parts_that_were_measured_have_lines():
    results = {"rooms": samples("rate", **{"wslearn": [5000.0], "Node ws": [2500.0]})}
    _head, line = table.goals(results).splitlines()
    assert line.endswith("2 (2–2)   yes (1 of 1)")
    assert "5,000/s (5,000–5,000)" in table.details(results)
