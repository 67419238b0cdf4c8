"""Run notebooks, or single cells, in a fresh kernel. Shared by the tests and by refresh_notebooks.py."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from front_end import FrontEnd, ShowingClient
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
#: The lessons, with the introduction.
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))}
#: It has only text, so it has no number and nothing to run.
GLOSSARY = ROOT / "notebooks" / "glossary.ipynb"

#: A cell that takes longer fails. In seconds; the slowest one takes less than two.
CELL_TIMEOUT = 100

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def read(path: Path) -> NotebookNode:
    """Return a notebook. Raises nbformat.ValidationError where it is none."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def needs_browser(notebook: NotebookNode) -> bool:
    """Return whether some of the notebook's outputs come from the reader's browser."""
    return any("from wslearn.browser import" in cell.source for cell in code_cells(notebook))


def means_to_fail(cell: NotebookNode) -> bool:
    """Return whether the cell shows an error on purpose."""
    return "raises-exception" in cell.metadata.get("tags", [])


def errors(cell: NotebookNode) -> list[NotebookNode]:
    """Return the errors that the cell put out."""
    return [output for output in cell.outputs if output.output_type == "error"]


def text(cell: NotebookNode) -> str:
    """Return what the cell put out, as a reader without colours and pictures sees it."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append("\n".join(output.traceback))
        else:
            parts.append(output.data.get("text/plain", ""))
    return ANSI.sub("", "\n".join(parts))


class Kernel:
    """A running kernel. `run` executes a cell in it, `ask` some code."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    def run(self, cell: NotebookNode) -> NotebookNode:
        """Execute a cell and return a copy of it with its outputs, errors among them.

        Raises RuntimeError, naming the cell, where it does not end or the kernel dies.
        """
        cell = deepcopy(cell)
        self.client.nb.cells.append(cell)
        try:
            return self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        except DeadKernelError:
            raise RuntimeError(f"the kernel died in cell {cell.id!r}:\n{cell.source}") from None
        except CellTimeoutError:
            raise RuntimeError(f"cell {cell.id!r} did not end in {CELL_TIMEOUT} s:\n{cell.source}") from None

    def ask(self, source: str) -> str:
        """Execute code and return what it put out, stripped, without stderr. Raises RuntimeError where it fails.

        A warning may be about an earlier cell: a coroutine that nobody awaited goes when Python collects it.
        """
        cell = self.run(new_code_cell(source))
        if errors(cell):
            raise RuntimeError(f"{source}\n{text(cell)}")
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        return text(cell).strip()


def picture(running: Kernel, cell: NotebookNode) -> str:
    """Execute a cell that must show one picture, as a dashboard's does, and return the line that goes with it."""
    cell = running.run(cell)
    assert not errors(cell), text(cell)
    (shown,) = [output.data for output in cell.outputs if "image/png" in output.get("data", {})]
    return shown["text/plain"]


@contextmanager
def kernel(folder: Path, browser: FrontEnd | None = None) -> Iterator[Kernel]:
    """Start a kernel of this Python in `folder`, without the user's IPython settings, and shut it down at the end.

    It knows no hub, whatever runs here: pages are shown directly. It listens on files, except on Windows. Jupyter
    chooses ports long before the kernel opens them, and meanwhile another test could be given one of these ports.
    `browser` shows the iframes that cells put out.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTERHUB_")}
    with TemporaryDirectory(ignore_cleanup_errors=True) as private:
        listens = {} if os.name == "nt" else {"transport": "ipc", "ip": f"{private}/kernel"}
        client = ShowingClient(
            new_notebook(),
            kernel_name="python3",
            timeout=CELL_TIMEOUT,
            allow_errors=True,
            coalesce_streams=True,
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],  # it warns of every kernel that listens on loopback
            config=Config({"KernelManager": listens}),
        )
        client.front_end = browser
        with client.setup_kernel(cwd=str(folder), env=env | {"IPYTHONDIR": private}):
            yield Kernel(client)


def fault(cell: NotebookNode) -> str | None:
    """Return what is wrong with an executed cell, naming it, or None: an error, or none where one is meant."""
    if errors(cell) and not means_to_fail(cell):
        return f"cell {cell.id!r} failed:\n{cell.source}\n\n{text(cell)}"
    if means_to_fail(cell) and not errors(cell):
        return f"cell {cell.id!r} is tagged raises-exception and raised nothing:\n{cell.source}\n\n{text(cell)}"
    return None


def normalise(notebook: NotebookNode) -> None:
    """Make outputs the same on every machine, as far as they can be: for the copies that are committed.

    Counts go from 1 to N; a traceback has no colours, and one line for each frame that is not the notebook's. Of a
    dashboard its picture and its text stay: its widgets' state ended with the kernel.
    """
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            if output.output_type == "error":
                output.traceback = [_frame(ANSI.sub("", frame)) for frame in output.traceback]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _frame(frame: str) -> str:
    """Return a traceback's frame; where its file is not the notebook, the file's and the function's name only."""
    match = re.match(r"File (?P<path>.+?):\d+(?P<function>, in .*)?", frame)
    if not match:
        return frame
    path = re.sub(r".*[/\\](?:site-packages|python3\.\d+t?|Lib)[/\\]", "", match["path"]).replace("\\", "/")
    return f"File {path}{match['function'] or ''}\n"


def machine(cell: NotebookNode) -> str | None:
    """Return a place on somebody's machine that the cell's outputs show, or None."""
    shown = [text(cell), *(str(data) for output in cell.outputs for data in output.get("data", {}).values())]
    places = [
        r"/tmp/",
        r"/home/",
        r"/Users/",
        r"/root\b",
        r"/private/",
        r"\b[A-Z]:\\",
        "site-packages",
        r"ipykernel_\d",
    ]
    places += map(re.escape, {str(Path.home()), sys.prefix, sys.base_prefix})
    found = re.search("|".join(places), "\n".join(shown))
    return found and found[0]
