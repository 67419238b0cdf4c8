"""Networks without internet: the instructor's computer and phones, each in its own network namespace of Linux."""

import asyncio
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import tell
from websockets.asyncio.client import connect

NAMESPACES = Path("/run/netns")
CLONE_NEWNET = 0x40000000


def ip(*arguments: str) -> str:
    """Run `ip` with these arguments, and return what it writes."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout


class Lan:
    """A laptop, its networks, and phones in them. The laptop is the access point of each network."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.laptop = self._namespace("laptop")

    def _namespace(self, who: str) -> str:
        name = f"wslearn-{who}-{os.getpid()}"
        ip("netns", "add", name)
        self.made.append(name)
        ip("-n", name, "link", "set", "lo", "up")
        return name

    def network(self, card: str, address: str) -> None:
        """Give the laptop a network, in which it has this address."""
        ip("-n", self.laptop, "link", "add", card, "type", "bridge")
        ip("-n", self.laptop, "address", "add", address, "dev", card)
        ip("-n", self.laptop, "link", "set", card, "up")

    def phone(self, who: str, card: str, address: str) -> str:
        """Bring a phone into the network of this card, and return the name of its namespace."""
        phone = self._namespace(who)
        ip("link", "add", f"to-{who}", "netns", self.laptop, "type", "veth", "peer", "name", "wlan0", "netns", phone)
        ip("-n", self.laptop, "link", "set", f"to-{who}", "master", card, "up")
        ip("-n", phone, "address", "add", address, "dev", "wlan0")
        ip("-n", phone, "link", "set", "wlan0", "up")
        return phone

    def airplane_mode(self, phone: str, on: bool) -> None:
        """Take a phone off its network, or bring it back."""
        ip("-n", phone, "link", "set", "wlan0", "down" if on else "up")


@contextmanager
def lan() -> Iterator[Lan]:
    """Make a laptop with a Wi-Fi, wlan0, and take everything away at the end. Skips the test where that can't be."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux, root and iproute2")
    made: Lan | None = None
    try:
        made = Lan()
        made.network("wlan0", "10.77.0.1/24")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine allows no network namespaces: {error.stderr.strip()}")
    try:
        yield made
    finally:
        for name in made.made:
            ip("netns", "delete", name)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Be in a namespace. A socket that is made there stays there."""
    setns = ctypes.CDLL(None, use_errno=True).setns  # Python has it from 3.12 on
    with open("/proc/thread-self/ns/net") as here, open(NAMESPACES / namespace) as there:
        if setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            setns(here.fileno(), CLONE_NEWNET)


def place(url: str) -> tuple[str, int]:
    """Return host and port of a URL."""
    host, _, port = url.split("/")[2].rpartition(":")
    return host, int(port)


def tcp(namespace: str, host: str, port: int) -> socket.socket | None:
    """Connect from a namespace. Return None where nobody listens, or where there is no way."""
    with inside(namespace):
        sock = socket.socket()
        sock.settimeout(3)
        if sock.connect_ex((host, port)) == 0:
            return sock
        sock.close()
        return None


def listens(namespace: str, host: str, port: int) -> bool:
    """Tell whether somebody listens there, as a namespace sees it."""
    if (sock := tcp(namespace, host, port)) is None:
        return False
    sock.close()
    return True


def get(namespace: str, url: str, host: str | None = None) -> bytes:
    """Return the whole response to a GET from a namespace; `host` is the header, by default that of the URL."""
    path = "/" + url.split("/", 3)[3]
    with tcp(namespace, *place(url)) as sock:
        header = host or url.split("/")[2]
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {header}\r\nConnection: close\r\n\r\n".encode())
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
    return b"".join(parts)


@asynccontextmanager
async def websocket(namespace: str, url: str) -> AsyncIterator[Any]:
    """Connect to the WebSocket of a page, from a namespace."""
    sock = tcp(namespace, *place(url))
    assert sock is not None, f"nothing listens at {url}"
    address, origin = f"{url.rstrip('/')}/ws".replace("http", "ws", 1), "/".join(url.split("/")[:3])
    async with connect(address, sock=sock, origin=origin, close_timeout=1, proxy=None) as ws:
        yield ws


@asynccontextmanager
async def joined(namespace: str, url: str, name: str, session: str) -> AsyncIterator[Any]:
    """Let a program on a phone join."""
    async with websocket(namespace, url) as ws:
        await tell(ws, type="join-class", session=session * 32, name=name)
        yield ws


@asynccontextmanager
async def a_class(laptop: str) -> AsyncIterator[dict]:
    """Run `wslearn class` on the laptop, as an instructor does, and yield its addresses."""
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", laptop, sys.executable, "-m", "wslearn", "class", "--json", "--port", "8000"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    finally:
        process.terminate()
        _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, stderr) == (0, b"")
