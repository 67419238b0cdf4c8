"""Any server in its own process, started by a command: of another framework, or in another language."""

import asyncio
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Self

from wslearn.common import polling

#: Time for the server to listen, and to end when it is asked to, in seconds.
START_TIMEOUT, STOP_TIMEOUT = 30.0, 3.0
#: Bytes of the server's output that are quoted: the last ones, because the reason comes last.
QUOTED = 2000


class CommandProcess:
    """A server that a command starts: `async with server_process([…, "{port}"]) as server`. It must use that port.

    `url` is its address, `pid` its process. Raises RuntimeError with the server's own output if it does not listen.
    """

    def __init__(self, command: Sequence[str], *, port: int = 0) -> None:
        if not all(isinstance(part, str) for part in command):
            raise TypeError(f"a command is a list of strings: got {command!r}")
        if not any("{port}" in part for part in command):
            raise ValueError(f"the command must say {{port}} where the server's port belongs: got {list(command)}")
        self.command, self.port, self.name = list(command), port, command[0]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the WebSocket at `/`."""
        return f"ws://127.0.0.1:{self.port}/"

    async def start(self) -> Self:
        """Start the command, and wait until its port accepts connections."""
        if self._process is not None:
            return self
        if self.port and _listens(self.port):  # or the other program there would be tested
            raise RuntimeError(f"port {self.port} is in use by another program")
        self.port = self.port or free_port()
        command = [part.replace("{port}", str(self.port)) for part in self.command]
        with tempfile.TemporaryFile() as output:
            self._process = process = subprocess.Popen(  # noqa: ASYNC220 - as in `wslearn.process`
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            self.pid = process.pid
            try:
                await polling.until(lambda: process.poll() is not None or _listens(self.port), START_TIMEOUT)
                if process.poll() is not None or not _listens(self.port):
                    late = f" within {START_TIMEOUT:g} s" if process.poll() is None else ""
                    raise RuntimeError(f"{self.name} did not listen on port {self.port}{late}: {_said(output)}")
            except BaseException:
                self.kill()
                raise
        return self

    async def stop(self) -> None:
        """Ask the process to end, and kill it after 3 seconds if necessary. Calling it twice is fine."""
        if process := self._process:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End the process at once, as a crash does: its clients see 1006. Calling it twice is fine."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait(STOP_TIMEOUT)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()


def free_port() -> int:
    """Return a port of this computer that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _said(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - QUOTED))
    return output.read().decode(errors="replace").strip() or "it printed nothing"
