"""Who is measured: wslearn, its peers, the floor, and how each is started."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil
from children import Child

PEERS = Path(__file__).with_name("peers")
UVLOOP = importlib.util.find_spec("uvloop") is not None


@dataclass(frozen=True)
class Contender:
    """A program that serves. `command` needs the work behind it, then `after`."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict, hash=False)
    version: str = ""

    @asynccontextmanager
    async def serve(self, work: str) -> "AsyncIterator[Serving]":
        """Run it for a block: `work` is echo, broadcast or rooms."""
        own = ("--plain",) if work == "echo" and self.name.startswith("wslearn") else ()
        async with Child([*self.command, work, *own, *self.after], self.env) as child:
            ready = json.loads(await child.line())
            port = ready if isinstance(ready, int) else int(ready["url"].rstrip("/").rpartition(":")[2])
            yield Serving(port, child, psutil.Process(child.pid))


@dataclass(frozen=True)
class Serving:
    """A running server: its port and its process."""

    port: int
    child: Child
    process: psutil.Process

    def cpu(self) -> float:
        """Return the CPU time that it has used, in seconds."""
        times = self.process.cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        """Return its resident memory, in bytes."""
        return self.process.memory_info().rss


def wslearn(loop: str = "auto") -> Contender:
    """Return wslearn as its users run it, but for the limits that would end a measurement."""
    name = "wslearn" if loop == "auto" else f"wslearn ({loop})"
    options = ("--port", "0", "--json", "--quiet", "--exit-with-parent", "--loop", loop)
    limits = ("--rate", "none", "--max-connections", "none")
    return Contender(name, (sys.executable, "-m", "wslearn", "serve"), (*options, *limits), version=version("wslearn"))


def python_peer(name: str, file: str, package: str, loop: str) -> Contender:
    shown = version(package) if package else ""
    return Contender(name, (sys.executable, str(PEERS / file)), (loop,), version=f"{shown} {loop}".strip())


def peers(install: bool = True) -> tuple[list[Contender], list[str]]:
    """Return the peers that can be run here, the floor last, and a line for each that cannot.

    Each has the event loop that its users choose. With `install`, Node's `ws` is fetched on first use.
    """
    fast = "uvloop" if UVLOOP else "asyncio"
    found, left_out = [], []
    node = node_ws(install)
    if isinstance(node, str):
        left_out.append(node)
    else:
        found.append(node)
    wanted = [
        ("aiohttp", "aiohttp_peer.py", ("aiohttp",), fast),
        ("starlette", "starlette_peer.py", ("uvicorn", "starlette"), fast),
        ("tornado", "tornado_peer.py", ("tornado",), "asyncio"),
        ("websockets", "websockets_peer.py", ("websockets",), fast),
    ]
    for name, file, packages, loop in wanted:
        if missing := [package for package in packages if importlib.util.find_spec(package) is None]:
            left_out.append(f"{name} is left out: no package {', '.join(missing)}; --extra bench brings it")
        else:
            found.append(python_peer(name, file, packages[0], loop))
    if UVLOOP:
        found.append(python_peer("websockets (asyncio)", "websockets_peer.py", "websockets", "asyncio"))
    return [*found, python_peer("floor", "floor.py", "", fast)], left_out


def opponent(peer: Contender) -> Contender:
    """Return wslearn on the event loop on which it is compared with this peer: its usual one, or asyncio's."""
    return wslearn("asyncio" if peer.name.endswith("(asyncio)") else "auto")


# Node


def cache() -> Path:
    """Return the folder for Node's packages, outside the repository."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
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
