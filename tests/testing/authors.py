"""An author's own project: its files, and its tests, run by a pytest of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

#: An author may be strict about warnings; pytest-asyncio warns where its setting is missing.
SETTINGS = "[pytest]\nfilterwarnings = error\n"
ASYNCIO = "asyncio_default_fixture_loop_scope = function\n"


@dataclass
class Run:
    """A run of pytest: its exit code, what it printed, and each test's outcome: "passed", or the failure's text."""

    code: int
    output: str
    tests: dict[str, str]

    @property
    def failed(self) -> dict[str, str]:
        """The tests that did not pass."""
        return {name: text for name, text in self.tests.items() if text != "passed"}


def run(folder: Path, *options: str, settings: str = ASYNCIO, **files: str) -> Run:
    """Write modules into a folder, and run the tests in it, without the plugins of other tests' runs."""
    (folder / "pytest.ini").write_text(SETTINGS + settings)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml", "result.xml", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=140)
    tests = {}
    if (folder / "result.xml").exists():
        for case in ElementTree.parse(folder / "result.xml").iter("testcase"):
            problems = [part for part in case if part.tag in ("failure", "error", "skipped")]
            tests[case.attrib["name"]] = "\n".join(part.text or "" for part in problems) if problems else "passed"
    return Run(done.returncode, done.stdout + done.stderr, tests)
