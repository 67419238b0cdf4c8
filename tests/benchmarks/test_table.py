"""From samples to ratios, verdicts and lines. No time is measured here."""

import pytest
import table
from table import PARTS, ROWS, Row


def samples(**rates: list[float]) -> dict:
    """Return samples with these rates, and with 10 µs of CPU time for wslearn and 20 for the others."""
    cpu = {"wslearn": 10.0}
    return {
        name: [{"rate": rate, "time": 1e6 / rate, "cpu": cpu.get(name, 20.0), "load": 0.5} for rate in values]
        for name, values in rates.items()
    }


def test_a_ratio_is_taken_round_by_round():
    taken = samples(wslearn=[200, 300, 100], peer=[100, 100, 100])
    row = Row("echo", "echo", "rate", "peer", goal=1.5)
    assert row.values(taken) == [2, 3, 1]
    assert row.cells(taken) == ["echo, times peer", "≥ 1.5", "2.00 (1.00–3.00)", "yes (2 of 3)", "2.00 (2.00–2.00)"]


def test_where_little_is_good_the_goal_is_at_most():
    taken = samples(wslearn=[50, 50, 100], peer=[100, 100, 100])
    row = Row("echo", "time", "time", "peer", goal=1.15, at_most=True)
    assert row.cells(taken)[1:] == ["≤ 1.15", "2.00 (1.00–2.00)", "NO (1 of 3)", "0.50 (0.50–0.50)"]


def test_a_row_without_a_peer_is_what_was_measured():
    row = Row("idle", "idle connection, KiB", "memory", goal=9, at_most=True)
    cells = row.cells({"wslearn": [{"memory": 9.0}, {"memory": 11.0}, {"memory": 8.0}]})
    assert cells == ["idle connection, KiB", "≤ 9", "9.00 (8.00–11.0)", "yes (2 of 3)", ""]


def test_what_was_not_measured_is_said():
    assert Row("echo", "echo", "rate", "Node ws", goal=1.25).cells(samples(wslearn=[1.0]))[2:] == [
        "not measured",
        "",
        "",
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.work}, {row.theirs}")
def test_each_row_is_measured_by_its_part(row):
    assert {row.mine, row.theirs} - {""} <= set(PARTS[row.part].names)


def test_a_load_client_without_time_left_is_said():
    taken = samples(wslearn=[100], picows=[200])
    assert table.driven(taken).endswith("50.0 % (50.0–50.0) of the time with the fastest server, picows.")
    taken["picows"][0]["load"] = 0.97
    assert table.driven(taken).endswith("so it was the limit there.")


def test_only_parts_that_were_measured_have_lines():
    results = {"rooms": samples(**{"wslearn": [5000.0], "Node ws": [2500.0]})}
    _head, line = table.goals(results).splitlines()
    assert line.split()[-8:-2] == ["2.00", "(2.00–2.00)", "yes", "(1", "of", "1)"]
    assert "5,000/s (5,000–5,000)" in table.details(results)
