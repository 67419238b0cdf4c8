"""The house: few files at the root, short files, and imports that run one way, between modules and between rooms."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import wslearn

PACKAGE = Path(wslearn.__file__).parent
#: Module -> file: `wslearn.server`, `wslearn.server.hosts`, …
MODULES = {
    ".".join(("wslearn", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in PACKAGE.rglob("*.py")
}


def imported(module: str) -> set[str]:
    """Return the modules of wslearn that one imports anywhere in its file: under TYPE_CHECKING, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return (found & MODULES.keys()) - {module}


def room(module: str) -> str:
    """Return the folder that a module is in, or the module itself where it lies at the root."""
    parts = module.split(".")
    return ".".join(parts[:2])


GRAPH = {module: imported(module) for module in MODULES}


def test_imports_of_modules_make_no_circle():
    assert len(GRAPH) > 90 and GRAPH["wslearn.server.connection"] > {"wslearn.server.delivery", "wslearn.limits"}
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


def test_imports_of_rooms_make_no_circle():
    rooms: dict[str, set[str]] = {}
    for module, found in GRAPH.items():
        rooms.setdefault(room(module), set()).update({room(other) for other in found} - {room(module)})
    assert {"wslearn.server", "wslearn.frames", "wslearn.exercises", "wslearn.limits"} <= rooms.keys()
    del rooms["wslearn"]  # the names that a notebook imports, from wherever they are
    try:
        TopologicalSorter({name: found - {"wslearn"} for name, found in rooms.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of rooms: {' → '.join(error.args[1])}")


def test_the_root_is_small_and_every_file_can_be_read_in_one_sitting():
    assert len(list(PACKAGE.glob("*.py"))) <= 17
    lengths = {
        file.relative_to(PACKAGE).as_posix(): len(file.read_text("utf-8").splitlines()) for file in MODULES.values()
    }
    assert {file: lines for file, lines in lengths.items() if lines > 250} == {}
    lessons = re.compile(r"exercises/(?!engine)\w+/")  # an exercise more is no machinery more
    assert sum(lines for file, lines in lengths.items() if not lessons.match(file)) <= 26_250


@pytest.mark.parametrize("name", ["echo", "broadcast", "rooms", "auth", "heartbeat", "chat", "comparison", "feed"])
def test_a_lessons_server_fits_on_one_screen(name):
    lines = (PACKAGE / "servers" / f"{name}.py").read_text("utf-8").splitlines()
    assert len(lines) <= 75, f"{name}: {len(lines)} lines"


@pytest.mark.parametrize("ground", ["limits", "messages", "redact", "common"])
def test_the_ground_stands_on_nothing(ground):
    """Only other parts of the ground."""
    allowed = {"wslearn", *(f"wslearn.{name}" for name in ("limits", "messages", "redact", "common"))}
    for module, found in GRAPH.items():
        if room(module) == f"wslearn.{ground}":
            assert {room(other) for other in found} <= allowed, module


def test_servers_import_nothing_of_jupyter_and_nobody_imports_the_command_line():
    for module, found in GRAPH.items():
        if room(module) in ("wslearn.server", "wslearn.servers", "wslearn.network", "wslearn.process"):
            assert not {"wslearn.cells", "wslearn.notebook"} & found, module
        if room(module) not in ("wslearn.cli", "wslearn.__main__"):
            assert not {other for other in found if room(other) == "wslearn.cli"}, module
