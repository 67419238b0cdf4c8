"""mypy and ruff find nothing in the code."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)  # without its cache, mypy takes up to a minute
@pytest.mark.parametrize("command", ["mypy", "ruff check", "ruff format --check"])
def test_it_finds_nothing(repository, command):
    run = subprocess.run([sys.executable, "-m", *command.split()], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
