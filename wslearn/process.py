"""A server in its own process, which ends when the process that started it ends.

Measurements need this, because in one process client and server would take turns on one event loop.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Self
from urllib.parse import urlsplit

from wslearn.common import lifecycle, tasks

#: Timeouts of the server's start and stop, in seconds. A slow machine needs one second, a starved one twenty.
START_TIMEOUT = 60.0
STOP_TIMEOUT = 3.0
#: The longest line of output, in bytes, and the most characters of other output that are quoted.
LINE, QUOTED = 65536, 500


def allow_open_files(connections: int) -> int:
    """Let this process, and those that it starts, open so many connections; return how many the system allows.

    Many systems allow 256 or 1,024 open files at first, and more on request. If even that is too few, opening one more
    connection fails, as it would without this.
    """
    others = 200  # other files that a process has open
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + others if hard == resource.RLIM_INFINITY else min(connections + others, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted - others


def _ready(output: IO[bytes] | None, other: list[str]) -> dict | None:
    """Return the server's addresses from the output of its process, or None if it ends without them.

    Other lines are skipped, and their beginnings kept in `other`: a `sitecustomize` or a `.pth` file of the reader's
    Python may print something too, even without a line break before the addresses.
    """
    while output and (line := output.readline(LINE).decode(errors="replace")):
        for start in (place for place, char in enumerate(line) if char == "{"):
            with suppress(ValueError, RecursionError):
                found, _ = json.JSONDecoder().raw_decode(line, start)
                if isinstance(found, dict) and {"name", "url", "page_url"} <= found.keys():
                    return found
        if sum(map(len, other)) < QUOTED:
            other.append(line[:QUOTED])
    return None


class ServerProcess:
    """`wslearn serve NAME` in its own process: `async with ServerProcess("echo") as server`.

    NAME is a lesson's server, or `package.module:Class`, one of your own. `options` are those of `wslearn serve`:
    `ServerProcess("echo", "--plain", port=8765)`. `url` and `page_url` are the addresses, `proxy_path` is the secret
    path for a browser behind a proxy, `pid` is the process. `environment` is added to this process's own, for secrets:
    other users can read a command line. It ends with the block, with `await server.stop()`, and when the process that
    started it ends, for whatever reason.

    Raises RuntimeError with the server's own message if it cannot start.
    """

    def __init__(self, name: str, *options: str, port: int = 0, environment: Mapping[str, str] | None = None) -> None:
        self.name, self.options, self._wanted_port = name, options, port
        self._environment = dict(environment or {})
        self._group: int | None = None  # that of this process; 0: its own
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Lock()

    async def start(self) -> Self:
        """Start the process and wait until its server is ready. In a notebook, first stop that of an earlier run."""
        if self._process is not None:
            return self
        await lifecycle.stop_previous(self._wanted_port)
        await self._launch()
        lifecycle.started(self)
        return self

    async def _launch(self) -> None:
        # -P: a file called http.py in the current folder must not replace Python's own.
        command = [sys.executable, "-P", "-m", "wslearn", "serve", self.name, "--port", str(self._wanted_port)]
        with tempfile.TemporaryFile() as errors:
            # Not asyncio's subprocesses, because the event loop of a kernel on Windows does not support them.
            self._process = subprocess.Popen(  # noqa: ASYNC220
                [*command, *self.options, "--json", "--quiet", "--exit-with-parent"],
                env=os.environ | {"PYTHONIOENCODING": "utf-8:backslashreplace"} | self._environment,
                # The child reads its end of this pipe and ends at end-of-file; even SIGKILL closes our end.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                process_group=self._group,
            )
            process, self.pid = self._process, self._process.pid
            other: list[str] = []
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    ready = await asyncio.to_thread(_ready, process.stdout, other)
            except BaseException as error:
                process.kill()  # which also ends the thread that reads
                await self.stop()
                if isinstance(error, TimeoutError):
                    raise self._failure(errors, other, f" within {START_TIMEOUT:g} s") from None
                raise
            if ready is None:
                await self.stop()
                raise self._failure(errors, other)
        self.url, self.page_url, self.proxy_path = ready["url"], ready["page_url"], ready["proxy_path"]
        self.port = urlsplit(self.url).port or 0

    def _failure(self, errors: IO[bytes], other: list[str], when: str = "") -> RuntimeError:
        """Return an error with the output of the process."""
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - LINE))  # the reason comes last
        parts = (errors.read().decode(errors="replace").strip(), "".join(other).strip())
        nothing = "it printed nothing, so this computer may be too busy: try again" if when else "it printed nothing"
        said = "\n".join(filter(None, parts)) or nothing
        return RuntimeError(f"wslearn serve {self.name} did not start{when}: {said}")

    async def stop(self) -> None:
        """End the process: its clients receive 1001, and after 3 seconds it is killed if necessary.

        Calling it twice is fine, even at the same time. If it is cancelled, it kills the process at once.
        """
        async with self._stopping:
            process, self._process = self._process, None
            if process is None:
                return
            lifecycle.stopped(self)
            assert process.stdin and process.stdout
            with suppress(OSError):  # it has ended already
                process.stdin.close()
            try:
                with suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(process.wait, STOP_TIMEOUT)
            finally:
                process.kill()  # which does nothing if it has ended
                await tasks.end((), STOP_TIMEOUT, self.name, [asyncio.to_thread(process.wait)])
                process.stdout.close()

    def kill(self) -> None:
        """End the process at once, as a crash does: its clients see 1006. Calling it twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        lifecycle.stopped(self)
        process.kill()
        process.wait(STOP_TIMEOUT)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
