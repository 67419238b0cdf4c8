"""`wslearn new`: a small project of the reader's own, a chat with its page, its tests and files for running it.

Nothing is ever overwritten, and a project that could not be written whole is removed again.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from wslearn.cli import options

TEMPLATE = Path(__file__).parent.parent / "template"
#: The project's files, by name: Python may have put compiled files beside them.
FILES = (
    "README.md", "chat.py", "web.py", "page/index.html", "page/page.css", "page/page.js", "test_chat.py", "pytest.ini",
    "requirements.txt", "requirements-test.txt", "deploy/nginx.conf", "deploy/Caddyfile", "deploy/chat.service",
)  # fmt: skip


class NotEmpty(Exception):
    """Something is there already; the text says what."""


def _folder(ctx: click.Context, param: click.Parameter, value: str) -> Path:
    if not value.strip():  # an empty variable of a shell would mean the current folder
        raise click.BadParameter("name a folder that is new or empty.")
    return Path(value)


@click.command(epilog=options.examples("wslearn new my-chat"))
@click.argument("folder", callback=_folder)
def new(folder: Path) -> None:
    """Make a small project of your own in FOLDER, which must be new or empty.

    It is a chat: a server with plain websockets, a page, tests with wslearn's fixtures, a README that explains them,
    and files for running it behind nginx or Caddy. Nothing of wslearn runs in the server, and no file is overwritten.
    """
    name = click.format_filename(folder)
    try:
        make(folder)
    except NotEmpty as error:
        raise click.UsageError(f"{name} {error}: name a folder that is new or empty.") from error
    except OSError as error:
        place = click.format_filename(error.filename) if error.filename else name
        raise click.ClickException(f"cannot make {place}: {error.strerror or error}.") from error
    click.echo(f"{name} is your project. README.md in it says how to run it, test it and deploy it. To run it here:")
    click.echo(f"  cd {quoted(folder)}")
    click.echo(f"  {python()} chat.py")


def make(folder: Path) -> None:
    """Write the project's files. Raises NotEmpty or OSError, and leaves nothing of it then."""
    contents = {name: (TEMPLATE / name).read_bytes() for name in FILES}  # all are read before the first is written
    with undone_on_error() as made:
        for parent in reversed([folder, *folder.parents]):
            _make_folder(parent, made)
        if not folder.is_dir():
            raise NotEmpty("is a file" if folder.is_file() else "isn't a folder")
        if any(folder.iterdir()):
            raise NotEmpty("isn't empty, and nothing in it is ever overwritten")
        for name, content in contents.items():
            _make_folder((folder / name).parent, made)
            path = folder / name
            with open(path, "xb") as file:  # x: fails if the file exists, even if it was created a moment ago
                made.append(path)
                file.write(content)


def _make_folder(folder: Path, made: list[Path]) -> None:
    if not os.path.lexists(folder):
        folder.mkdir()
        made.append(folder)


@contextmanager
def undone_on_error() -> Iterator[list[Path]]:
    """Yield a list for what has been made; after an error or Ctrl-C, remove all of it, the newest first."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):  # a folder into which somebody else has put something stays
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def quoted(folder: Path) -> str:
    """Return a folder's name as one types it after `cd`."""
    return typed(f"./{folder}" if str(folder).startswith("-") else str(folder))


def python() -> str:
    """Return what one types for this Python, which has websockets: `uv run` names it `python` for its command only."""
    found = "" if "UV" in os.environ else shutil.which("python") or ""
    return "python" if os.path.normcase(found) == os.path.normcase(sys.executable) else typed(sys.executable)


def typed(name: str) -> str:
    """Return a name as one types it in a terminal."""
    text = subprocess.list2cmdline([name]) if os.name == "nt" else shlex.quote(name)
    return click.format_filename(text)
