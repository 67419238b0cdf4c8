"""The latency lab, in a kernel: its server's life, what it remembers, what it says when something breaks."""

import csv
from collections.abc import Iterator

import psutil
import pytest
from nbformat.v4 import new_code_cell
from notebook_runs import Kernel, errors, kernel

CELL = new_code_cell("from wslearn.widgets.latency import latency_lab\n\nlab = await latency_lab()")
TOOLS = """
import asyncio
from wslearn import cells
from wslearn.widgets.latency import as_csv

async def run(**values):
    for name, value in values.items():
        getattr(lab, name).value = value
    lab.run.click()
    await lab.task.ended()

async def until_it_measures():
    moves = asyncio.Event()
    lab._bar.observe(lambda change: change.new > 0 and moves.set(), "value")
    lab.run.click()
    await asyncio.wait_for(moves.wait(), 50)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Kernel]:
    with kernel(tmp_path_factory.mktemp("latency")) as running:
        yield running


@pytest.fixture
def lab(running) -> Kernel:
    """A kernel in which `lab` has had its first run."""
    cell = running.run(CELL)
    assert not errors(cell)
    running.ask(TOOLS)
    return running


def gone(pid: int) -> bool:
    """Wait for the end of a process."""
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_the_cell_keeps_a_plain_picture_and_no_process(running):
    for _ in range(2):
        cell = running.run(CELL)
        assert not errors(cell)
        _, image, line, _ = [output.data for output in cell.outputs]
        assert "image/png" in image
        assert line["text/plain"].startswith("Medians: http-new ")
        assert len(str(cell.outputs)) < 150_000
    assert running.ask("from wslearn import cells; print(len(cells._running), len(lab.runs))") == "0 1"


def test_runs_share_a_server_which_goes_when_the_cell_is_run_again(lab):
    pids = [int(lab.ask("await run(count=1); print(lab._server.pid)")) for _ in range(2)]
    assert pids[0] == pids[1] and psutil.pid_exists(pids[0])
    lab.run(CELL)
    assert gone(pids[0])


def test_a_server_that_dies_is_said_and_the_next_run_has_another(lab):
    pid = int(lab.ask("lab.count.value = 1000; await until_it_measures(); print(lab._server.pid)"))
    psutil.Process(pid).kill()
    said = lab.ask("await asyncio.wait_for(lab.task.ended(), 50); print(lab.status.value)")
    assert 'role="alert"' in said and "<summary>" in said
    assert lab.ask("print(len(cells._running), len(lab.runs))") == "0 1"
    assert lab.ask("await run(count=1); print(lab.task.state, len(lab.runs))") == "done 2"


def test_cancel_leaves_the_server_only(lab):
    lab.ask("lab.count.value = 1000; await until_it_measures(); lab.cancel.click(); await lab.task.ended()")
    assert lab.ask("print(lab.task.state, [type(t).__name__ for t in cells._running])") == "cancelled ['ServerProcess']"
    assert lab.ask("await run(count=1); print(lab.task.state, len(lab.runs))") == "done 2"


def test_the_last_five_runs_are_remembered_and_compared(lab):
    lab.ask("await run(count=1); lab.compare.value = 1; await lab._looking.ended()")
    lines = lab.ask("print(lab.picture.text)").splitlines()
    assert [line[:24] for line in lines] == ["Run 2: Medians: http-new", "Run 1: Medians: http-new"]
    lab.ask("for n in range(3): await run(delay=n)")
    assert lab.ask("print([run.number for run in lab.runs], lab.compare.value)") == "[1, 2, 3, 4, 5] 1"
    lab.ask("await run()")
    assert lab.ask("print([run.number for run in lab.runs], lab.compare.value)") == "[2, 3, 4, 5, 6] 0"
    assert lab.ask("print(lab.compare.options[2])") == "('run 3: round trips, 0 ms each way, 32 B', 3)"
    lab.ask("lab.reset.click(); await lab.task.ended()")
    assert lab.ask("print([run.number for run in lab.runs], lab.compare.options)") == "[1] (('nothing', 0),)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("lab.count.value = 0", "count must be a whole number, at least 1: got 0"),
        ("lab.payload.value = 10**6", "payload must be a whole number, at least 0 and at most 65,536: got 1000000"),
        ("lab.interval.value = 0", "interval must be above 0"),
        ("for box in lab.transports.values(): box.value = False", "Choose at least one transport"),
    ],
)
def test_what_cannot_be_measured_is_said(lab, change, said):
    status = lab.ask(f"{change}\nawait run(); print(lab.status.value)")
    assert said in status and "<summary>" not in status
    assert lab.ask("print(len(lab.runs), lab.picture.text[:8])") == "1 Medians:"


def test_what_one_must_know_about_the_numbers_is_beside_them(lab):
    lab.ask("from dataclasses import replace; from wslearn.widgets.latency import Run")
    lab.ask("lab._tell(Run(9, [replace(one, notes=('a <slow> loop',)) for one in lab.runs[0].samples]))")
    assert lab.ask("print(lab.table.value)").count("<strong>Note:</strong> a &lt;slow&gt; loop") == 1


def test_the_file_has_a_line_for_each_message(lab):
    table = lab.ask('await run(mode="push", count=3, delay=2, jitter=1); print(as_csv(lab.runs[-1]))')
    rows = list(csv.DictReader(table.splitlines()))
    assert [(row["transport"], int(row["message"])) for row in rows] == [
        (name, number) for name in ("polling", "long-polling", "sse", "websocket") for number in (1, 2, 3)
    ]
    assert {(row["run"], row["push"], row["delay_ms"], row["jitter_ms"], row["payload"]) for row in rows} == {
        ("2", "True", "2.0", "1.0", "32")
    }
    assert all(float(row["took_ms"]) > 1.5 for row in rows)
    assert lab.ask("import base64; data = lab.link.value.split('base64,')[1].split('\"')[0];"
                   "print(base64.b64decode(data).decode() == as_csv(lab.runs[-1]))") == "True"  # fmt: skip
