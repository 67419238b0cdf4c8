"""What the tests of this folder share: the whole log, and leave to open many sockets."""

import logging

import pytest

try:
    import resource
except ImportError:  # Windows, which sets no such limit
    resource = None


@pytest.fixture
def records(caplog) -> list[logging.LogRecord]:
    """What is logged by the servers and by asyncio."""
    for name in ("wslearn", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog.records


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
