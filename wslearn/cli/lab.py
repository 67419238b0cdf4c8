"""A reader's own copy of the lessons, opened in JupyterLab.

The course's notebooks stay as they are: `fill` copies the ones that a folder lacks, `reset` gives a fresh copy of
one. Neither ever loses what a reader wrote.
"""

import os
import signal
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

#: The notebook that JupyterLab opens with.
FIRST = "00_start_here"

PACKAGE = Path(__file__).parent.parent
#: The course's own notebooks: in a wheel they lie inside the package, in a checkout beside it.
NOTEBOOKS = next((path for path in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks") if path.is_dir()), None)


def lessons() -> dict[str, Path]:
    """Return the course's notebooks by name, `00_start_here` first.

    Raises FileNotFoundError where the package was installed without them.
    """
    found = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))} if NOTEBOOKS else {}
    if not found:
        raise FileNotFoundError("this installation of wslearn has no notebooks: install it again from its wheel")
    return found


def find(lesson: str) -> str:
    """Return the name of the lesson meant by `03`, `3`, `03_broadcast` or `03_broadcast.ipynb`.

    Raises ValueError, naming the lessons there are.
    """
    wanted = lesson.removesuffix(".ipynb")
    for name in lessons():
        if wanted == name or (wanted.isdecimal() and wanted.zfill(2) == name.partition("_")[0]):
            return name
    raise ValueError(f"there is no lesson {lesson!r}; there are: {', '.join(lessons())}")


def fresh(lesson: Path) -> bytes:
    """Return a notebook's file without outputs and execution counts; ids and metadata stay."""
    notebook = nbformat.read(lesson, as_version=nbformat.NO_CONVERT)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return (nbformat.writes(notebook) + "\n").encode()


def create(path: Path, data: bytes) -> bool:
    """Write a file that is not there yet; return False, and leave it alone, where there is one.

    Raises OSError where it cannot be written.
    """
    try:
        with open(path, "xb") as file:  # x: fails where there is something already, even since a moment ago
            file.write(data)
    except FileExistsError:
        return False
    return True


def fill(folder: Path) -> list[str]:
    """Copy into `folder` the lessons that it lacks, making the folder where needed. Return their names.

    Raises OSError where the folder cannot be made or written.
    """
    course = lessons()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file, and the lessons need a folder: name another one")
    folder.mkdir(parents=True, exist_ok=True)
    return [name for name, lesson in course.items() if create(folder / lesson.name, fresh(lesson))]


def reset(folder: Path, name: str) -> Path:
    """Replace one lesson in `folder` by a fresh copy; return where the old one is kept.

    Raises OSError where a file cannot be read or written.
    """
    mine = folder / f"{name}.ipynb"
    old, new = mine.read_bytes(), fresh(lessons()[name])
    asides = (folder / f"{name}.before-reset-{number}.ipynb" for number in count(1))
    aside = next(path for path in asides if create(path, old))
    mine.write_bytes(new)
    return aside


def prepare(folder: Path, lesson: str | None = None) -> tuple[str, list[str]]:
    """Fill `folder`, and reset `lesson` where one is given; return the notebook to open, and what was done.

    Raises ValueError where there is no such lesson or JupyterLab cannot start, OSError where the folder fails.
    """
    if sys.flags.optimize > 1:
        raise ValueError("JupyterLab needs its docstrings: unset PYTHONOPTIMIZE, or set it to 1, and start it again")
    name = find(lesson) if lesson is not None else FIRST
    copied = fill(folder)
    kept = [other for other in lessons() if other not in copied]
    done = [f"{what}: {', '.join(names)}" for what, names in (("copied", copied), ("kept as yours", kept)) if names]
    lines = [f"{folder}: {'; '.join(done)}"]
    if lesson is not None and name in kept:
        lines.append(f"{folder / name}.ipynb is fresh again; your version of it is now {reset(folder, name).name}")
    return name, lines


def has_browser() -> bool:
    """Return whether a browser window can open here: not without a screen, as over SSH or in a container.

    There `webbrowser` would find a text browser, if any, and fill the terminal with it.
    """
    if sys.platform in ("win32", "darwin", "cygwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def jupyterlab_arguments(folder: Path, name: str, further: Sequence[str]) -> list[str]:
    """Return JupyterLab's arguments: the lesson `name` opens first. `further` come last, so they win."""
    arguments = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{name}.ipynb",
        # Ctrl-C stops it at once, without a question that has to be answered in 5 s.
        "--ServerApp.answer_yes=True",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # JupyterLab refuses otherwise; in a container one is often root
    if not has_browser():
        arguments.append("--no-browser")
    return [*arguments, *further]


def further_environments() -> list[Path]:
    """Return the environments that this one stands on: `uv run --with …` puts a small new one on top of the project's.

    Python finds the packages of both, and Jupyter only what the topmost brings, so no widget would be shown.
    """
    if sys.prefix == sys.base_prefix:
        return []
    packages = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix).parts
    places = [Path(entry) for entry in sys.path]
    prefixes = [place.parents[len(packages) - 1] for place in places if place.parts[-len(packages) :] == packages]
    return [prefix for prefix in prefixes if prefix != Path(sys.prefix)]


def cannot_be_written() -> list[str]:
    """Return the variables for folders of Jupyter, IPython and matplotlib where the present ones cannot be written.

    A home that is missing or read-only, as in containers: JupyterLab would end in a traceback.
    """
    from jupyter_core import paths

    home = os.path.expanduser("~")  # pathlib raises where there is none
    folders = {
        "JUPYTER_CONFIG_DIR": paths.jupyter_config_dir(),
        "JUPYTER_DATA_DIR": paths.jupyter_data_dir(),
        "JUPYTER_RUNTIME_DIR": paths.jupyter_runtime_dir(),
        "IPYTHONDIR": os.environ.get("IPYTHONDIR") or os.path.join(home, ".ipython"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or home,
    }
    return [variable for variable, folder in folders.items() if not _can_be_written(Path(folder).absolute())]


def _can_be_written(folder: Path) -> bool:
    # os.path: pathlib raises PermissionError below a folder that may not be entered, such as root's home.
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@contextmanager
def somewhere_to_write() -> Iterator[list[str]]:
    """Give JupyterLab a folder of its own where the reader's home cannot be written; yield what to say about it.

    The folder is gone after the block. Raises OSError where no temporary folder can be made either.
    """
    variables = cannot_be_written()
    if not variables:
        yield []
        return
    with TemporaryDirectory(prefix="wslearn-", ignore_cleanup_errors=True) as folder:
        os.environ |= {variable: os.path.join(folder, variable.lower()) for variable in variables}
        yield ["The folders for JupyterLab's settings cannot be written, so it will forget them when it stops."]


def run(folder: Path, name: str, further: Sequence[str] = ()) -> None:
    """Run JupyterLab in `folder` until Ctrl-C or SIGTERM stops it, its kernels with it.

    In this very process, so that every signal reaches it without a go-between, on Windows too.
    """
    from jupyterlab.labapp import main

    # Defaults for this JupyterLab only, below the reader's own settings: no question about news over the lesson.
    # After them what the environments below this one brought: the widgets' part in the browser, the proxy.
    below = further_environments()
    found = {
        "JUPYTER_CONFIG_PATH": [PACKAGE / "jupyter", *(prefix / "etc" / "jupyter" for prefix in below)],
        # Ours first: a `python3` kernel in the reader's own JUPYTER_PATH or home may be another Python's, without
        # wslearn. And in ours the folder of the lessons comes last on Python's path: no file in it hides a module.
        "JUPYTER_PATH": [PACKAGE / "jupyter", *(prefix / "share" / "jupyter" for prefix in below)],
    }
    for variable, paths in found.items():
        os.environ[variable] = os.pathsep.join(filter(None, [*map(str, paths), os.environ.get(variable, "")]))
    # JupyterLab handles SIGTERM everywhere, but Ctrl-C only in a terminal that is not Windows': there kernels
    # would be left to find out by themselves.
    signal.signal(signal.SIGINT, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    main(jupyterlab_arguments(folder, name, further))
