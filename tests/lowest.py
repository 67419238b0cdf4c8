"""Run tests with the lowest versions of the dependencies that pyproject.toml allows, in an environment of their own:

    uv run --extra test python tests/lowest.py

The arguments are pytest's: `tests/test_server.py`, `-m thorough`. It is the Python that runs this, so another one is
`uv run --python 3.13 …`. What the dependencies themselves depend on is the newest that they allow, as people get it.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).parent.parent
#: Extras that are installed too; `test` asks for those that a reader may choose.
EXTRAS = "test,bench"


def bounds() -> dict[str, str]:
    """Return the lowest version of each package that pyproject.toml names for this system."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [Requirement(text) for group in groups for text in group]
    named = [it for it in requirements if it.name != project["name"] and (it.marker is None or it.marker.evaluate())]
    return {it.name: next(iter(it.specifier)).version for it in named}


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--versions"]:  # asked by the run below, in the new environment
        for name, lowest in bounds().items():
            same = Version(version(name)) == Version(lowest)
            print(f"{name} {version(name)}{'' if same else f' ({lowest} is allowed, but cannot be had here)'}")
        return 0
    uv = os.environ.get("UV", "uv")  # `uv run` says where it is
    with tempfile.TemporaryDirectory(prefix="wslearn-lowest-") as folder:
        python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
        install = ["--quiet", "--python", python, "--resolution", "lowest-direct", "--editable", f".[{EXTRAS}]"]
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, folder],
            [uv, "pip", "install", *install],
            [python, __file__, "--versions"],
            [python, "-m", "pytest", *arguments],
        ):
            if code := subprocess.run(command, cwd=REPOSITORY).returncode:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
