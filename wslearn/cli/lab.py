"""A reader's own copy of the lessons, opened in JupyterLab.

The course's notebooks are never changed: `fill` copies those that a folder lacks, `reset` makes a fresh copy of one.
Neither function ever loses anything that a reader wrote.
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
#: The course's own notebooks: in a wheel they are inside the package, in a checkout beside it.
NOTEBOOKS = next((path for path in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks") if path.is_dir()), None)


def lessons() -> dict[str, Path]:
    """Return the course's notebooks by name. Raises FileNotFoundError if the package was installed without them."""
    found = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))} if NOTEBOOKS else {}
    if not found:
        raise FileNotFoundError("this installation of wslearn has no notebooks: install it again from its wheel")
    return found


def find(lesson: str) -> str:
    """Return the name of the lesson meant by `03`, `3`, `03_broadcast` or `03_broadcast.ipynb`, or raise ValueError."""
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
    """Write a new file; return False, and change nothing, if it exists. Raises OSError if it cannot be written."""
    try:
        with open(path, "xb") as file:  # x: fails if the file exists, even if it was created a moment ago
            file.write(data)
    except FileExistsError:
        return False
    return True


def fill(folder: Path) -> list[str]:
    """Copy the missing lessons into `folder`, which is made if necessary; return their names. Raises OSError."""
    course = lessons()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file, and the lessons need a folder: name another one")
    folder.mkdir(parents=True, exist_ok=True)
    return [name for name, lesson in course.items() if create(folder / lesson.name, fresh(lesson))]


def reset(folder: Path, name: str) -> Path:
    """Replace one lesson in `folder` by a fresh copy; return the file that keeps the old one. Raises OSError."""
    mine = folder / f"{name}.ipynb"
    old, new = mine.read_bytes(), fresh(lessons()[name])
    asides = (folder / f"{name}.before-reset-{number}.ipynb" for number in count(1))
    aside = next(path for path in asides if create(path, old))
    mine.write_bytes(new)
    return aside


def prepare(folder: Path, lesson: str | None = None) -> tuple[str, list[str]]:
    """Fill `folder`, and reset `lesson` if one is given; return the notebook to open and a report in lines.

    Raises ValueError if there is no such lesson or JupyterLab cannot start, OSError if the folder cannot be used.
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
    """Return whether a browser window can open here, which needs a screen: over SSH or in a container there is none.

    Without a screen, `webbrowser` might find a text browser and fill the terminal with it.
    """
    if sys.platform in ("win32", "darwin", "cygwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def jupyterlab_arguments(folder: Path, name: str, further: Sequence[str]) -> list[str]:
    """Return JupyterLab's arguments: the lesson `name` opens first. `further` come last, so they take precedence."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{name}.ipynb",
        "--ServerApp.answer_yes=True",  # Ctrl-C stops it at once, without a question that must be answered in 5 s
        *(["--allow-root"] if is_root else []),  # JupyterLab refuses otherwise; in a container one is often root
        *([] if has_browser() else ["--no-browser"]),
        *further,
    ]


def further_environments() -> list[Path]:
    """Return the environments below this one: `uv run --with …` puts a small new environment on top of the project's.

    Python finds the packages of both, but Jupyter only those of the topmost, and would not show any widget.
    """
    if sys.prefix == sys.base_prefix:
        return []
    packages = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix).parts
    places = [Path(entry) for entry in sys.path]
    prefixes = [place.parents[len(packages) - 1] for place in places if place.parts[-len(packages) :] == packages]
    return [prefix for prefix in prefixes if prefix != Path(sys.prefix)]


def cannot_be_written() -> list[str]:
    """Return the environment variables for folders of Jupyter, IPython and matplotlib that cannot be written.

    In containers the home folder may be missing or read-only, and JupyterLab would end in a traceback.
    """
    from jupyter_core import paths

    home = os.path.expanduser("~")  # pathlib raises an error if there is none
    folders = {
        "JUPYTER_CONFIG_DIR": paths.jupyter_config_dir(),
        "JUPYTER_DATA_DIR": paths.jupyter_data_dir(),
        "JUPYTER_RUNTIME_DIR": paths.jupyter_runtime_dir(),
        "IPYTHONDIR": os.environ.get("IPYTHONDIR") or os.path.join(home, ".ipython"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or home,
    }
    return [variable for variable, folder in folders.items() if not _can_be_written(Path(folder).absolute())]


def _can_be_written(folder: Path) -> bool:
    # os.path: pathlib raises PermissionError inside a folder that may not be entered, such as root's home.
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@contextmanager
def somewhere_to_write() -> Iterator[list[str]]:
    """Give JupyterLab a temporary folder if the reader's home cannot be written; yield lines that say so.

    The folder is removed after the block. Raises OSError if no temporary folder can be made either.
    """
    if not (variables := cannot_be_written()):
        yield []
        return
    with TemporaryDirectory(prefix="wslearn-", ignore_cleanup_errors=True) as folder:
        os.environ |= {variable: os.path.join(folder, variable.lower()) for variable in variables}
        yield ["The folders for JupyterLab's settings cannot be written, so it will forget them when it stops."]


def run(folder: Path, name: str, further: Sequence[str] = ()) -> None:
    """Run JupyterLab in `folder`, in this very process, until Ctrl-C or SIGTERM stops it and its kernels."""
    from jupyterlab.labapp import main

    # Our config holds defaults for this JupyterLab only, such as no question about news; the reader's settings win.
    # Our kernel comes first, because a `python3` kernel of the reader's may be another Python without wslearn, and in
    # ours the lessons' folder is last on Python's path: no file in it hides a module. After ours come the environments
    # below this one, with the browser's part of the widgets and the proxy.
    for variable, part in (("JUPYTER_CONFIG_PATH", "etc"), ("JUPYTER_PATH", "share")):
        paths = [PACKAGE / "jupyter", *(prefix / part / "jupyter" for prefix in further_environments())]
        os.environ[variable] = os.pathsep.join(filter(None, [*map(str, paths), os.environ.get(variable, "")]))
    # JupyterLab handles Ctrl-C only in a terminal, and not on Windows, so kernels would keep running; SIGTERM always.
    signal.signal(signal.SIGINT, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    main(jupyterlab_arguments(folder, name, further))
