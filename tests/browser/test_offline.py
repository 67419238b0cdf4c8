"""With no network at all: a lesson in a kernel, and in JupyterLab. `tests/offline.py` runs all of them so."""

import os
import subprocess
import sys

import offline
import pytest

TESTS = ["tests/notebooks/test_notebooks.py", "tests/browser/test_notebooks_in_lab.py"]
CHOSEN = "02_echo and (runs_from_top_to_bottom or runs_in_jupyterlab)"


@pytest.mark.thorough
@pytest.mark.timeout(240)
def test_a_lesson_runs_with_loopback_alone(chromium, repository):
    if os.environ.get(offline.INSIDE):
        pytest.skip("this whole run is offline")
    try:
        offline.namespace()
    except RuntimeError as problem:
        pytest.skip(str(problem))
    command = [sys.executable, "tests/offline.py", "-q", "-p", "no:cacheprovider", *TESTS, "-k", CHOSEN]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=220)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "only loopback is up" in done.stdout and "2 passed" in done.stdout
