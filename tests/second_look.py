"""A test that fails in the whole suite is run once more, alone, and what it says then counts.

Three workers, their browsers and their servers share a machine that others use too, and it may stand still for seconds.
A test that fails again has found something. One that passes alone was disturbed: both results stay in the output, so
that a test that is often disturbed is found and mended.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest

#: If more tests than this fail, it was no disturbance.
MOST = 10
#: For each test, in seconds: a start of JupyterLab or a browser, and the longest test.
BOUND = 400


class SecondLook:
    """Notes what fails, and looks at it again when all is over."""

    def __init__(self) -> None:
        self.failed: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure, also one of a fixture."""
        if report.failed:
            self.failed[report.nodeid] = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Run the tests that have failed, one after the other, in a process of their own."""
        result = yield
        if session.exitstatus != pytest.ExitCode.TESTS_FAILED or not 0 < len(self.failed) <= MOST:
            return result
        print(f"\n\nA second look at {len(self.failed)} failed, each alone:\n", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", "0", "-m", session.config.option.markexpr, *self.failed]
        bound = BOUND * len(self.failed)
        if subprocess.run(command, cwd=session.config.rootpath, timeout=bound, check=False).returncode == 0:
            print(
                "\nPassed alone, so they were disturbed, and the suite has passed:",
                *self.failed,
                sep="\n  ",
                flush=True,
            )
            session.exitstatus = pytest.ExitCode.OK
        return result
