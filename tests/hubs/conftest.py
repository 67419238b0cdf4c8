"""An engine for the tests of this folder, which are skipped where the extra `cluster` is not installed."""

import importlib.util
from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
def cluster_is_installed(request) -> None:
    """Skip a test that needs the extra, and say why."""
    if request.module.__name__.rpartition(".")[2] in ("test_history", "test_memory", "test_members", "test_rooms"):
        return
    if importlib.util.find_spec("nats") is None:
        pytest.skip("needs nats-py: pip install 'wslearn[cluster]'")
    from wslearn.hubs.engine import program

    try:
        program()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
async def engine() -> AsyncIterator:
    from wslearn.hubs import Engine

    async with Engine() as running:
        yield running
