"""A small suite in a folder of its own: one test is disturbed once, or one always fails."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SUITE = """
from pathlib import Path

def test_passes():
    pass

def test_is_disturbed():
    first = not (seen := Path(__file__).with_name("seen")).exists()
    seen.touch()
    assert not first

def test_third():
    assert {third}
"""


@pytest.fixture
def suite(tmp_path):
    """Run such a suite with the options, and return the exit code and the output."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\npythonpath = tests\n", encoding="utf-8")
    tests = tmp_path / "tests"
    tests.mkdir()
    for helper in ("side_by_side.py", "second_look.py"):
        (tests / helper).write_text((TESTS / helper).read_text(encoding="utf-8"), encoding="utf-8")
    (tests / "conftest.py").write_text('pytest_plugins = ["side_by_side"]\n', encoding="utf-8")

    def run(third: str, *options: str) -> tuple[int, str]:
        (tests / "test_some.py").write_text(SUITE.format(third=third), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)
        return ended.returncode, ended.stdout

    return run


def test_what_passes_alone_was_disturbed(suite):
    code, output = suite("True")
    assert code == 0, output
    assert "1 failed, 2 passed" in output
    assert "A second look at 1 failed, each alone:" in output
    assert output.rstrip().endswith("the suite has passed:\n  tests/test_some.py::test_is_disturbed")


def test_what_fails_again_is_a_failure(suite):
    code, output = suite("False")
    assert code == 1, output
    assert "A second look at 2 failed" in output
    assert "1 failed, 1 passed" in output
    assert "the suite has passed" not in output


def test_one_file_alone_gets_no_second_look(suite):
    code, output = suite("True", "tests/test_some.py")
    assert code == 1, output
    assert "second look" not in output
