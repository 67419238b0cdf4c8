"""Runs an engine, and ends it when the process that wanted it has ended, for whatever reason. Lesson 10.

The engine itself would go on: it watches nobody. So `Engine` runs this file, as a script without any package, and
holds the other end of its standard input. The operating system closes that end even after a SIGKILL.

The line `start` on standard input starts the command in the arguments; the answers are `started PID` and, later,
`ended PID`. The line `member PID` names a process that ends together with its parent, unless somebody has frozen it:
after the end of the input it is woken up. Then the command is killed and its folder, the first argument, is removed.
"""

import runpy
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

#: Time for the command to end, in seconds; then it is killed.
TIMEOUT = 2.0
#: The functions for freezing and waking up, from a file that needs no package either.
SUSPENDING = Path(__file__).parent.parent / "common" / "suspending.py"


def main(folder: str, *command: str) -> None:
    """Obey standard input until it ends."""
    running, members = None, set()
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        for line in sys.stdin.buffer:
            if line.startswith(b"member "):
                members.add(int(line.split()[1]))
                continue
            with open(Path(folder) / "log", "ab") as log:
                running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            say("started", running.pid)
            threading.Thread(target=watch, args=[running], daemon=True).start()
    finally:
        wake(members)
        end(running)
        shutil.rmtree(folder, ignore_errors=True)


def watch(running: "subprocess.Popen[bytes]") -> None:
    """Report the end of the command."""
    running.wait()
    say("ended", running.pid)


def say(what: str, pid: int) -> None:
    """Write a line, unless nobody reads it any longer."""
    with suppress(OSError):
        sys.stdout.write(f"{what} {pid}\n")
        sys.stdout.flush()


def wake(members: set[int]) -> None:
    """Let frozen processes go on."""
    resume = runpy.run_path(str(SUSPENDING))["resume"]
    for pid in members:
        with suppress(OSError):  # it has ended
            resume(pid)


def end(running: "subprocess.Popen[bytes] | None") -> None:
    """End the command, even if it is frozen."""
    if running is None:
        return
    running.terminate()
    try:
        running.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
