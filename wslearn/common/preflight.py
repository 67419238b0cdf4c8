"""What may be in the way on a learner's machine, each in one sentence: what it is, and what to do.

A file that shadows a module, or a package that is missing or too old, would end in a traceback that names neither.
Nothing outside the standard library is imported before it has been looked at, and of that as little as can be.
"""

import os
import sys
from importlib.machinery import PathFinder, all_suffixes

#: Packages that only notebooks need, by the names in pyproject.toml.
NOTEBOOKS_ONLY = frozenset({"jupyterlab", "ipywidgets", "matplotlib", "nest-asyncio2"})
#: Packages that are part of JupyterLab's own process: a new kernel does not load their new version.
IN_JUPYTERLAB = frozenset({"jupyterlab", "ipywidgets"})
#: Names that some packages leave beside themselves by mistake, and that nobody means to import from there.
NOBODYS = frozenset({"test", "tests", "docs", "examples", "setup", "conftest", "benchmarks"})
#: Names that Python itself looks for, first come first served: editors put theirs before the one of a system's Python.
HOOKS = frozenset({"sitecustomize", "usercustomize"})
#: What only JupyterLab's own process imports, and a reader may well call a file beside the lessons.
NOT_IN_A_KERNEL = frozenset({"websocket"})


def shadowing(in_kernel: bool = False) -> str | None:
    """Say which files shadow modules: those that Python finds in a folder of the reader's before the real ones.

    Such a folder is the current one, or one in PYTHONPATH.
    """
    found = [module for folder in _own_folders() for module in _shadowing(folder, in_kernel)]
    if not found:
        return None
    files = ", ".join(file for file, _ in found)
    one = f"a Python module called {found[0][1]}" if len(found) == 1 else "Python modules of the same names"
    hides, it = ("hides", "it") if len(found) == 1 else ("hide", "them")
    where = ", then restart the kernel" if in_kernel else " and start this command again"
    return f"{files} {hides} {one}, which the lessons need: rename {it}{where}."


def _own_folders() -> list[str]:
    """Return the folders on Python's path in which neither Python nor an installer has put the modules."""
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
    """Return (file, module) for what in `folder` is found in place of a module of that name elsewhere."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return []
    if any(entry.endswith((".dist-info", ".egg-info")) for entry in entries):
        return []  # an installer put the modules here, so `outdated` knows them
    suffixes = tuple(all_suffixes())
    candidates = {entry.partition(".")[0]: entry for entry in entries if entry.endswith(suffixes)}
    candidates |= {entry: entry for entry in entries if os.path.isdir(os.path.join(folder, entry))}
    harmless = NOBODYS | HOOKS | (NOT_IN_A_KERNEL if in_kernel else frozenset())
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
    """Return whether a module was found: a folder without `__init__.py` gives way to one that is found later."""
    return spec is not None and spec.origin is not None


def _is_in(folder: str, spec) -> bool:
    if not _has_code(spec):
        return False
    place = os.path.dirname(os.path.realpath(spec.origin))
    return folder in (place, os.path.dirname(place) if spec.submodule_search_locations else place)


def outdated(command: str | None = None) -> str | None:
    """Say which packages are missing or too old for wslearn, and the command that mends it.

    `command` names what will run: `lab` and a notebook (None) need all packages, other commands need fewer.
    """
    from importlib import metadata

    try:
        lines = metadata.requires("wslearn") or []
        unmet = _unmet(lines, NOTEBOOKS_ONLY if command not in (None, "lab") else frozenset())
    except metadata.PackageNotFoundError:  # a checkout on PYTHONPATH: nobody has installed it, so it says no needs
        return None
    if not unmet:
        return None
    needs = "; ".join(f"{wanted}, and {version} is installed" for wanted, version, _ in unmet)
    if foreign := [folder for _, _, folder in unmet if folder in _python_path()]:
        mend = f"this comes from {foreign[0]}, so take that folder out of PYTHONPATH and start again."
    else:
        mend = _install([wanted for wanted, _, _ in unmet], command)
    return f"wslearn needs {needs}: {mend}"


def _unmet(lines: list[str], left_out: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return (requirement, installed version or none, folder it lies in) for what `lines` ask for in vain."""
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


def _python_path() -> list[str]:
    return [os.path.realpath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _install(wanted: list[str], command: str | None) -> str:
    """Return what to do to get these packages, in a cell or in a terminal."""
    from importlib.util import find_spec

    packages = " ".join(f'"{requirement}"' for requirement in wanted)
    names = {requirement.partition(">")[0] for requirement in wanted}
    again = "JupyterLab" if names & IN_JUPYTERLAB else "the kernel"
    pip = find_spec("pip") is not None  # uv makes environments without it
    if command is None:
        install = f"%pip install {packages}" if pip else f"!uv pip install --python {_quoted()} {packages}"
        return f"run {install} in a cell, then restart {again}."
    install = f"{_quoted()} -m pip install {packages}" if pip else f"uv pip install --python {_quoted()} {packages}"
    return f"run {install}"


def _quoted() -> str:
    return f'"{sys.executable}"'
