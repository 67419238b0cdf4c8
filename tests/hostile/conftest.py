"""What the tests of this folder share: the whole log, and leave to open many sockets."""

import logging
import logging.handlers
from collections.abc import Iterator

import pytest

try:
    import resource
except ImportError:  # Windows, which sets no such limit
    resource = None


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What is logged by the servers and by asyncio from now on, in other fixtures too: caplog begins anew for each."""
    kept = logging.handlers.BufferingHandler(capacity=10**9)
    loggers = [logging.getLogger(name) for name in ("wslearn", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(kept)
        logger.setLevel(logging.DEBUG)
    yield kept.buffer
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(kept)
        logger.setLevel(level)


@pytest.fixture
def room_for():
    """Return how many of so many connections this process may have, both ends of each; raise the limit if possible."""
    before = resource and resource.getrlimit(resource.RLIMIT_NOFILE)

    def room_for(connections: int) -> int:
        if resource is None:
            return connections
        soft, hard = before
        wanted = 2 * connections + 200  # 200 for everything else
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        possible = min(connections, (max(soft, wanted) - 200) // 2)
        if possible < connections:
            print(f"only {possible} connections instead of {connections}: the system allows {hard} open files")
        return possible

    yield room_for
    if resource:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
