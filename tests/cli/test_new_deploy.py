"""The files for running a new project: nginx and Caddy accept them, and the chat works through both, if installed."""

import asyncio
import http.client
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from support import free_ports, hear, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from wslearn.cli import new

ORIGIN = "https://chat.example.com"


def program(name: str) -> str:
    if (path := shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin") or shutil.which(name)) is None:
        pytest.skip(f"no {name} found: install it, for example with 'apt-get install {name}'")
    return path


@pytest.fixture
def project(tmp_path) -> Path:
    new.make(tmp_path / "mine")
    return tmp_path / "mine"


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Replace what belongs to another computer; each pattern must be there."""
    for pattern, new_text in changes:
        text, count = re.subn(pattern, lambda _, to=new_text: to, text)
        assert count, f"{pattern} is not in the file"
    return text


def nginx(project: Path, port: int, backend: int) -> tuple[list[str], Path]:
    """Return the command that runs the project's nginx.conf on this computer, and its log."""
    here = project.parent
    certificate = trustme.CA().issue_cert("chat.example.com")
    certificate.private_key_pem.write_to_path(here / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(here / "chain.pem", append=True)
    conf = replaced(
        (project / "deploy" / "nginx.conf").read_text("utf-8"),
        (r"/etc/letsencrypt/live/chat.example.com/fullchain.pem", str(here / "chain.pem")),
        (r"/etc/letsencrypt/live/chat.example.com/privkey.pem", str(here / "key.pem")),
        (r"/var/log/nginx/chat.log", str(here / "chat.log")),
        (r"listen \[::\]:\d+.*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{port + 1};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (r"127.0.0.1:8000", f"127.0.0.1:{backend}"),
    )
    (here / "chat.conf").write_text(conf, "utf-8")
    temporary = "".join(f"{kind}_temp_path tmp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (here / "nginx.conf").write_text(
        f"daemon off; master_process off; pid nginx.pid; error_log error.log; events {{}} "
        f"http {{ access_log off; {temporary} include chat.conf; }}"
    )
    return [program("nginx"), "-p", str(here), "-e", "error.log", "-c", str(here / "nginx.conf")], here / "chat.log"


def caddy(project: Path, port: int, backend: int) -> tuple[list[str], Path]:
    """Return the command that runs the project's Caddyfile on this computer, without TLS, and its log."""
    here = project.parent
    text = replaced(
        (project / "deploy" / "Caddyfile").read_text("utf-8"),
        (r"(?m)^chat.example.com \{", f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{"),
        (r"/var/log/caddy/chat.log", str(here / "chat.log")),
        (r"127.0.0.1:8000", f"127.0.0.1:{backend}"),
    )
    (here / "Caddyfile").write_text(text, "utf-8")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(here / "Caddyfile")], here / "chat.log"


def test_nginx_accepts_its_file(project):
    command, _ = nginx(project, 1025, 8000)
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "warn" not in done.stderr, done.stderr


def test_caddy_accepts_its_file(project):
    path = project / "deploy" / "Caddyfile"
    path.write_text(path.read_text("utf-8").replace("/var/log/caddy/", f"{project}/"), "utf-8")
    command = [program("caddy"), "validate", "--adapter", "caddyfile", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Valid configuration" in done.stdout + done.stderr, done.stderr


@pytest.mark.parametrize("proxy", [nginx, caddy], ids=["nginx", "caddy"])
async def test_the_chat_through_a_proxy(project, server_process, proxy):
    start = [sys.executable, str(project / "chat.py"), "--port", "{port}", "--origin", ORIGIN, "--ping", "1"]
    async with server_process(start) as server:
        port = free_ports(2)
        command, log = proxy(project, port, server.port)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = await asyncio.create_subprocess_exec(*command, **quiet)
        try:
            await through(proxy is nginx, port, log, process)
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 20)


async def through(tls: bool, port: int, log: Path, process: asyncio.subprocess.Process) -> None:
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws?token=secret-of-ann"

    def status(path: str) -> tuple[int, str]:
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = response.status, response.headers.get("Content-Security-Policy", "")
        connection.close()
        return answer

    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "the proxy has ended"
            try:
                page = await asyncio.to_thread(status, "/?token=secret-of-bob")
                break
            except OSError:
                await asyncio.sleep(0.05)
    assert page[0] == 200 and page[1].startswith("default-src 'none'")
    assert (await asyncio.to_thread(status, "/health"))[0] == 404
    async with connect(url, origin=ORIGIN, ssl=context) as ann, connect(url, ssl=context) as bob:
        assert (await hear(ann, "welcome"))["name"] == "guest-1"
        await hear(bob, "welcome")
        await tell(ann, type="say", text="hi")
        assert (await hear(bob, "message"))["text"] == "hi"
        await bob.send("x" * 5000)
        async with asyncio.timeout(10):
            await bob.wait_closed()
        assert bob.close_code == 1009  # codes come through
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin="https://evil.example.com", ssl=context)
    assert refused.value.response.status_code == 403

    def logged() -> str:
        return log.read_text("utf-8") if log.exists() else ""

    await until(lambda: logged().count("/ws") >= 3)
    assert "secret" not in logged(), logged()
