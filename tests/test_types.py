"""The code is what its annotations and its docstrings say, as far as tools can see it: mypy and ruff find nothing."""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)  # mypy's first run takes half a minute, more on a busy machine
@pytest.mark.parametrize("command", ["mypy", "ruff check", "ruff format --check"])
def test_it_finds_nothing(repository, command):
    run = subprocess.run([sys.executable, "-m", *command.split()], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
