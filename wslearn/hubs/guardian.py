"""Runs an engine, and ends it when the process that wanted it has ended, for whatever reason. Lesson 10.

The engine itself would go on: it watches nobody. So `Engine` runs this file, as a script without any package, and
holds the other end of its standard input. The operating system closes that end even after a SIGKILL.

A line on standard input starts the command in the arguments; the answers are `started PID` and, later, `ended PID`.
After the end of the input, the command is killed and its folder, the first argument, is removed.
"""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

#: Time for the command to end, in seconds; then it is killed.
TIMEOUT = 2.0


def main(folder: str, *command: str) -> None:
    """Obey standard input until it ends."""
    running = None
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        for _ in sys.stdin.buffer:
            with open(Path(folder) / "log", "ab") as log:
                running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            say("started", running.pid)
            threading.Thread(target=watch, args=[running], daemon=True).start()
    finally:
        end(running)
        shutil.rmtree(folder, ignore_errors=True)


def watch(running: "subprocess.Popen[bytes]") -> None:
    """Report the end of the command."""
    running.wait()
    say("ended", running.pid)


def say(what: str, pid: int) -> None:
    """Write a line, unless nobody reads it any longer."""
    try:
        sys.stdout.write(f"{what} {pid}\n")
        sys.stdout.flush()
    except OSError:
        pass


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
