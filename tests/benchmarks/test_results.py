"""From measured values to ratios, lines and verdicts."""

import growth
import pytest
import report
from goals import GOALS
from rows import Row


def test_a_ratio_above_one_means_that_wslearn_is_ahead():
    rates = Row("echo", "peer", "messages/s", [200.0, 300.0, 100.0], [100.0, 100.0, 100.0])
    assert (rates.ratios, rates.ratio, rates.cpu_ratio) == ([2.0, 3.0, 1.0], 2.0, None)
    times = Row("ready", "peer", "s", [2.0], [1.0], more=False, cpu=[(1.0, 4.0)])
    assert (times.ratio, times.cpu_ratio) == (0.5, 4.0)


def test_a_client_that_works_more_than_the_server_is_seen():
    row = Row("echo", "peer", "messages/s", [1e5, 1e5], [1e5, 1e5], cpu=[(9, 4), (9, 4)], client=[(0.5, 0.5)] * 2)
    assert [row.client_was_the_limit(who) for who in (0, 1)] == [False, True]


def test_a_line_is_found_again():
    clients = [10, 100, 1000, 4000]
    line = growth.fit(clients, [0.5 + 0.02 * count for count in clients])
    assert (line.constant, line.slope, line.r2, line.off) == pytest.approx((0.5, 0.02, 1, 0), abs=1e-9)


def test_what_is_not_linear_is_seen():
    clients = [10, 100, 1000, 4000]
    assert growth.fit(clients, [count**2 / 1000 for count in clients]).off > 0.5


def results(**more) -> dict:
    return {"machine": report.machine(), "contenders": {}, "left_out": [], "rows": []} | more


def verdicts(got: dict) -> dict[str, str]:
    return {judged["goal"]: judged["verdict"] for judged in report.judge(got)}


def test_a_goal_is_met_missed_or_not_measured():
    assert set(verdicts(results()).values()) == {"not measured"}
    rows = [
        Row("fan-out, 1,000", "Node ws", "deliveries/s", [131.0], [100.0]),
        Row("fan-out, 1,000", "aiohttp", "deliveries/s", [129.0], [100.0]),
        Row("fan-out, 1,000", "floor", "deliveries/s", [100.0], [124.0]),
        Row("memory, 2,000 idle", "Node ws", "KiB/connection", [15.0], [8.0], more=False),
    ]
    times = {100: [1.0, 1.0, 1.0], 4000: [40.0, 50.0, 90.0]}
    judged = verdicts(results(rows=rows, growth={"fan_out_ms": times, "sentences": []}, notebooks={"a": 40.0, "b": 49}))
    assert [verdict for verdict in judged.values() if verdict != "not measured"] == [
        "met", "missed", "met", "missed", "met", "met",
    ]  # fmt: skip


def test_the_report_says_all_of_it():
    rows = [Row("echo, 50, 32 B", "Node ws", "messages/s", [9e4], [1e5], cpu=[(18.0, 9.0)], client=[(0.95, 0.5)])]
    got = results(rows=rows, left_out=["tornado is left out: no package tornado"])
    text = report.text(got | {"goals": report.judge(got)})
    assert "tornado is left out" in text
    assert all(goal.what in text for goal in GOALS)
    (line,) = [line for line in text.splitlines() if line.startswith("echo, 50, 32 B")]
    assert line.split()[-8:] == ["0.90", "0.90", "0.90", "0.50", "90,000", "100,000", "95%*/50%", "messages/s"]
    assert report.as_json(got)["rows"][0]["ratio"] == 0.9


def test_the_picture_is_drawn(tmp_path):
    growth.draw({10: [1.0, 1.1], 100: [9.0, 9.5]}, {100: [30.0], 1000: [45.0]}, str(tmp_path / "growth.png"))
    assert (tmp_path / "growth.png").stat().st_size > 10_000
