"""What tests of several files share."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from notebook_runs import Kernel, kernel

pytest_plugins = ["side_by_side"]

# Machines are shared, so a slow example is no failure; and the same examples every time: a failure is one again.
settings.register_profile("wslearn", deadline=None, derandomize=True)
settings.load_profile("wslearn")

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout that the tests belong to."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_kernel(tmp_path_factory) -> Iterator[Callable[[], AbstractContextManager[Kernel]]]:
    """A kernel for all tests that need no fresh one. Each `with shared_kernel() as running:` deletes its variables."""
    with kernel(tmp_path_factory.mktemp("kernel")) as running:

        @contextmanager
        def cleared() -> Iterator[Kernel]:
            yield running
            running.ask("%reset -f")

        yield cleared


@pytest.fixture
async def wslearn() -> AsyncIterator:
    """Start `wslearn` with these arguments as a process; what still runs after the test is killed."""
    processes = []

    async def start(
        *arguments: object, env: dict[str, str] | None = None, python: str = sys.executable, **options
    ) -> asyncio.subprocess.Process:
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = await asyncio.create_subprocess_exec(
            python, "-m", "wslearn", *map(str, arguments), env={**os.environ, **(env or {})}, **options
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.communicate(), 10)


@pytest.fixture
def complaint(wslearn):
    """Run `wslearn` with arguments that it must refuse: return its exit code and its one line on stderr."""

    async def complaint(*arguments: object, **options) -> tuple[int, str]:
        process = await wslearn(*arguments, **options)
        stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
        lines = stderr.decode().splitlines()
        assert (stdout, len(lines)) == (b"", 1), f"expected one line on stderr and none on stdout: {stdout!r} {lines}"
        return process.returncode, lines[0]

    return complaint
