"""A server in a process of its own, that ends when the process that started it ends.

A measurement wants its server apart: in one process, client and server would take turns on one event loop.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, Self
from urllib.parse import urlsplit

from wslearn.common import lifecycle, tasks

#: Time for the server to be ready, and for it to end, in seconds. A slow machine needs one second.
START_TIMEOUT = 15.0
STOP_TIMEOUT = 3.0
#: The longest line that is read as one, in bytes, and so many characters of what else came are quoted.
LINE, QUOTED = 65536, 500


def allow_open_files(connections: int) -> int:
    """Let this process, and those it starts, have so many connections; return how many the system allows.

    Many systems allow 256 or 1,024 open files at first, and more where it is asked for. Where even that is too few,
    the connection that is one too many fails as it would have done.
    """
    others = 200  # the files that a process has open besides
    try:
        import resource
    except ImportError:  # Windows counts none
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + others if hard == resource.RLIM_INFINITY else min(connections + others, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted - others


def _ready(output: IO[bytes] | None, other: list[str]) -> dict | None:
    """Return the server's addresses from the output of its process, or None where it ends without them.

    A line of something else's is passed over, and its beginning kept in `other`: a `sitecustomize` or a `.pth` file
    of the reader's Python may print too.
    """
    while output and (line := output.readline(LINE).decode(errors="replace")):
        start = line.find("{")  # what was printed without a line's end stands before it
        while start != -1:
            with suppress(ValueError, RecursionError):
                found, _ = json.JSONDecoder().raw_decode(line, start)
                if isinstance(found, dict) and {"name", "url", "page_url"} <= found.keys():
                    return found
            start = line.find("{", start + 1)
        if sum(map(len, other)) < QUOTED:
            other.append(line[:QUOTED])
    return None


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()


class ServerProcess:
    """`wslearn serve NAME` in its own process: `async with ServerProcess("echo") as server`.

    `options` are those of `wslearn serve`: `ServerProcess("echo", "--plain", port=8765)`. `url` and `page_url` are
    the addresses, `proxy_path` is what lets a browser in behind a proxy, `pid` is the process. It ends with the block,
    with `await server.stop()`, and whenever the process that started it ends, however that happens.

    Raises RuntimeError with the server's own words where it cannot start.
    """

    def __init__(self, name: str, *options: str, port: int = 0) -> None:
        self.name, self.options, self._wanted_port = name, options, port
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Lock()

    async def start(self) -> Self:
        """Start the process and wait until its server is ready. In a notebook, an earlier run's is stopped."""
        if self._process is not None:
            return self
        await lifecycle.stop_previous(self._wanted_port)
        # -P: a file called http.py in the current folder is not Python's own. Nothing but this class reads the output.
        command = [sys.executable, "-P", "-m", "wslearn", "serve", self.name, "--port", str(self._wanted_port)]
        with tempfile.TemporaryFile() as errors:
            # Not asyncio's subprocesses: the event loop of a kernel on Windows has none.
            self._process = subprocess.Popen(  # noqa: ASYNC220
                [*command, *self.options, "--json", "--quiet", "--exit-with-parent"],
                env=os.environ | {"PYTHONIOENCODING": "utf-8:backslashreplace"},
                # The child reads its end of this pipe and ends at end-of-file: even SIGKILL closes ours.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            process, self.pid = self._process, self._process.pid
            other: list[str] = []
            try:
                reading = asyncio.to_thread(_ready, process.stdout, other)
                ready = await asyncio.wait_for(reading, START_TIMEOUT)
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
        lifecycle.started(self)
        return self

    def _failure(self, errors: IO[bytes], other: list[str], when: str = "") -> RuntimeError:
        """Return the error that tells what the process said in place of its addresses."""
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - LINE))  # what ended it comes last
        parts = (errors.read().decode(errors="replace").strip(), "".join(other).strip())
        said = "\n".join(filter(None, parts)) or "it said nothing"
        return RuntimeError(f"wslearn serve {self.name} did not start{when}: {said}")

    async def stop(self) -> None:
        """End the process: its clients get 1001, and 3 seconds later it is killed if need be.

        Twice is fine, also at once. Where this is cancelled, it is killed at once.
        """
        async with self._stopping:
            process, self._process = self._process, None
            if process is None:
                return
            lifecycle.stopped(self)
            with suppress(OSError):  # it has ended already
                _close(process.stdin)
            try:
                await asyncio.to_thread(process.wait, STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                pass
            finally:
                process.kill()  # which does nothing where it has ended
                await tasks.end((), STOP_TIMEOUT, self.name, [asyncio.to_thread(process.wait)])
                _close(process.stdout)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
