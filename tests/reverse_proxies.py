"""What tests of reverse proxies need: each proxy if it is installed, and a new project's own files for running it."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import connect as library_connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from wslearn.testing import ReverseProxy

#: All three, as the programs are called.
NAMES = ("nginx", "haproxy", "caddy")

#: Connections end here on purpose.
quiet = logging.getLogger("tests.reverse_proxies")
quiet.setLevel(logging.CRITICAL + 1)


def required(name: str) -> str:
    """Return the path of a proxy. Skip the test without it, or fail it where WSLEARN_REQUIRE_PROXIES names it."""
    if (path := ReverseProxy.installed(name)) is None:
        what = f"no {name} found: install it, for example with 'apt-get install {name}'"
        if name in os.environ.get("WSLEARN_REQUIRE_PROXIES", "").split():
            pytest.fail(f"{what}, and WSLEARN_REQUIRE_PROXIES asks for it")
        pytest.skip(what)
    return path


def connect(url: str, **options: object) -> library_connect:
    """Connect a client that sends nothing of its own, and uses no proxy of its user's."""
    return library_connect(url, ping_interval=None, proxy=None, **options)


class Behind:
    """A proxy in front of a server of plain `websockets`: its address, and how connections ended at the server."""

    def __init__(self, proxy: ReverseProxy) -> None:
        self.proxy, self.url = proxy, proxy.url.removesuffix("/")
        self.ends: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def end(self) -> ServerConnection:
        """Wait for the end of a connection at the server, and return it."""
        return await asyncio.wait_for(self.ends.get(), 20)


@asynccontextmanager
async def behind(
    name: str, handler: Callable[[ServerConnection], Awaitable[None]], *, idle: float | None = None, **options: object
) -> AsyncIterator[Behind]:
    """Serve behind this proxy. `idle` is its idle timeout if it has one, in seconds."""
    found: list[Behind] = []

    async def noted(ws: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await handler(ws)
        await ws.close()
        found[0].ends.put_nowait(ws)

    required(name)
    async with serve(noted, "127.0.0.1", 0, logger=quiet, **{"ping_interval": None} | options) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with ReverseProxy(name, url, idle_timeout=None if name == "caddy" else idle) as proxy:
            found.append(Behind(proxy))
            yield found[0]


async def waits(ws: ServerConnection) -> None:
    """Handle a client without a word."""
    await ws.wait_closed()


async def echoes(ws: ServerConnection) -> None:
    """Send each message back."""
    async for message in ws:
        await ws.send(message)


# A new project's own files, changed only in what belongs to another computer


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
    return [required("nginx"), "-p", str(here), "-e", "error.log", "-c", str(here / "nginx.conf")], here / "chat.log"


def caddy(project: Path, port: int, backend: int) -> tuple[list[str], Path]:
    """Return the command that runs the project's Caddyfile on this computer, without TLS, and its log."""
    here = project.parent
    text = replaced(
        (project / "deploy" / "Caddyfile").read_text("utf-8"),
        (r"(?m)^chat.example.com \{", f"{{\n\tadmin off\n}}\nhttp://:{port} {{\n\tbind 127.0.0.1"),
        (r"/var/log/caddy/chat.log", str(here / "chat.log")),
        (r"127.0.0.1:8000", f"127.0.0.1:{backend}"),
    )
    (here / "Caddyfile").write_text(text, "utf-8")
    return [required("caddy"), "run", "--adapter", "caddyfile", "--config", str(here / "Caddyfile")], here / "chat.log"
