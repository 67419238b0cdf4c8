"""Who is measured: wslearn, an older commit of it, its peers and the floor. Each runs in a process of its own."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from threading import Timer
from typing import Any

import psutil

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
#: Longest wait for a line, in seconds. The slowest answer, 10,000 connections on a busy machine, takes some ten.
PATIENCE = 60.0
#: Packages of each Python peer, the first one's version is shown, and the event loop that its users choose.
PYTHON_PEERS = {
    "aiohttp": (("aiohttp",), "uvloop"),
    "callback": (("websockets",), "uvloop"),
    "picows": (("picows",), "uvloop"),
    "starlette": (("uvicorn", "starlette"), "uvloop"),
    "tornado": (("tornado",), "asyncio"),
    "websockets": (("websockets",), "uvloop"),
    "websockets (asyncio)": (("websockets",), "asyncio"),
}


def cores() -> tuple[int | None, int | None]:
    """Return the core of the servers and that of the load, or None twice if there is only one, or no pinning."""
    pinned_to = getattr(psutil.Process(), "cpu_affinity", list)()
    return (pinned_to[0], pinned_to[-1]) if len(pinned_to) > 1 else (None, None)


class Child(psutil.Popen):
    """A process that is spoken to by lines, and is killed at the end of its `with` block."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None, core: int | None = None) -> None:
        env = os.environ | (env or {})
        # Set on build machines. Without bytecode, each start compiles everything, and no user waits for that.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        super().__init__(command, bufsize=0, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if core is not None:
            self.cpu_affinity([core])

    def __exit__(self, *exc_info: object) -> None:
        with suppress(psutil.NoSuchProcess):
            self.kill()
        super().__exit__(*exc_info)

    def line(self, patience: float = PATIENCE) -> str:
        """Return the next line that it prints. Raises RuntimeError if it ends or prints nothing for so long."""
        timer = Timer(patience, self.kill)
        timer.start()
        line = self.stdout.readline()
        timer.cancel()
        if not line:
            name = " ".join(Path(part).name for part in self.args[:4])
            raise RuntimeError(f"{name} … has ended, or printed nothing for {patience:g} s; see standard error above")
        return line.decode()

    def ask(self, text: str, patience: float = PATIENCE) -> Any:
        """Send a line, and return the JSON that answers it."""
        with suppress(BrokenPipeError):  # it has ended, and reading its line says so
            self.stdin.write(f"{text}\n".encode())
        return json.loads(self.line(patience))

    def cpu(self) -> float:
        """Return the CPU time that it has used, user and system, in seconds."""
        if sys.platform == "linux":  # clock_getcpuclockid(3) has nanoseconds, and psutil hundredths of a second
            return time.clock_gettime((~self.pid << 3) | 2)
        times = self.cpu_times()
        return times.user + times.system


def load(work: str, port: int, size: int = 128) -> Child:
    """Start a load client."""
    return Child([sys.executable, str(HERE / "load.py"), work, str(port), str(size)], core=cores()[1])


@dataclass(frozen=True)
class Contender:
    """A program that serves. `command` needs the work as its last word."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict, hash=False)
    version: str = ""

    @contextmanager
    def serve(self, work: str, *options: str) -> Iterator[tuple[Child, int]]:
        """Run it for a block, and yield its process and its port: `work` is echo, broadcast, rooms or feed."""
        plain = ["--plain"] if work == "echo" and "wslearn" in self.command else []
        with Child([*self.command, *plain, *options, work], self.env, cores()[0]) as child:
            ready = json.loads(child.line())
            yield child, ready if isinstance(ready, int) else int(ready["url"].rstrip("/").rpartition(":")[2])


def environment(root: Path) -> dict[str, str]:
    """Return what makes Python import the wslearn of this checkout, whichever is installed."""
    return {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"}  # "safe": `-m` does not look in the current folder first


def wslearn(name: str = "wslearn", root: Path = REPOSITORY, loop: str = "auto") -> Contender:
    """Return wslearn as its users run it, but for the limits that would end a measurement.

    Raises ValueError if `root` has no wslearn: Python would import the installed one.
    """
    if not (root / "wslearn" / "__init__.py").exists():
        raise ValueError(f"{root} is not a checkout of this project")
    options = ("--port", "0", "--json", "--quiet", "--exit-with-parent", "--loop", loop)
    limits = ("--rate", "none", "--max-connections", "none")
    git = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip() if shutil.which("git") else ""
    command = (sys.executable, "-m", "wslearn", "serve", *options, *limits)
    return Contender(name, command, environment(root), commit)


def contenders(before: Path | None) -> tuple[dict[str, Contender], list[str]]:
    """Return all that can be run here by name, and a line for each that cannot."""
    found, left_out = [wslearn(), wslearn("wslearn (asyncio)", loop="asyncio")], []
    if before is None:
        left_out.append("before is left out: --before PATH names a checkout of an older commit")
    else:
        found.append(wslearn("before", before.resolve()))
    node, cache = shutil.which("node"), Path.home() / ".cache" / "wslearn-benchmarks"
    if node and (package := cache / "node_modules" / "ws" / "package.json").exists():
        command, env = (node, str(HERE / "peers" / "node_ws.js")), {"NODE_PATH": str(cache / "node_modules")}
        found.append(Contender("Node ws", command, env, json.loads(package.read_text(encoding="utf-8"))["version"]))
    else:
        left_out.append(f"Node ws is left out: it needs Node, and `npm install --prefix {cache} ws@8`")
    for name, (packages, loop) in PYTHON_PEERS.items():
        if missing := [package for package in packages if importlib.util.find_spec(package) is None]:
            left_out.append(f"{name} is left out: no package {', '.join(missing)}; --extra bench installs it")
            continue
        loop = loop if importlib.util.find_spec("uvloop") else "asyncio"
        command = (sys.executable, str(HERE / "peers" / "python_peers.py"), name.partition(" ")[0], loop)
        found.append(Contender(name, command, version=f"{version(packages[0])} {loop}"))
    found.append(Contender("floor", (sys.executable, str(HERE / "peers" / "floor.py"))))
    return {one.name: one for one in found}, left_out
