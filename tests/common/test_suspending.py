"""Freezing a process, on whichever system."""

import subprocess
import sys

import pytest
from support import until

from wslearn.common import suspending

CODE = "import time\nwhile True: print(1, flush=True); time.sleep(0.01)"


def test_a_frozen_process_does_nothing_until_it_is_resumed_and_can_be_killed():
    with subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE, bufsize=0) as process:
        process.stdout.readline()
        suspending.suspend(process.pid)
        # What was written before is read; after that, nothing comes.
        reads = 0
        while reads < 3:
            if _quiet(process):
                break
            reads += 1
        assert _quiet(process)
        suspending.resume(process.pid)
        assert process.stdout.readline().strip() == b"1"
        suspending.suspend(process.pid)
        suspending.kill(process.pid)
        assert process.wait(10) != 0


def _quiet(process) -> bool:
    """Read what has been written, and tell whether nothing more comes for a while: 30 times as long as between two."""
    import select

    while select.select([process.stdout], [], [], 0.3)[0]:
        if not process.stdout.read(65536):
            return False
    return True


async def test_a_process_that_has_ended():
    process = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220
    await until(lambda: process.poll() is not None)
    for act in (suspending.suspend, suspending.resume, suspending.kill):
        with pytest.raises(OSError):
            act(process.pid)
