"""Lesson 11 with Node's `ws`, Node alone, and neither; with real proxies and without: it says which it has measured."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS, code_cells, fault, kernel, read, text
from reverse_proxies import required

#: Where the benchmarks have Node's `ws` from.
WS = Path.home() / ".cache" / "wslearn-benchmarks" / "node_modules"
NODE = ("setup", "imports", "differ-running", "differ-measure", "differ-node", "differ-node-measure", "differ-node-run")
PROXIES = (
    "setup", "imports", "differ-running", "proxy-rules", "proxy-lives", "proxy-ends", "proxy-first",
    "proxy-run", "proxy-looks", "proxy-looks-run",
)  # fmt: skip
#: What follows is as if no proxy and no Node were installed.
NOTHING = "from wslearn.testing import proxy; proxy.PLACES = ()\nimport os; os.environ['PATH'] = ''"


def said(folder: Path, names: tuple[str, ...], first: str = "") -> dict[str, list[str]]:
    """Run these cells of the lesson, and return the lines that each has put out.

    If the machine is so slow that pings come too late, a connection is cut rightly, and a log can be late, too. So the
    cells with a limit of time get three tries.
    """
    cells = {cell.id: cell for cell in code_cells(read(NOTEBOOKS["11_own_project"]))}
    lines: dict[str, list[str]] = {}
    in_time = {
        "proxy-run": lambda: ends(lines["proxy-run"]) == ENDS,
        "proxy-looks-run": lambda: looks(lines)[0] == LOOKS,
    }
    with kernel(folder) as running:
        running.ask(first or "pass")
        for name in names:
            for _ in range(3):
                done = running.run(cells[name])
                assert (problem := fault(done)) is None, problem
                lines[name] = text(done).splitlines()
                if name not in in_time or in_time[name]():
                    break
    return lines


def node_row(lines: list[str]) -> str:
    assert lines[0].startswith("library") and len(lines) == 4, lines
    return lines[1]


ROW = "Node's ws    open     1006     50.0 MB, and it never waits"


@pytest.fixture
def node() -> str:
    if (path := shutil.which("node")) is None:
        pytest.skip("no Node found")
    return path


def test_with_ws_it_is_measured_and_is_what_we_saw(tmp_path, monkeypatch, node):
    monkeypatch.setenv("NODE_PATH", str(WS))
    if subprocess.run([node, "-e", "require('ws')"], capture_output=True, cwd=tmp_path).returncode:
        pytest.skip(f"no ws for Node found: npm install --prefix {WS.parent} ws@8")
    lines = said(tmp_path, NODE)["differ-node-run"]
    assert node_row(lines) == ROW and lines[3] == "Measured here."


def test_node_without_ws_says_how_to_get_it_and_shows_our_numbers(tmp_path, monkeypatch, node):
    monkeypatch.delenv("NODE_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # Node also looks there
    if not subprocess.run([node, "-e", "require('ws')"], capture_output=True, cwd=tmp_path).returncode:
        pytest.skip("every Node program here has ws")
    lines = said(tmp_path, NODE)["differ-node-run"]
    assert node_row(lines) == ROW and "npm install ws" in lines[3] and "our numbers" in lines[3]


#: What the cells say in the end, whoever the proxy is.
ENDS = ["open", "open", "cut with 1006", "open", "open"]
LOOKS = [["its own", "kept", "yes"], ["unchanged", "kept", "yes"], ["unchanged", "cut", "no"]]


def rows(lines: list[str]) -> list[re.Match]:
    return [re.fullmatch(r"\w+ +(real|simulated) +\D+?  +(open|cut with \d+)", line) for line in lines]


def ends(lines: list[str]) -> list[str]:
    return [row[2] for row in rows(lines)]


def looks(lines: dict[str, list[str]]) -> tuple[list[list[str]], list[str]]:
    """Return what the proxies look like, and where that comes from."""
    table = [re.split(r"  +", line) for line in lines["proxy-looks-run"][1:]]
    return [row[1:4] for row in table], [row[4] for row in table]


def test_without_node_and_proxies_it_says_so_shows_our_numbers_and_simulates(tmp_path):
    lines = said(tmp_path, (*NODE, *PROXIES), NOTHING)
    last = lines["differ-node-run"]
    assert node_row(last) == ROW and last[3].startswith("Node isn't installed here. These are our numbers")
    assert [row[1] for row in rows(lines["proxy-run"])] == ["simulated"] * 5
    assert (ends(lines["proxy-run"]), looks(lines)) == (ENDS, (LOOKS, ["from the table"] * 3))
    assert lines["proxy-first"][0].startswith("nginx, simulated: cut with 1006 after 0.")


def test_with_proxies_the_real_ones_say_the_same(tmp_path):
    for name in ("nginx", "haproxy", "caddy"):
        required(name)
    lines = said(tmp_path, PROXIES)
    assert [row[1] for row in rows(lines["proxy-run"])] == ["real", "real", "simulated", "simulated", "real"]
    assert (ends(lines["proxy-run"]), looks(lines)) == (ENDS, (LOOKS, ["measured"] * 3))
    assert lines["proxy-first"][0].startswith("nginx, the real one: cut with 1006 after 0.")


def test_what_is_committed_differs_by_names_only():
    """The saved outputs are the same whoever has made them, but for who was there."""
    cells = {cell.id: text(cell).splitlines() for cell in code_cells(read(NOTEBOOKS["11_own_project"]))}
    assert node_row(cells["differ-node-run"]) == ROW
    assert (ends(cells["proxy-run"]), looks(cells)[0]) == (ENDS, LOOKS)
