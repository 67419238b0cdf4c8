"""A LAN without internet: the instructor's computer and a phone, each in its own network namespace of Linux."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

#: The phone: it prints what it got from the class, and what it gets from the ports that are not for it.
PHONE = """
import asyncio, json, socket, sys, urllib.error, urllib.request
from websockets.asyncio.client import connect

async def join(url):
    origin = "/".join(url.split("/")[:3])
    async with asyncio.timeout(10), connect(url.replace("http", "ws", 1) + "/ws", origin=origin) as ws:
        await ws.send(json.dumps({"type": "join-class", "session": "a" * 32, "name": "Ann"}))
        return json.loads(await ws.recv())["name"]

def status(url):
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code

def tcp(host, port):
    with socket.socket() as sock:
        sock.settimeout(5)
        return sock.connect_ex((host, port)) == 0

url, board_port = sys.argv[1], int(sys.argv[2])
host = url.split("/")[2].split(":")[0]
place = "/".join(url.split("/")[:3])
name = asyncio.run(join(url))
print(json.dumps([name, status(place + "/"), status(place + "/health"), tcp(host, board_port)]))
"""


def ip(*arguments: str) -> None:
    """Run `ip` with these arguments."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture
def lan() -> Iterator[tuple[str, str]]:
    """Two namespaces, connected by one cable, without a route to anywhere else: their names."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux, root and iproute2")
    laptop, phone = (f"wslearn-{who}-{os.getpid()}" for who in ("laptop", "phone"))
    made = []
    try:
        try:
            for name in (laptop, phone):
                ip("netns", "add", name)
                made.append(name)
            ip("link", "add", "wlan-l", "netns", laptop, "type", "veth", "peer", "name", "wlan-p", "netns", phone)
            for name, card, address in ((laptop, "wlan-l", "10.77.0.1/24"), (phone, "wlan-p", "10.77.0.2/24")):
                ip("-n", name, "address", "add", address, "dev", card)
                for one in ("lo", card):
                    ip("-n", name, "link", "set", one, "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine allows no network namespaces: {error.stderr.decode().strip()}")
        yield laptop, phone
    finally:
        for name in made:
            ip("netns", "delete", name)


async def test_a_phone_joins_over_a_lan_without_internet_and_reaches_nothing_else(lan):
    laptop, phone = lan
    process = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", laptop, sys.executable, "-m", "wslearn", "class", "--json", "--port", "8000"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            addresses = json.loads(await process.stdout.readline())
            assert [url.rpartition("/")[0] for url in addresses["urls"]] == ["http://10.77.0.1:8000"]
            board_port = addresses["board_url"].split(":")[2].split("/")[0]
            command = ("ip", "netns", "exec", phone, sys.executable, "-c", PHONE, addresses["url"], board_port)
            other = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            stdout, stderr = await other.communicate()
            assert other.returncode == 0, stderr.decode()
            assert json.loads(stdout) == ["Ann", 404, 404, False]  # the board's port is closed to the phone
    finally:
        process.terminate()
        _, stderr = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, stderr) == (0, b"")
