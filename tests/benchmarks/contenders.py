"""Who is measured: wslearn, an older commit of it, its peers and the floor, and how each is started."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import children
import psutil

REPOSITORY = Path(__file__).parents[2]
PEERS = Path(__file__).with_name("peers")
UVLOOP = importlib.util.find_spec("uvloop") is not None

#: Packages of each Python peer, the first one's version is shown, and the event loop that its users choose.
PYTHON_PEERS = {
    "aiohttp": (("aiohttp",), "uvloop"),
    "picows": (("picows",), "uvloop"),
    "starlette": (("uvicorn", "starlette"), "uvloop"),
    "tornado": (("tornado",), "asyncio"),
    "websockets": (("websockets",), "uvloop"),
    "websockets (asyncio)": (("websockets",), "asyncio"),
}


@dataclass(frozen=True)
class Contender:
    """A program that serves. `command` needs the work behind it, then `after`."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict, hash=False)
    cwd: Path | None = None
    version: str = ""

    @contextmanager
    def serve(self, work: str) -> "Iterator[Serving]":
        """Run it for a block: `work` is echo, broadcast or rooms."""
        own = ("--plain",) if work == "echo" and "wslearn" in self.command else ()
        pin = children.cores()
        command = [*self.command, work, *own, *self.after]
        with children.Child(command, self.env, self.cwd, core=pin and pin[0]) as child:
            ready = json.loads(child.line())
            port = ready if isinstance(ready, int) else int(ready["url"].rstrip("/").rpartition(":")[2])
            yield Serving(port, child, psutil.Process(child.process.pid))


@dataclass(frozen=True)
class Serving:
    """A running server: its port and its process."""

    port: int
    child: children.Child
    process: psutil.Process

    def cpu(self) -> float:
        """Return the CPU time that it has used, user and system, in seconds."""
        if sys.platform == "linux":  # clock_getcpuclockid(3) has nanoseconds, and psutil hundredths of a second
            return time.clock_gettime((~self.process.pid << 3) | 2)
        times = self.process.cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        """Return its resident memory, in bytes."""
        return self.process.memory_info().rss


def environment(root: Path) -> dict[str, str]:
    """Return what makes Python import the wslearn of this checkout, whichever is installed."""
    return {"PYTHONPATH": str(root)}


def wslearn(name: str = "wslearn", root: Path = REPOSITORY, loop: str = "auto") -> Contender:
    """Return wslearn as its users run it, but for the limits that would end a measurement."""
    options = ("--port", "0", "--json", "--quiet", "--exit-with-parent", "--loop", loop)
    limits = ("--rate", "none", "--max-connections", "none")
    command = (sys.executable, "-m", "wslearn", "serve")
    return Contender(name, command, (*options, *limits), environment(root), root, commit(root))


def commit(root: Path) -> str:
    """Return the commit of a checkout, or "" if it has none.

    Raises ValueError if Python would import another checkout's wslearn: a comparison would then be with itself.
    """
    code = "import wslearn; print(wslearn.__file__)"
    env = {**os.environ, **environment(root)}
    run = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, timeout=60)
    found = run.stdout.strip()
    if not found or Path(found).resolve().parent != (root / "wslearn").resolve():
        raise ValueError(f"{root} is not a checkout of this project: Python imports {found or run.stderr.strip()}")
    git = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    return subprocess.run(git, capture_output=True, text=True, timeout=60).stdout.strip() if shutil.which("git") else ""


def contenders(before: Path | None, install: bool = True) -> tuple[dict[str, Contender], list[str]]:
    """Return all that can be run here by name, and a line for each that cannot.

    With `install`, Node's `ws` is fetched on first use.
    """
    found, left_out = [wslearn(), wslearn("wslearn (asyncio)", loop="asyncio")], []
    if before is None:
        left_out.append("before is left out: --before PATH names a checkout of an older commit")
    else:
        found.append(wslearn("before", before.resolve()))
    node = node_ws(install)
    if isinstance(node, str):
        left_out.append(node)
    else:
        found.append(node)
    for name, (packages, loop) in PYTHON_PEERS.items():
        if missing := [package for package in packages if importlib.util.find_spec(package) is None]:
            left_out.append(f"{name} is left out: no package {', '.join(missing)}; --extra bench installs it")
            continue
        loop = loop if UVLOOP else "asyncio"
        command = (sys.executable, str(PEERS / "python_peers.py"), name.partition(" ")[0])
        found.append(Contender(name, command, (loop,), version=f"{version(packages[0])} {loop}"))
    found.append(Contender("floor", (sys.executable, str(PEERS / "floor.py"))))
    return {one.name: one for one in found}, left_out


# Node


def cache() -> Path:
    """Return the folder for Node's packages, outside the repository."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wslearn-benchmarks"


def node_ws(install: bool) -> Contender | str:
    """Return Node's `ws`, or a line that says why it is left out."""
    node, npm, folder = shutil.which("node"), shutil.which("npm"), cache()
    if node is None:
        return "Node ws is left out: there is no Node (command node) on this computer"
    package = folder / "node_modules" / "ws" / "package.json"
    if not package.exists():
        if not install or npm is None:
            return f"Node ws is left out: it is not in {folder}" + ("" if npm else ", and there is no npm")
        print(f"Installing ws with npm in {folder} …", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", "ws@8"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "Node ws is left out: npm did not end in 120 s"
        if run.returncode:
            return f"Node ws is left out: npm could not install it: {(run.stderr or run.stdout).strip()[-200:]}"
    shown = json.loads(package.read_text(encoding="utf-8"))["version"]
    runs = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()
    env = {"NODE_PATH": str(folder / "node_modules")}
    return Contender("Node ws", (node, str(PEERS / "node_ws.js")), env=env, version=f"{shown} Node {runs}")
