"""What is shipped: the wheel's content, dependencies said in three places, one version, nothing of one machine."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import wslearn as package
from wslearn.cli import new

#: Where conda-forge has another name for it; matplotlib-base leaves out the graphical windows.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project(repository) -> dict:
    with open(repository / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]


@pytest.fixture(scope="module")
def tracked(repository) -> list[Path]:
    """The text files that git keeps, those not committed yet too."""
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout")
    # safe.directory: in a container the checkout often belongs to somebody else.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, check=True, timeout=100).stdout.decode()
    paths = [repository / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> Path:
    """The wheel, built as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=100)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


# The wheel


def test_the_wheel_carries_notebooks_and_files(wheel, repository):
    names = set(zipfile.ZipFile(wheel).namelist())
    notebooks = {f"wslearn/notebooks/{path.name}" for path in (repository / "notebooks").glob("*.ipynb")}
    files = {
        path.relative_to(repository).as_posix()
        for path in (repository / "wslearn").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert notebooks
    assert {"wslearn/static/index.html", "wslearn/cli/main.py", "wslearn/jupyter/kernels/python3/kernel.json"} <= files
    assert {f"wslearn/template/{name}" for name in new.FILES} <= files
    assert notebooks | files <= names
    assert {name.partition("/")[0] for name in names} == {"wslearn", f"wslearn-{package.__version__}.dist-info"}


def test_lab_finds_the_notebooks_of_an_unpacked_wheel(wheel, tmp_path):
    """As an installer unpacks it: without a checkout beside the package."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "from wslearn.cli import lab; import pathlib; lab.prepare(pathlib.Path('mine')); print(lab.NOTEBOOKS)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()) == tmp_path / "site" / "wslearn" / "notebooks"
    assert (tmp_path / "mine" / "00_start_here.ipynb").exists()


def test_new_makes_a_project_of_an_unpacked_wheel(wheel, tmp_path):
    """And copies no compiled file, which an installer leaves beside the project's own."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    compiled = subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "site/wslearn/template"], cwd=tmp_path, timeout=60
    )
    assert compiled.returncode == 0
    run = subprocess.run(
        [sys.executable, "-m", "wslearn", "new", "mine"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    made = {path.relative_to(tmp_path / "mine").as_posix() for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    assert made == set(new.FILES)


# What importing it costs

#: What the first cell must not need, so that it can say what is the matter with it.
HEAVY = {
    "aiohttp", "asyncio", "click", "email", "http", "importlib.metadata", "IPython", "ipywidgets", "jwt", "logging",
    "matplotlib", "msgspec", "packaging", "socket", "ssl", "subprocess", "tempfile", "trustme", "urllib.request",
    "websockets",
}  # fmt: skip


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_loads_nothing_else():
    assert python("import sys; before = set(sys.modules); import wslearn; print(set(sys.modules) - before)") == (
        "{'wslearn'}"
    )


def test_the_first_cell_imports_nothing_heavy():
    loaded = python("import sys; from wslearn.notebook import setup; print(*sys.modules)").split()
    assert "wslearn.notebook" in loaded
    assert HEAVY & set(loaded) == set()
    assert [name for name in loaded if name.startswith("wslearn.")] == [
        "wslearn.common", "wslearn.common.lifecycle", "wslearn.cells", "wslearn.common.preflight", "wslearn.notebook",
    ]  # fmt: skip


def test_its_names_are_loaded_when_they_are_used():
    assert set(package.__all__) <= set(dir(package))
    everything = {}
    exec("from wslearn import *", everything)
    assert set(package.__all__) <= everything.keys()
    assert set(package._HOMES) == set(package.__all__) - {"__version__"}
    for name, home in package._HOMES.items():
        assert everything[name] is getattr(sys.modules[home], name) is getattr(package, name)
        assert everything[name].__module__.startswith(home)
    with pytest.raises(AttributeError, match="module 'wslearn' has no attribute 'EchoServr'"):
        _ = package.EchoServr
    with pytest.raises(ImportError, match="cannot import name 'EchoServr' from 'wslearn'"):
        exec("from wslearn import EchoServr")


def test_type_checkers_see_the_same_names():
    """They take `TYPE_CHECKING` for true, and read the imports below it."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    assert {node.names[0].name: node.module for node in block.body} == package._HOMES


# Dependencies


def test_conda_has_the_same_dependencies(project, repository):
    environment = yaml.safe_load((repository / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == project["name"]
    assert environment["channels"] == ["conda-forge"]
    *packages, pip = environment["dependencies"]
    assert pip == {"pip": ["-e ."]}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["remote"]]
    requirements = [Requirement(text) for text in wanted]
    expected = {CONDA_NAMES.get(it.name, it.name.lower()) + str(it.specifier) for it in requirements}
    python = next(package for package in packages if package.startswith("python"))
    assert set(packages) == expected | {python, "pip"}
    # Binder's builder looks for this form; another leaves it with its own, older Python.
    version = re.fullmatch(r"python=(\d+\.\d+)", python)[1]
    assert version in SpecifierSet(project["requires-python"])


def test_every_dependency_has_a_lower_bound_and_no_upper_one(project):
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [Requirement(text) for group in groups for text in group]
    others = [it for it in requirements if it.name != project["name"]]
    assert others
    assert [str(it) for it in others if not re.fullmatch(r">=[\d.]+", str(it.specifier))] == []


# The version


def test_the_version_is_said_in_one_place(tracked, repository):
    assert version("wslearn") == package.__version__
    said = re.compile(rf"""\bversion\w*\s*[=:]\s*["']?{re.escape(package.__version__)}\b""", re.IGNORECASE)
    places = [path for path in tracked if said.search(path.read_text(encoding="utf-8"))]
    assert places == []
    assignment = f'__version__ = "{package.__version__}"'
    assert [path for path in tracked if assignment in path.read_text(encoding="utf-8")] == [
        repository / "wslearn" / "__init__.py"
    ]


# Nothing of one machine


@pytest.mark.parametrize(
    "pattern",
    [
        r"(pypi|pythonhosted|npmjs|anaconda|debian|crates|yarnpkg)\.(org|io|com)",
        r"(?<![\w.])/(root|home/\w+|Users/\w+|work)/\w",
        r"[A-Z]:\\\\?Users\\",
    ],
    ids=["registry", "unix-path", "windows-path"],
)
def test_no_file_names_a_registry_or_a_machines_path(tracked, repository, pattern):
    found = [
        f"{path.relative_to(repository)}: {match[0]}"
        for path in tracked
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"))
    ]
    assert found == []
