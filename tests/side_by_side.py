"""The whole suite runs with two workers, where pytest-xdist is here; what looks at a clock has the machine for itself.

- A file's tests stay together, and so do all that need the same costly thing: one JupyterLab, one run of the notebooks.
- A test marked `clock` waits until no other test runs, and no other begins before it has ended.
- A part of the suite, `--pdb`, `-s`, `-n 0` and `-p no:xdist` run one test after the other, in this process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows, where tests cannot wait for each other: one runs after the other
    fcntl = None

WORKERS = 2
#: Where files share something costly, so that one worker runs them all. The longest group comes first: it begins first.
GROUPS = {
    "one browser and one JupyterLab": ("tests/browser/",),
    "one kernel": ("tests/widgets/", "tests/test_readme.py"),
    "one run of the notebooks": ("tests/notebooks/",),
}


def group(nodeid: str) -> str:
    """Return the group that a test belongs to: its file, where it shares nothing."""
    file = nodeid.partition("::")[0]
    return next((name for name, places in GROUPS.items() if file.startswith(places)), file)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Start workers for the whole suite, unless the command line says how many."""
    option, plugins = config.option, config.pluginmanager
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not whole or fcntl is None or not plugins.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    if option.numprocesses is None and not option.usepdb and option.capture != "no":
        option.numprocesses = WORKERS


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Hand out groups, in the order that the workers have put them in."""
    if config.option.dist == "each":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        """Tests of one group that follow each other in the workers' order are one piece of work."""

        def schedule(self) -> None:
            collection = next(iter(self.registered_collections.values()))
            self.pieces = {test: piece for piece, tests in enumerate(groupby(collection, group)) for test in tests[1]}
            super().schedule()

        def _split_scope(self, nodeid: str) -> int:
            return self.pieces[nodeid]

    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker, begin with the groups and end with the tests that have the machine for themselves."""
    if hasattr(config, "workerinput"):
        places = {name: place for place, name in enumerate(GROUPS)}
        items.sort(key=lambda item: (alone(item), places.get(group(item.nodeid), len(places))))


def alone(item: pytest.Item) -> bool:
    """Return whether no other test may run beside this one."""
    return item.get_closest_marker("clock") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait for the test's turn before anything of it begins, its timeout too."""
    if fcntl is None or not hasattr(item.config, "workerinput"):
        return (yield)
    with turn(Path(item.config.option.basetemp).parent, fcntl.LOCK_EX if alone(item) else fcntl.LOCK_SH):
        return (yield)


@contextmanager
def turn(folder: Path, how: int) -> Iterator[None]:
    """Be in the room, beside others or alone. All workers have this folder; who waits at the gate is the next."""
    with open(folder / "gate", "w") as gate, open(folder / "room", "w") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(room, how)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)  # a child that the test has left may still hold the file
