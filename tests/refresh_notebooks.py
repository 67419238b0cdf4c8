"""Execute the notebooks and write their outputs into them:

    uv run --extra test python tests/refresh_notebooks.py [NAME …]

NAME is a notebook's number or name, such as 02 or 02_echo; without one, all are executed. Each runs from top to
bottom in a fresh kernel, in an empty folder. One that fails is left as it is. Lesson 08's outputs come from a browser:
it needs Chromium and Playwright.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from front_end import front_end
from notebook_runs import NOTEBOOKS, code_cells, fault, kernel, machine, needs_browser, normalise, read, text

from wslearn.browser import NEEDS


def refresh(path: Path) -> list[str]:
    """Execute one notebook and write it back; return what went wrong, and then leave the file alone."""
    notebook = read(path)
    cells = code_cells(notebook)
    with ExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory())
        try:
            browser = opened.enter_context(front_end()) if needs_browser(notebook) else None
        except RuntimeError as error:
            return [str(error)]
        running = opened.enter_context(kernel(Path(folder), browser))
        for cell in cells:
            try:
                cell.outputs = running.run(cell).outputs
            except RuntimeError as error:  # it did not end
                return [str(error)]
            if problem := fault(cell):
                return [problem]
            if NEEDS in text(cell):
                return [f"cell {cell.id!r} has found no browser"]
    normalise(notebook)
    if places := [f"cell {cell.id!r} shows {place!r}" for cell in cells if (place := machine(cell))]:
        return places
    nbformat.validate(notebook)
    path.write_bytes((nbformat.writes(notebook) + "\n").encode())  # the same line ends on every system
    return []


def main(wanted: list[str]) -> int:
    chosen = {name: path for name, path in NOTEBOOKS.items() if not wanted or {name, name[:2]} & set(wanted)}
    if unknown := set(wanted) - {*chosen, *(name[:2] for name in chosen)}:
        print(f"no such notebook: {', '.join(sorted(unknown))}; there are: {', '.join(NOTEBOOKS)}", file=sys.stderr)
        return 2
    failed = False
    for name, path in chosen.items():
        print(f"{name} … ", end="", flush=True)
        began = time.perf_counter()
        problems = refresh(path)
        failed |= bool(problems)
        print(f"{'NOT written' if problems else 'written'} after {time.perf_counter() - began:.1f} s")
        for problem in problems:
            print(f"{name}: {problem}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
