"""Three workers of pytest-xdist run the whole suite, and tests that measure times closely run alone.

- One worker runs all tests of a file, and all tests that share an expensive fixture, such as JupyterLab.
- A test marked `clock` waits until no other test is running, and the others wait until it has ended.
- A test that fails in the whole suite is run once more, alone (see `second_look`).
- With a file's name, `--pdb`, `-s`, `-n 0` or `-p no:xdist`, one process runs one test after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest
from second_look import SecondLook

try:
    import fcntl
except ImportError:  # Windows cannot lock a file for several readers, so there one process runs all tests
    fcntl = None

WORKERS = 3
#: What tests share, and where these tests are. The longest group is the first one, because it must begin first.
GROUPS = {
    "one browser and one JupyterLab": ("tests/browser/",),
    "one kernel": ("tests/widgets/", "tests/test_readme.py"),
    "one run of the notebooks": ("tests/notebooks/",),
}


def group(nodeid: str) -> str:
    """Return the name of the group that a test belongs to. Other tests belong to their file."""
    file = nodeid.partition("::")[0]
    return next((name for name, places in GROUPS.items() if file.startswith(places)), file)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Start workers for the whole suite, unless the command line says how many workers to start."""
    option, plugins = config.option, config.pluginmanager
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not whole or fcntl is None or not plugins.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    if option.numprocesses is None and not option.usepdb and option.capture != "no":
        option.numprocesses = WORKERS
        plugins.register(SecondLook())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Give whole groups to the workers, in the order of `pytest_collection_modifyitems`.

    `--dist loadgroup` would put the group into each test's id, and then `--lf` does not find the test again.
    """
    if config.option.dist == "each":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        """Tests of the same group that follow each other are one piece of work."""

        def schedule(self) -> None:
            collection = next(iter(self.registered_collections.values()))
            self.pieces = {test: piece for piece, tests in enumerate(groupby(collection, group)) for test in tests[1]}
            super().schedule()

        def _split_scope(self, nodeid: str) -> int:
            return self.pieces[nodeid]

    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker, put the groups first, and last the tests that run alone."""
    if hasattr(config, "workerinput"):
        places = {name: place for place, name in enumerate(GROUPS)}
        items.sort(key=lambda item: (alone(item), places.get(group(item.nodeid), len(places))))


def alone(item: pytest.Item) -> bool:
    """Return whether no other test may run beside this one."""
    return item.get_closest_marker("clock") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait for the test's turn before its timeout begins."""
    if fcntl is None or not hasattr(item.config, "workerinput"):
        return (yield)
    with turn(Path(item.config.option.basetemp).parent, fcntl.LOCK_EX if alone(item) else fcntl.LOCK_SH):
        return (yield)


@contextmanager
def turn(folder: Path, how: int) -> Iterator[None]:
    """Hold the room's lock, shared or exclusive. All workers use this folder.

    A worker that waits for the room keeps the gate closed. Otherwise the others could enter again and again before it.
    """
    with open(folder / "gate", "w") as gate, open(folder / "room", "w") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(room, how)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)  # closing the file is not enough if a child process still has it open
