"""What is in the way on a learner's machine is said in one sentence, by the first cell and by each command."""

import asyncio
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from notebook_runs import kernel

from wslearn.common import preflight

SETUP = 'from wslearn.notebook import setup; setup("0.1")'
#: Stands in for a module: whoever imports it gets no further.
BROKEN = "raise ImportError('not the real one')\n"

# Files that shadow modules


def test_nothing_is_in_the_way_here():
    assert preflight.shadowing() is None
    assert preflight.outdated() is None


@pytest.mark.parametrize("file", ["queue.py", "queue.pyc", "sqlite3/__init__.py", "trustme.py", "yarl/__init__.py"])
def test_what_is_found_before_the_real_module_is_named(monkeypatch, tmp_path, file):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(BROKEN)
    (tmp_path / "mine.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    name = file.partition("/")[0].partition(".")[0]
    monkeypatch.delitem(sys.modules, name, raising=False)
    place = os.path.realpath(tmp_path / file.partition("/")[0])
    assert preflight.shadowing() == (
        f"{place} hides a Python module called {name}, which the lessons need: rename it and start this command again."
    )


def test_several_are_named_together(monkeypatch, tmp_path):
    for name in ("colorsys", "trustme"):
        (tmp_path / f"{name}.py").write_text(BROKEN)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    said = preflight.shadowing()
    assert "colorsys.py, " in said and "trustme.py hide Python modules of the same names" in said


def test_what_hides_nothing_is_not_named(monkeypatch, tmp_path):
    """A module of the reader's, a folder without code, what is loaded already, what comes last, an installer's."""
    (tmp_path / "first" / "trustme").mkdir(parents=True)
    (tmp_path / "first" / "helpers.py").write_text("")
    system = tmp_path / "system" / "site-packages"
    system.mkdir(parents=True)
    for hook in ("sitecustomize", "usercustomize"):  # an editor's, and behind it the system's
        (tmp_path / "first" / f"{hook}.py").write_text("")
        (system / f"{hook}.py").write_text("")
    (tmp_path / "first" / "asyncio.py").write_text(BROKEN)
    (tmp_path / "first" / "trustme.txt").write_text("")
    (tmp_path / "first" / "__pycache__").mkdir()
    (tmp_path / "first" / "__pycache__" / "trustme.cpython-311.pyc").write_text("")
    (tmp_path / "installed" / "trustme-9.dist-info").mkdir(parents=True)
    (tmp_path / "installed" / "trustme.py").write_text("")
    (tmp_path / "last").mkdir()
    (tmp_path / "last" / "trustme.py").write_text(BROKEN)
    places = [str(tmp_path / "first"), str(tmp_path / "installed"), *sys.path, str(system), str(tmp_path / "last")]
    monkeypatch.setattr(sys, "path", places)
    assert preflight.shadowing() is None


def test_a_readers_websocket_py_is_in_nobodys_way_in_a_kernel(monkeypatch, tmp_path):
    """There is a package of that name, `websocket-client`: JupyterLab needs it, and a kernel does not."""
    (tmp_path / "websocket.py").write_text("")
    monkeypatch.delitem(sys.modules, "websocket", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert "websocket.py hides a Python module" in preflight.shadowing()
    assert preflight.shadowing(in_kernel=True) is None


#: Some of these Python or a kernel has loaded before the folder matters, others not.
NAMES = ["http", "asyncio", "email", "websockets", "ssl", "json", "random", "token", "queue", "typing", "jwt", "click"]


@pytest.fixture
def shadows(tmp_path) -> Path:
    """A folder with files that have the names of modules."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(BROKEN)
    return tmp_path


async def test_files_in_the_current_folder_do_not_disturb_a_command(wslearn, shadows):
    """Started as a module: there Python puts the current folder first on its path."""
    process = await wslearn("serve", "echo", "--port", 0, cwd=shadows)
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert line.startswith(b"echo ws://127.0.0.1:")


@pytest.mark.parametrize("command", ["lab", "serve echo", "latency", "token ann --secret x"])
async def test_a_command_says_what_hides_a_module(complaint, shadows, tmp_path, command):
    """In a folder named by PYTHONPATH, which comes before Python's own modules."""
    for name in set(NAMES) - {"websockets"}:
        (shadows / f"{name}.py").unlink()
    code, line = await complaint(*command.split(), env={"PYTHONPATH": str(shadows)})
    assert code == 1
    assert line.startswith("Error: ") and "websockets.py hides a Python module called websockets, which" in line


def test_in_a_kernel_only_packages_can_be_hidden_and_the_first_cell_says_so(shadows):
    with kernel(shadows) as running:
        said = running.ask(SETUP)
        assert re.findall(r"(\w+)\.py", said) == ["click", "jwt", "websockets"]
        assert said.endswith("hide Python modules of the same names, which the lessons need: rename them, "
                             "then restart the kernel.")  # fmt: skip
    for name in ("click", "jwt", "websockets"):
        (shadows / f"{name}.py").unlink()
    with kernel(shadows) as running:
        assert running.ask(SETUP).startswith("Ready")
        running.ask("from wslearn import ServerProcess\nasync with ServerProcess('echo'): pass")


# Packages that are missing or too old


def installed(folder: Path, name: str, version: str) -> Path:
    """Put into `folder` what pip leaves of a package, with a module that cannot do what is asked of it."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / name.lower()).mkdir()
    (folder / name.lower() / "__init__.py").write_text(BROKEN)
    return folder


def required(name: str) -> str:
    return next(line for line in metadata.requires("wslearn") if line.startswith(name))


def python(code: str, folder: Path) -> str:
    """Run `code` where `folder` comes before what is installed, and return what it put out."""
    env = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "version"),
    [("websockets", "10.4"), ("websockets", "15.0.1"), ("ipywidgets", "7.8.5"), ("jupyterlab", "3.6.8"),
     ("msgspec", "0.18.6"), ("aiohttp", "3.9.5"), ("click", "7.1.2"), ("matplotlib", "3.8.4")],
)  # fmt: skip
def test_the_first_cell_names_what_is_too_old(tmp_path, name, version):
    folder = installed(tmp_path, name, version)
    assert python(SETUP, folder) == (
        f"wslearn needs {required(name)}, and {version} is installed: this comes from {os.path.realpath(folder)}, "
        "so remove that folder from PYTHONPATH and start again.\n"
    )


@pytest.mark.parametrize("command", ["serve echo", "latency", "token ann --secret x", "lab", "--version"])
async def test_a_command_names_what_is_too_old(complaint, tmp_path, command):
    folder = installed(tmp_path, "websockets", "10.4")
    code, line = await complaint(*command.split(), env={"PYTHONPATH": str(folder)})
    assert code == 1
    assert line.startswith(f"Error: wslearn needs {required('websockets')}, and 10.4 is installed: ")


async def test_the_command_line_s_own_package_may_be_too_old(complaint, tmp_path):
    code, line = await complaint("serve", "echo", env={"PYTHONPATH": str(installed(tmp_path, "click", "7.1.2"))})
    assert (code, line.partition(", and ")[2].partition(":")[0]) == (1, "7.1.2 is installed")


async def test_a_server_does_without_what_only_notebooks_need(wslearn, tmp_path):
    env = {"PYTHONPATH": str(installed(tmp_path, "matplotlib", "3.8"))}
    process = await wslearn("serve", "echo", "--port", 0, env=env)
    assert (await asyncio.wait_for(process.stdout.readline(), 60)).startswith(b"echo ws://")


async def test_a_server_started_by_a_notebook_says_it_too(complaint, tmp_path):
    env = {"PYTHONPATH": str(installed(tmp_path, "websockets", "10.4"))}
    code, line = await complaint("serve", "echo", "--port", 0, "--exit-with-parent", env=env)
    assert code == 1 and "10.4 is installed" in line


async def test_a_package_that_does_not_work_is_named(complaint, tmp_path):
    """Of the right version, and made for another Python, say."""
    env = {"PYTHONPATH": str(installed(tmp_path, "msgspec", "99"))}
    code, line = await complaint("serve", "echo", env=env)
    assert (code, line) == (1, "Error: a package does not work (not the real one): install wslearn again.")


@pytest.fixture
def versions(monkeypatch):
    """Let packages have other versions; None is not installed."""

    def versions(**others: str | None) -> None:
        real = metadata.version

        def version(name: str) -> str:
            if others.get(name, "") is None:
                raise metadata.PackageNotFoundError(name)
            return others.get(name) or real(name)

        monkeypatch.setattr(metadata, "version", version)

    return versions


@pytest.mark.parametrize(
    ("pip", "command", "mend"),
    [
        (True, None, 'run %pip install "{}" in a cell, then restart the kernel.'),
        (False, None, 'run !uv pip install --python "{python}" "{}" in a cell, then restart the kernel.'),
        (True, "serve", 'run "{python}" -m pip install "{}"'),
        (False, "lab", 'run uv pip install --python "{python}" "{}"'),
    ],
)
@pytest.mark.parametrize("version", ["15.0.1", None])
def test_the_advice_fits_the_environment(monkeypatch, versions, version, pip, command, mend):
    """uv makes environments without pip, where `%pip` fails."""
    versions(websockets=version)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: pip or None)
    wanted = required("websockets")
    mend = mend.format(wanted, python=sys.executable)
    assert preflight.outdated(command) == f"wslearn needs {wanted}, and {version or 'none'} is installed: {mend}"


def test_all_of_them_are_named_at_once_and_what_must_be_restarted(monkeypatch, versions):
    versions(websockets="15.0", ipywidgets="7.8.5")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    needs = {name: required(name) for name in ("websockets", "ipywidgets")}
    said = preflight.outdated()
    assert all(f"{wanted}, and " in said and f'"{wanted}"' in said for wanted in needs.values())
    assert said.endswith(" in a cell, then restart JupyterLab.")


def test_an_extra_and_another_system_s_dependency_are_not_asked_for(monkeypatch):
    lines = ["not-there>=1; extra == 'fast'", "not-there-either>=1; sys_platform == 'plan9'"]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    assert preflight.outdated() is None


def test_a_checkout_that_nobody_installed_asks_for_nothing(monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    assert preflight.outdated() is None


def test_without_the_package_that_reads_versions(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert preflight.outdated().startswith("wslearn needs packaging, and none is installed: run ")
