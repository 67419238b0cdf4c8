"""Processes that are spoken to by lines, none of which outlives its block."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

#: Longest wait for a line, in seconds. The slowest answer, 4,000 connections on a busy machine, takes some ten.
PATIENCE = 60.0

LOAD = Path(__file__).with_name("load.py")


class Child:
    """A process: `async with Child(command) as child`, then `await child.line()` and `await child.ask(text)`.

    It is killed at the block's end. Ctrl-C in a terminal is not meant for it, but for who started it.
    """

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.command, self.env = command, {**os.environ, **(env or {})}
        # Set on build machines; without bytecode, each start compiles all there is, which no user waits for.
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    async def __aenter__(self) -> Self:
        options = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {"process_group": 0}
        )
        pipe = subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self.command, env=self.env, stdin=pipe, stdout=pipe, **options
        )
        self.pid, self.killed = self.process.pid, False
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.kill()
        await self.process.wait()

    def kill(self) -> None:
        """End it at once. Twice is fine: asyncio itself would lose the exit code then."""
        if not self.killed and self.process.returncode is None:
            self.killed = True
            self.process.kill()

    async def line(self, patience: float = PATIENCE) -> str:
        """Return the next line that it prints. Raises RuntimeError where it ends or says nothing."""
        name = " ".join(Path(part).name for part in self.command[:4])
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), patience)
        except TimeoutError:
            raise RuntimeError(f"{name} … said nothing for {patience:g} s") from None
        if not line:
            raise RuntimeError(f"{name} … has ended; what it said on standard error stands above")
        return line.decode()

    async def ended(self, patience: float = PATIENCE) -> None:
        """Wait for its end. Raises RuntimeError where its exit code is not 0."""
        if code := await asyncio.wait_for(self.process.wait(), patience):
            raise RuntimeError(f"{self.command[-1]} ended with {code}")

    async def ask(self, text: str) -> dict:
        """Send a line, and return the JSON that answers it."""
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()
        return json.loads(await self.line())


def load(work: str, port: int, size: int = 128) -> Child:
    """Return a load client, not started yet."""
    return Child([sys.executable, str(LOAD), work, str(port), "--size", str(size)])
