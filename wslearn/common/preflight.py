"""Detect problems of an installation, and explain each in one sentence, with a fix.

A file that shadows a module, or a package that is missing or too old, would end in a traceback that names neither.
This module imports as little as possible before it has checked that, and only from the standard library.
"""

import os
import sys
from importlib.machinery import PathFinder, all_suffixes

#: Packages that only notebooks need, by the names in pyproject.toml.
NOTEBOOKS_ONLY = frozenset({"jupyterlab", "ipywidgets", "matplotlib", "nest-asyncio2"})
#: Packages that are part of JupyterLab's own process: a new kernel does not load their new version.
IN_JUPYTERLAB = frozenset({"jupyterlab", "ipywidgets"})
#: Harmless names. Some packages install the first ones beside themselves by mistake, and nobody imports these.
#: Python itself takes the first file with one of the last two names, and editors put theirs first.
HARMLESS = frozenset(
    ("test", "tests", "docs", "examples", "setup", "conftest", "benchmarks", "sitecustomize", "usercustomize")
)
#: Modules that only JupyterLab's own process imports, and likely names of a reader's file beside the lessons.
NOT_IN_A_KERNEL = frozenset({"websocket"})


def shadowing(in_kernel: bool = False) -> str | None:
    """Return a message about files that shadow modules, or None.

    Python finds such a file in one of the reader's folders, the current one or one in PYTHONPATH, before the module.
    """
    found = [module for folder in _own_folders() for module in _shadowing(folder, in_kernel)]
    if not found:
        return None
    files = ", ".join(file for file, _ in found)
    hide, it = "hide Python modules of the same names", "them"
    if len(found) == 1:
        hide, it = f"hides a Python module called {found[0][1]}", "it"
    where = ", then restart the kernel" if in_kernel else " and start this command again"
    return f"{files} {hide}, which the lessons need: rename {it}{where}."


def _own_folders() -> list[str]:
    """Return the folders on Python's path with modules that neither Python nor an installer has put there."""
    library = os.path.dirname(os.path.realpath(os.__file__))
    python = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.base_exec_prefix)}
    folders = dict.fromkeys(_real(entry) for entry in sys.path)
    return [
        folder
        for folder in folders
        if os.path.isdir(folder)
        and folder not in python
        and not f"{folder}{os.sep}".startswith(f"{library}{os.sep}")
        and os.path.basename(folder) not in ("site-packages", "dist-packages", "DLLs")
    ]


def _real(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except OSError:  # the current folder, which has been removed
        return ""


def _shadowing(folder: str, in_kernel: bool) -> list[tuple[str, str]]:
    """Return (file, module) for each file in `folder` that Python finds in place of a module elsewhere."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return []
    if any(entry.endswith((".dist-info", ".egg-info")) for entry in entries):
        return []  # an installer put the modules here, so `outdated` checks them
    suffixes = tuple(all_suffixes())
    candidates = {entry.partition(".")[0]: entry for entry in entries if entry.endswith(suffixes)}
    candidates |= {entry: entry for entry in entries if os.path.isdir(os.path.join(folder, entry))}
    harmless = HARMLESS | (NOT_IN_A_KERNEL if in_kernel else frozenset())
    own = _own_folders()
    elsewhere = [entry for entry in sys.path if _real(entry) not in own]
    return [
        (os.path.join(folder, entry), name)
        for name, entry in candidates.items()
        if name.isidentifier()
        and name not in harmless
        and _is_in(folder, _loaded(name) or PathFinder.find_spec(name, sys.path))
        and (name in sys.builtin_module_names or _has_code(PathFinder.find_spec(name, elsewhere)))
    ]


def _loaded(name: str):
    return getattr(sys.modules.get(name), "__spec__", None)


def _has_code(spec) -> bool:
    """Return whether a module was found: Python prefers a later one to a folder without `__init__.py`."""
    return spec is not None and spec.origin is not None


def _is_in(folder: str, spec) -> bool:
    if not _has_code(spec):
        return False
    place = os.path.dirname(os.path.realpath(spec.origin))
    return folder in (place, os.path.dirname(place) if spec.submodule_search_locations else place)


def outdated(command: str | None = None) -> str | None:
    """Return a message about packages that are missing or too old for wslearn, with the command to fix it, or None.

    `command` is the command that will run: `lab` and a notebook (None) need all packages, other commands need fewer.
    """
    from importlib import metadata

    try:
        lines = metadata.requires("wslearn") or []
        unmet = _unmet(lines, NOTEBOOKS_ONLY if command not in (None, "lab") else frozenset())
    except metadata.PackageNotFoundError:  # a checkout on PYTHONPATH, which is not installed, has no requirements
        return None
    if not unmet:
        return None
    needs = "; ".join(f"{wanted}, and {version} is installed" for wanted, version, _ in unmet)
    python_path = {os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry}
    if foreign := [folder for _, _, folder in unmet if folder in python_path]:
        fix = f"this comes from {foreign[0]}, so remove that folder from PYTHONPATH and start again."
    else:
        fix = _install([wanted for wanted, _, _ in unmet], command)
    return f"wslearn needs {needs}: {fix}"


def _unmet(lines: list[str], left_out: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return (requirement, installed version or "none", its folder) for each unmet requirement in `lines`."""
    from importlib import metadata

    try:
        from packaging.requirements import Requirement  # comes with JupyterLab
    except ImportError:
        return [("packaging", "none", "")]
    unmet = []
    for requirement in map(Requirement, lines):
        if requirement.name in left_out or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        wanted = f"{requirement.name}{requirement.specifier}"
        try:
            version, folder = metadata.version(requirement.name), metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            unmet.append((wanted, "none", ""))
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            unmet.append((wanted, version, os.path.realpath(str(folder.locate_file("")))))
    return unmet


def _install(wanted: list[str], command: str | None) -> str:
    """Return instructions to install these packages, in a cell or in a terminal."""
    from importlib.util import find_spec

    packages = " ".join(f'"{requirement}"' for requirement in wanted)
    names = {requirement.partition(">")[0] for requirement in wanted}
    in_cell, python = command is None, f'"{sys.executable}"'
    if find_spec("pip"):
        install = f"{'%pip' if in_cell else f'{python} -m pip'} install {packages}"
    else:  # uv makes environments without pip
        install = f"{'!' if in_cell else ''}uv pip install --python {python} {packages}"
    restart = f" in a cell, then restart {'JupyterLab' if names & IN_JUPYTERLAB else 'the kernel'}."
    return f"run {install}{restart if in_cell else ''}"
