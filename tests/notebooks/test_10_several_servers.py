"""Lesson 10 where the extra `cluster` is not installed: cells that need NATS say how to get it, and none fails."""

from notebook_runs import NOTEBOOKS, code_cells, errors, kernel, read, text

#: Makes nats-py invisible, as it is where nobody has installed it.
HIDE = """
import importlib.util, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nats":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "nats" else found(name, *more)
sys.meta_path.insert(0, Hidden())
"""
HOW = "uv run --extra cluster wslearn"
#: The cells that need NATS; all others do their work without it.
NEED = {"nats-installed", "run-nats", "kill-run", "presence-run", "drain-run", "modify-lab", "breaks-frozen-run",
        "breaks-killed"}  # fmt: skip


def test_without_the_extra_no_cell_fails_and_those_that_need_it_say_how_to_get_it(tmp_path):
    with kernel(tmp_path) as running:
        running.ask(HIDE)
        cells = [running.run(cell) for cell in code_cells(read(NOTEBOOKS["10_several_servers"]))]
    assert [(cell.id, text(cell)) for cell in cells if errors(cell)] == []
    assert {cell.id for cell in cells if HOW in text(cell)} == NEED
    assert "10 of 20 people" in next(text(cell) for cell in cells if cell.id == "run-deaf")
