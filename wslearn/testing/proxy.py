"""A real reverse proxy in front of a server: nginx, HAProxy or Caddy, if this computer has it.

Each gets the shortest configuration that its manual gives for WebSockets, and otherwise has its own defaults.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil

from wslearn.common import lifecycle, polling
from wslearn.network import checked, is_number
from wslearn.testing.process import STOP_TIMEOUT, CommandProcess, free_port

#: Where systems keep such programs, although a user's PATH often lacks these folders.
PLACES = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin")
#: Seconds for the proxy to tell its version or to reload, and how often it is asked to: HAProxy loses a signal that
#: comes in the first moments of its life.
TIMEOUT, RELOADS = 15.0, 15

NGINX = """\
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log access.log;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {
        listen 127.0.0.1:PORT;
        location / {
            proxy_pass http://TARGET;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_read_timeout IDLE;
        }
    }
}
"""
HAPROXY = """\
defaults
    mode http
    log stdout format raw daemon
    option httplog
    option dontlognull
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout tunnel IDLE
frontend web
    bind 127.0.0.1:PORT
    default_backend chat
backend chat
    server chat TARGET
"""
CADDY = """\
{
    admin unix//FOLDER/admin.sock
}
http://:PORT {
    bind 127.0.0.1
    reverse_proxy TARGET
}
"""
CADDYFILE = ("--adapter", "caddyfile", "--config", "FILE")
#: Name -> its configuration, and the command that runs it in the foreground. Without an idle timeout the line with IDLE
#: is left out. HAProxy writes its log to standard output, and Caddy writes what it remembers to its user's folders.
KINDS: dict[str, tuple[str, list[str]]] = {
    "nginx": (NGINX, ["PROGRAM", "-e", "stderr", "-p", "FOLDER", "-c", "FILE"]),
    "haproxy": (HAPROXY, ["sh", "-c", 'exec "$@" >FOLDER/access.log', "sh", "PROGRAM", "-W", "-f", "FILE"]),
    "caddy": (CADDY, ["env", "XDG_CONFIG_HOME=FOLDER", "XDG_DATA_HOME=FOLDER", "PROGRAM", "run", *CADDYFILE]),
}


class ReverseProxy(CommandProcess):
    """nginx, HAProxy or Caddy in front of a server: `async with ReverseProxy("nginx", server.url) as proxy`.

    Clients connect to `proxy.url`. It listens on this computer only, and ends with the block. `idle_timeout` is in
    seconds; None leaves the proxy's default. Caddy has no such timeout. `configuration` is what it was started with.

    Raises ValueError for an argument that cannot be used, and RuntimeError with the proxy's own words, if it does not
    start. `ReverseProxy.installed(name)` tells beforehand whether it is there.
    """

    def __init__(self, name: str, target: str, *, idle_timeout: float | None = None) -> None:
        program, self.target = _known(name), checked(target)
        self._program = self.installed(name)
        if self._program is None:
            raise ValueError(f"there is no {name} on this computer: install it, or use a SimulatedNetwork")
        if self.target.scheme not in ("ws", "http"):
            raise ValueError(f"expected a server without TLS, because the proxy does the TLS: got {target!r}")
        if idle_timeout is not None and program == "caddy":
            raise ValueError("Caddy has no idle timeout for WebSockets")
        if idle_timeout is not None and not (is_number(idle_timeout) and idle_timeout > 0):
            raise ValueError(f"idle_timeout must be seconds, more than 0, or None: got {idle_timeout!r}")
        self._idle = f"{max(1, round(idle_timeout * 1000))}ms" if idle_timeout else None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        super().__init__(["{port}"])
        self.name = program

    @staticmethod
    def installed(name: str) -> str | None:
        """Return the path of nginx, HAProxy or Caddy, or None if it isn't on this computer. On Windows none is used."""
        if os.name == "nt":
            return None
        return shutil.which(_known(name)) or shutil.which(_known(name), path=os.pathsep.join(PLACES))

    @property
    def url(self) -> str:
        """The target's address through this proxy."""
        return self.target._replace(netloc=f"127.0.0.1:{self.port}").geturl()

    @property
    def version(self) -> str:
        """The proxy's version, such as 1.22.1."""
        command = [str(self._program), "version" if self.name == "caddy" else "-v"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
        return found[0] if found else "of an unknown version"

    @property
    def log(self) -> str:
        """What the proxy's access log says so far. It is empty for Caddy, which has none by default."""
        path = Path(self._folder.name if self._folder else "", "access.log")
        return path.read_text("utf-8", "replace") if path.exists() else ""

    async def start(self) -> Self:
        """Write the configuration, start the proxy, and wait until it accepts connections."""
        if self._process is None:
            await lifecycle.stop_previous(self.port)
            self.port = self.port or free_port()
            self._configure()
            await super().start()
            lifecycle.started(self)
        return self

    def _configure(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="wslearn-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # if root starts nginx, its workers are another user
        file, (template, command) = folder / "proxy.conf", KINDS[self.name]
        if self._idle is None:
            template = re.sub(".* IDLE.*\n", "", template)
        names = {"PROGRAM": str(self._program), "FOLDER": str(folder), "FILE": str(file), "PORT": str(self.port)}
        names |= {"TARGET": self.target.netloc, "IDLE": self._idle or ""}
        self.configuration = _filled(template, names)
        self.command = [_filled(part, names) for part in command]
        file.write_text(self.configuration, "utf-8")

    async def reload(self) -> None:
        """Have the proxy read its configuration again, as `systemctl reload` does, and wait until it has.

        Raises RuntimeError if it doesn't.
        """
        if self.name == "caddy":
            command = [*("reload" if part == "run" else part for part in self.command), "--force"]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=TIMEOUT)
            if done.returncode:
                raise RuntimeError(f"Caddy did not reload: {done.stderr}")
            return
        master, number = psutil.Process(self.pid), signal.SIGHUP if self.name == "nginx" else signal.SIGUSR2
        old = set(master.children())
        for _ in range(RELOADS):
            master.send_signal(number)
            if await polling.until(lambda: set(master.children()) - old, TIMEOUT / RELOADS):
                return
        raise RuntimeError(f"{self.name} did not reload")

    async def stop(self) -> None:
        """Ask the proxy to end, and kill what is left of it after 3 seconds. Calling it twice is fine."""
        workers = self._workers()  # a proxy that is asked in the middle of a reload may leave them
        await super().stop()
        _kill(workers)
        await polling.until(lambda: not any(map(_runs, workers)), STOP_TIMEOUT)

    def kill(self) -> None:
        """End the proxy and its workers at once. Calling it twice is fine."""
        workers = self._workers()
        if self._process:
            lifecycle.stopped(self)
        super().kill()
        _kill(workers)
        if self._folder:
            self._folder.cleanup()

    def _workers(self) -> list[Any]:
        """Return the processes that the proxy has started."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True) if self._process else []
        return []


def _kill(workers: list[Any]) -> None:
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def _runs(worker: Any) -> bool:
    """Return whether it runs. A container's first process may leave it as a zombie."""
    with suppress(psutil.NoSuchProcess):
        return bool(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE)
    return False


def _known(name: str) -> str:
    """Return the name of the program."""
    if not isinstance(name, str) or name.lower() not in KINDS:
        raise ValueError(f"expected nginx, HAProxy or Caddy, got {name!r}")
    return name.lower()


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub("|".join(names), lambda found: names[found[0]], text)
