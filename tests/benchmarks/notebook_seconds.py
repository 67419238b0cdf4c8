"""How long a notebook runs in a fresh kernel, in seconds: `python notebook_seconds.py FILE`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))
from notebook_runs import code_cells, fault, kernel, read


def seconds(file: Path) -> float:
    """Run it as the tests do, from the kernel's start to its end. Raises RuntimeError if a cell fails."""
    began = perf_counter()
    with TemporaryDirectory() as folder, kernel(Path(folder)) as running:
        for cell in code_cells(read(file)):
            if problem := fault(running.run(cell)):
                raise RuntimeError(problem)
    return perf_counter() - began


if __name__ == "__main__":
    print(seconds(Path(sys.argv[1])))
