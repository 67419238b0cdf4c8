"""The files for running a new project: nginx and Caddy accept them, and the chat works through both, if installed."""

import asyncio
import http.client
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from reverse_proxies import caddy, nginx, required
from support import free_ports, hear, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn import EchoServer, Limits
from wslearn.cli import new

ORIGIN = "https://chat.example.com"


@pytest.fixture
def project(tmp_path) -> Path:
    new.make(tmp_path / "mine")
    return tmp_path / "mine"


def test_nginx_accepts_its_file(project):
    command, _ = nginx(project, 1025, 8000)
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and "warn" not in done.stderr, done.stderr


def test_caddy_accepts_its_file(project):
    path = project / "deploy" / "Caddyfile"
    path.write_text(path.read_text("utf-8").replace("/var/log/caddy/", f"{project}/"), "utf-8")
    command = [required("caddy"), "validate", "--adapter", "caddyfile", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0 and "Valid configuration" in done.stdout + done.stderr, done.stderr


@asynccontextmanager
async def running(command: list[str]):
    """Run a proxy, and yield its process."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*command, **quiet)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)


both = pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])


@both
async def test_the_chat_through_a_proxy(project, server_process, proxy):
    start = [sys.executable, str(project / "chat.py"), "--port", "{port}", "--origin", ORIGIN, "--ping", "1"]
    async with server_process(start) as server:
        port = free_ports(2)
        command, log = proxy(project, port, server.port)
        async with running(command) as process:
            await through(proxy is nginx, port, log, process)


@both
async def test_the_courses_own_servers_through_the_same_files(project, proxy):
    """Their Origin rule is "Origin equals Host", so the files must pass on the site's name as Host."""
    async with EchoServer(limits=Limits(hosts=("chat.example.com",))) as server:
        port = free_ports(2)
        command, _ = proxy(project, port, server.port)
        scheme = "wss" if proxy is nginx else "ws"
        there = {"host": "127.0.0.1", "port": port, "ssl": unchecked() if proxy is nginx else None, "proxy": None}
        async with running(command) as process:
            await listens(port, process)
            async with connect(f"{scheme}://chat.example.com/", origin=ORIGIN, **there) as ann:
                assert await asyncio.wait_for(ann.recv(), 30)
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{scheme}://chat.example.com/", origin="https://evil.example.com", **there)
            assert refused.value.response.status_code == 403


def unchecked() -> ssl.SSLContext:
    """Return a context that trusts every certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def listens(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until a proxy accepts connections."""
    async with asyncio.timeout(60):
        while True:
            assert process.returncode is None, "the proxy has ended"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def through(tls: bool, port: int, log: Path, process: asyncio.subprocess.Process) -> None:
    context = unchecked() if tls else None
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws?token=secret-of-ann"

    def status(path: str) -> tuple[int, str]:
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.status, response.headers.get("Content-Security-Policy", "")
        connection.close()
        return answer

    await listens(port, process)
    page = await asyncio.to_thread(status, "/?token=secret-of-bob")
    assert page[0] == 200 and page[1].startswith("default-src 'none'")
    assert (await asyncio.to_thread(status, "/health"))[0] == 404
    async with connect(url, origin=ORIGIN, ssl=context) as ann, connect(url, ssl=context) as bob:
        assert (await hear(ann, "welcome"))["name"] == "guest-1"
        await hear(bob, "welcome")
        await tell(ann, type="say", text="hi")
        assert (await hear(bob, "message"))["text"] == "hi"
        await bob.send("x" * 5000)
        async with asyncio.timeout(30):
            await bob.wait_closed()
        assert bob.close_code == 1009  # codes come through
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin="https://evil.example.com", ssl=context)
    assert refused.value.response.status_code == 403

    def logged() -> str:
        return log.read_text("utf-8") if log.exists() else ""

    await until(lambda: logged().count("/ws") >= 3)
    assert "secret" not in logged(), logged()
