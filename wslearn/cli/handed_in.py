"""What `wslearn progress` shows and writes: a file to hand in, and a table of a class."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from wslearn.progress import FILE, LESSONS, read, row


def export(folder: Path, file: Path) -> None:
    """Copy the progress in `folder` to a file to hand in, which must not exist yet.

    Raises ValueError where nothing has been done yet or the file is damaged, and OSError where it cannot be written.
    """
    read(folder / FILE)
    try:
        data = (folder / FILE).read_bytes()
    except FileNotFoundError:
        raise ValueError(
            f"there is no progress in {folder} yet: pass a check in a notebook, or name the folder of your notebooks"
        ) from None
    with file.open("xb") as stream:
        stream.write(data)


def as_csv(folder: Path) -> tuple[str, list[str]]:
    """Return a table as CSV (RFC 4180), with a row for each file in `folder`, and what was wrong with which file.

    A damaged file has a row, too, so that no student is missing: its cells are empty. Raises OSError where the folder
    cannot be read.
    """
    columns = ["file", *LESSONS, "total"]
    text, problems = io.StringIO(newline=""), []
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for file in _handed_in(folder):
        name = file.relative_to(folder).as_posix()
        # A spreadsheet would take a name that begins with one of these as a formula.
        cells = {"file": f"'{name}" if name.startswith(("=", "+", "-", "@")) else name}
        try:
            cells |= row(read(file))
        except (OSError, ValueError) as error:
            problems.append(str(error))
        writer.writerow(cells)
    return text.getvalue(), problems


def _handed_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders, in the order of their names; hidden ones are nobody's."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            if path.is_dir():
                yield from _handed_in(path)
            else:
                yield path
