"""Processes that are spoken to by lines, none of which outlives its block."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Self

#: Longest wait for a line, in seconds. The slowest answer, 10,000 connections on a busy machine, takes some ten.
PATIENCE = 60.0

LOAD = Path(__file__).with_name("load.py")


def cores() -> tuple[int, int] | None:
    """Return the core of the servers and that of the load, or None if the system has only one, or does not pin."""
    here = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (here[0], here[-1]) if len(here) > 1 else None


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Start processes on this core only: a process inherits the cores of the thread that starts it."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Child:
    """A process: `with Child(command) as child`, then `child.line()` and `child.ask(text)`.

    It is killed at the block's end. Ctrl-C in a terminal reaches only its parent.
    """

    def __init__(self, command: list[str], env: dict[str, str] | None = None, cwd: Path | None = None, core=None):
        self.command, self.cwd, self.core = command, cwd, core
        self.env = {**os.environ, **(env or {})}
        # Set on build machines. Without bytecode, each start compiles everything, and no user waits for that.
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def __enter__(self) -> Self:
        windows = sys.platform == "win32"
        own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if windows else {"process_group": 0}
        pipe = subprocess.PIPE
        with pinned(self.core):
            self.process = subprocess.Popen(
                self.command, bufsize=0, env=self.env, cwd=self.cwd, stdin=pipe, stdout=pipe, **own
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self.process:  # which closes the pipes and waits
            self.process.kill()

    def line(self, patience: float = PATIENCE) -> str:
        """Return the next line that it prints. Raises RuntimeError if it ends or prints nothing for so long."""
        timer = Timer(patience, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            name = " ".join(Path(part).name for part in self.command[:4])
            raise RuntimeError(
                f"{name} … has ended, or printed nothing for {patience:g} s; standard error above may say why"
            )
        return line.decode()

    def ask(self, text: str) -> dict:
        """Send a line, and return the JSON that answers it."""
        with suppress(BrokenPipeError):  # it has ended, and reading its line says so
            self.process.stdin.write(f"{text}\n".encode())
        return json.loads(self.line())


def load(work: str, port: int, size: int = 128) -> Child:
    """Return a load client, not started yet."""
    pin = cores()
    return Child([sys.executable, str(LOAD), work, str(port), "--size", str(size)], core=pin and pin[1])
