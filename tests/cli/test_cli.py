"""The command line, as real processes: what it prints, what it refuses, how it ends."""

import ast
import asyncio
import json
import os
import runpy
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import click
import jwt
import psutil
import pytest
from support import Stopwatch, free_ports, hear, raw_websocket, tell, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import wslearn as package
from wslearn import Limits, Server, __version__
from wslearn.__main__ import run
from wslearn.cli.main import SERVERS, main
from wslearn.cli.options import LIMITS

#: The library waits for so many seconds for the answer to a close frame, and for the end of a connection.
LIBRARY_WAITS = 10
posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks a process to end")


async def ready(process) -> str:
    """Return the first line on stdout, which says that clients can connect."""
    async with asyncio.timeout(60):
        return (await process.stdout.readline()).decode()


async def ended(process, seconds: float) -> int:
    """Return the exit code of a process that ends within so many seconds; its pipes are read meanwhile."""
    await asyncio.wait_for(process.communicate(), seconds)
    return process.returncode


# Help and version


@pytest.mark.parametrize("command", [[], *([name] for name in sorted(main.commands))], ids=lambda words: "".join(words))
async def test_help_ends_with_examples_that_parse(wslearn, command):
    process = await wslearn(*command, "--help")
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    help_text, _, examples = stdout.decode().partition("Examples:")
    assert help_text.startswith("Usage: wslearn") and examples.strip()
    for line in examples.strip().splitlines():
        program, name, *arguments = line.split()
        assert program == "wslearn"
        assert main.commands[name].make_context(name, arguments, parent=click.Context(main))


async def test_no_arguments_print_the_help(wslearn):
    process = await wslearn()
    stdout, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b"Usage: wslearn" in stdout


async def test_version(wslearn):
    process = await wslearn("--version")
    stdout, _ = await asyncio.wait_for(process.communicate(), 60)
    assert __version__ in stdout.decode()


def test_an_old_python_is_told_so_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    monkeypatch.setattr(sys, "version", "3.10.13 (main)")
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(package.__file__)
    assert str(exit.value).startswith("wslearn needs Python 3.11 or newer, and this is 3.10.13")
    assert "\n" not in str(exit.value)


# What serve prints


async def test_serve_prints_one_line_that_works(wslearn):
    process = await wslearn("serve", "echo", "--port", 0)
    name, url, page_url = (await ready(process)).split()
    assert name == "echo"
    async with asyncio.timeout(30), connect(url) as ws:
        assert await ws.recv() == "Welcome! Connection established."
        await ws.send("hi")
        assert await ws.recv() == "Echo: hi"
    page = await asyncio.to_thread(urllib.request.urlopen, page_url, timeout=30)
    with page:
        assert b"<html" in page.read()


async def test_serve_prints_json(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--json")
    addresses = json.loads(await ready(process))
    assert list(addresses) == ["name", "url", "page_url", "proxy_path"]
    assert addresses["name"] == "echo"
    assert addresses["url"].startswith("ws://127.0.0.1:")
    assert addresses["page_url"] == addresses["url"].replace("ws:", "http:")


async def test_plain_echo(wslearn):
    process = await wslearn("serve", "echo", "--plain", "--port", 0)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        await ws.send("hi")
        assert await ws.recv() == "hi"


@pytest.mark.parametrize("loop", ["auto", "asyncio"])
async def test_loops(wslearn, loop):
    process = await wslearn("serve", "echo", "--port", 0, "--loop", loop)
    assert (await ready(process)).startswith("echo ws://")


async def test_uvloop(wslearn, complaint):
    if find_spec("uvloop"):
        process = await wslearn("serve", "echo", "--port", 0, "--loop", "uvloop")
        assert (await ready(process)).startswith("echo ws://")
    else:
        code, line = await complaint("serve", "echo", "--port", 0, "--loop", "uvloop")
        assert code == 1
        assert "uv run --extra fast wslearn" in line


async def test_the_log_goes_to_stderr_and_verbose_logs_messages(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--verbose", "--exit-with-parent", stdin=subprocess.PIPE)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        await ws.send("a message for the log")
        await ws.recv()
        await ws.recv()
    stdout, stderr = await asyncio.wait_for(process.communicate(b""), 30)
    assert stdout == b""
    log = stderr.decode()
    assert "a message for the log" in log
    assert "connect" in log
    assert "close" in log


async def test_another_address_than_this_machine_is_warned_about(wslearn):
    process = await wslearn(
        "serve", "echo", "--port", 0, "--host", "0.0.0.0", "--exit-with-parent", stdin=subprocess.PIPE
    )
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:  # the address printed is one that works
        await ws.recv()
    _, stderr = await asyncio.wait_for(process.communicate(b""), 30)
    assert "WARNING" in stderr.decode()
    assert "other machines" in stderr.decode()


# Limits


def test_every_limit_has_an_option():
    assert set(LIMITS) == set(Limits.__dataclass_fields__)


async def test_limits_reach_the_server(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--max-size", 10, "--max-connections", 1)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        with pytest.raises(Exception, match="503"):
            await connect(url)
        await ws.send("x" * 11)
        with pytest.raises(ConnectionClosed):
            while True:
                await ws.recv()
        assert ws.close_code == 1009


async def test_none_switches_a_limit_off(wslearn):
    process = await wslearn("serve", "echo", "--plain", "--port", 0, "--max-size", "none", "--origin", "none")
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url, origin="https://elsewhere.example", max_size=None) as ws:
        await ws.send("x" * 100_000)
        assert len(await ws.recv()) == 100_000


async def test_allow_host_allows_one_more_name_and_none_every_name(wslearn):
    async def status(url: str, host: str) -> int:
        port = urlsplit(url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /health HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return int(answer.split()[1])

    process = await wslearn("serve", "echo", "--port", 0, "--allow-host", "a.example", "--allow-host", "B.example")
    _, url, _ = (await ready(process)).split()
    assert [await status(url, host) for host in ("a.example", "b.example", "c.example")] == [200, 200, 403]
    process = await wslearn("serve", "echo", "--port", 0, "--allow-host", "none")
    _, url, _ = (await ready(process)).split()
    assert await status(url, "c.example") == 200


async def test_a_name_that_is_none_is_refused(complaint):
    code, line = await complaint("serve", "echo", "--port", 0, "--allow-host", "http://hub.example/")
    assert code == 1 and "hosts: expected names like 'hub.example.org', got 'http://hub.example/'" in line


async def test_origin_allows_one_more(wslearn):
    process = await wslearn(
        "serve", "echo", "--port", 0, "--origin", "https://a.example", "--origin", "https://b.example"
    )
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30):
        for origin in ("https://a.example", "https://b.example"):
            async with connect(url, origin=origin) as ws:
                await ws.recv()
        with pytest.raises(Exception, match="403"):
            await connect(url, origin="https://c.example")


async def test_compression(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--compression", "deflate")
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        assert "permessage-deflate" in ws.response.headers["Sec-WebSocket-Extensions"]


# What serve refuses


# The servers' own options, tokens, TLS


@pytest.mark.parametrize("name", SERVERS)
async def test_every_server_starts_and_prints_its_line(wslearn, name):
    process = await wslearn("serve", name, "--port", 0)
    line = await ready(process)
    shown, url, page_url = line.split()
    assert shown == name and url.startswith("ws://127.0.0.1:")
    async with connect(url):
        page = await asyncio.to_thread(lambda: urllib.request.urlopen(page_url).read().decode())
        assert f'data-name="{name}"' in page


async def test_a_token_made_on_the_command_line_opens_the_server(wslearn):
    env = {"WSLEARN_SECRET": "the two share it, and nobody else has it"}
    server = await wslearn("serve", "auth", "--port", 0, "--audience", "class", env=env)
    url = (await ready(server)).split()[1]
    maker = await wslearn("token", "ann", "--expires", 60, "--audience", "class", env=env)
    stdout, stderr = await asyncio.wait_for(maker.communicate(), 60)
    assert (maker.returncode, stderr) == (0, b"")
    async with connect(url) as ws:
        await tell(ws, type="authenticate", token=stdout.decode().strip())
        assert await hear(ws) == {"type": "authenticated", "user": "ann"}


async def test_a_token_lives_for_a_fraction_of_a_second_if_told_so(wslearn):
    maker = await wslearn("token", "ann", "--secret", "s", "--expires", 0.5)
    stdout, _ = await asyncio.wait_for(maker.communicate(), 60)
    claims = jwt.decode(stdout.decode().strip(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 0.5


async def test_without_a_secret_one_is_made_and_the_way_to_a_token_told(wslearn):
    server = await wslearn("serve", "chat", "--port", 0, env={"WSLEARN_SECRET": ""})
    url = (await ready(server)).split()[1]
    while "A token for this run: " not in (line := (await server.stderr.readline()).decode()):
        assert line, "the way to a token was not told"
    maker = await wslearn("token", *line.partition("wslearn token ")[2].split())
    stdout, _ = await asyncio.wait_for(maker.communicate(), 60)
    async with connect(url) as ws:
        await tell(ws, type="authenticate", token=stdout.decode().strip())
        assert (await hear(ws))["user"] == "ann"


async def test_interval_reaches_the_heartbeat(wslearn):
    process = await wslearn("serve", "heartbeat", "--port", 0, "--interval", 0.1)
    url = (await ready(process)).split()[1]
    with await raw_websocket(SimpleNamespace(url=url, port=urlsplit(url).port)) as sock:
        assert (await asyncio.to_thread(sock.recv, 1)) == b"\x89"  # a ping (RFC 6455, section 5.5.2)


async def test_tls_says_what_to_trust_and_takes_it_away_again(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--tls")
    _, url, page_url = (await ready(process)).split()
    assert url.startswith("wss://") and page_url.startswith("https://")
    told = ""
    while "cafile=" not in told:
        told = (await process.stderr.readline()).decode()
        assert told, "what to trust was not told"
    file = ast.literal_eval(told.partition("cafile=")[2].strip().rstrip(")"))
    async with connect(url, ssl=ssl.create_default_context(cafile=file)) as ws:
        assert await ws.recv()
    if sys.platform != "win32":
        process.terminate()
        assert await ended(process, 30) == 0
        await until(lambda: not Path(file).exists())


async def test_port_in_use(complaint):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = await complaint("serve", "echo", "--port", port)
    assert code == 1
    assert f"port {port} on 127.0.0.1 is in use" in line
    assert "--port 0" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ech"], ["no server 'ech'", *SERVERS]),
        ([], ["NAME", "wslearn serve --help"]),
        (["echo", "--port", "70000"], ["--port", "70000", "65535"]),
        (["echo", "--port", "x"], ["--port", "'x'"]),
        (["echo", "--host", "no such host"], ["'no such host'"]),
        (["echo", "--host", "198.51.100.1"], ["198.51.100.1"]),
        (["echo", "--loop", "fast"], ["'fast'", "uvloop"]),
        (["echo", "--max-size", "0"], ["max_size", "above 0"]),
        (["echo", "--max-size", "much"], ["--max-size", "'much'"]),
        (["echo", "--rate", "nan"], ["rate"]),
        (["echo", "--compression", "gzip"], ["'gzip'", "deflate"]),
        (["echo", "--interval", "5"], ["--interval is for heartbeat and chat, not for echo"]),
        (["auth", "--plain"], ["--plain is for echo, not for auth"]),
        (["chat", "--interval", "0"], ["interval", "above 0"]),
        (["echo", "--cert", "cert.pem"], ["--cert and --key together"]),
        (["echo", "--cert", "no.pem", "--key", "no.pem"], ["no.pem", "No such file"]),
    ],
    ids=" ".join,
)
async def test_refused(complaint, arguments, words):
    code, line = await complaint("serve", *arguments)
    assert code in (1, 2)
    assert not [word for word in words if word not in line], line


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may use every port")
async def test_a_port_that_needs_more_rights(complaint):
    code, line = await complaint("serve", "echo", "--port", 1)
    assert code == 1
    assert "port 1 " in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ann"], ["no secret", "WSLEARN_SECRET"]),
        (["", "--secret", "s"], ["1 to 64 printable characters"]),
        (["ann", "--secret", "s", "--expires", "0"], ["--expires", "above 0"]),
        (["ann", "--secret", "s", "--expires", "soon"], ["--expires", "'soon'"]),
        (["ann", "--secret", "s", "--expires", "1e12"], ["expires", "before the year 10000", "1e+12"]),
    ],
    ids=" ".join,
)
async def test_no_token(complaint, arguments, words):
    code, line = await complaint("token", *arguments, env={"WSLEARN_SECRET": ""})
    assert code != 0
    assert all(word in line for word in words), line


# latency


@pytest.mark.parametrize(
    ("arguments", "transports"),
    [
        ([], ["http-new", "http-keepalive", "websocket"]),
        (["--push"], ["polling", "long-polling", "sse", "websocket"]),
        (["--push", "--transport", "websocket", "--transport", "sse"], ["websocket", "sse"]),
        (["--transport", "websocket", "http-new"], ["websocket", "http-new"]),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
async def test_latency_prints_json(wslearn, arguments, transports):
    process = await wslearn("latency", *arguments, "--json", "--count", 3, "--delay", 4, "--interval", 20)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    found = json.loads(stdout)
    assert [row["transport"] for row in found] == transports
    for row in found:
        assert row["count"] == 3
        assert row["median_ms"] <= row["p95_ms"] <= row["p99_ms"] and row["theory_ms"] >= 4
        assert row["bytes_down"] > 32 and row["bytes_up"] >= 0
        assert all("clock is known to within" in note for note in row["notes"])  # as it is on a busy machine
        assert row["setup_ms"] >= 0 and row["setup_bytes"] >= 0


async def test_latency_prints_a_table(wslearn):
    process = await wslearn("latency", "--count", 2, "--delay", 2, "--payload", 100)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    first, _, header, units, *rest = stdout.decode().splitlines()
    rows, legend = rest[: rest.index("")], rest[rest.index("") + 1 :]
    assert any(line.startswith("Set-up: ") for line in legend)
    assert first == "From a request to its response. 2 ms one way, 100 bytes a message."
    assert header.split()[:6] == ["transport", "count", "median", "p95", "p99", "theory"] and "ms" in units
    assert {row.split()[0]: row.split()[5] for row in rows} == {
        "http-new": "8.0",
        "http-keepalive": "4.0",
        "websocket": "4.0",
    }


async def test_latency_shows_its_progress_on_a_terminal_and_its_table_elsewhere(wslearn):
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    ours, theirs = pty.openpty()
    try:
        process = await wslearn("latency", "--count", 2, "--delay", 1, stderr=theirs)
        stdout, _ = await asyncio.wait_for(process.communicate(), 60)
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Measuring" in shown and "100%" in shown
    assert stdout.startswith(b"From a request")


async def test_latency_of_a_server_elsewhere(wslearn):
    server = await wslearn("serve", "comparison", "--port", 0, "--tls")
    _, url, page_url = (await ready(server)).split()
    told = ""
    while "cafile=" not in told:
        told = (await server.stderr.readline()).decode()
        assert told, "what to trust was not told"
    trusted = {"SSL_CERT_FILE": ast.literal_eval(told.partition("cafile=")[2].strip().rstrip(")"))}
    for more in ([], ["--push"]):
        process = await wslearn("latency", "--ws", url, "--http", page_url, "--count", 2, *more, env=trusted)
        stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, stderr) == (0, b"")
        assert ". 0 ms one way" in stdout.decode().splitlines()[0]


def test_ctrl_c_while_modules_are_loaded_is_no_traceback(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("wslearn.common.preflight.shadowing", interrupted)
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 130


@posix_signals
async def test_ctrl_c_cancels_latency_in_one_line(wslearn):
    process = await wslearn("latency", "--count", 10_000, "--delay", 20, start_new_session=True)
    children = lambda: psutil.Process(process.pid).children()  # noqa: E731
    await until(lambda: [c for c in children() if c.net_connections("tcp")], 30)
    (server,) = children()
    process.send_signal(signal.SIGINT)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, stdout) == (130, b"")
    assert stderr.decode() == "Cancelled: everything has been stopped.\n"
    await until(lambda: not server.is_running())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--delay", "-1"], ["--delay", "-1"]),
        (["--delay", "nan"], ["delay", "nan"]),
        (["--count", "0"], ["--count", "0"]),
        (["--payload", "65537"], ["--payload", "65536"]),
        (["--interval", "0"], ["--interval"]),
        (["--transport", "sse"], ["http-new, http-keepalive, websocket", "'sse'"]),
        (["websocket"], ["'websocket'", "--transport"]),
        (["--ws", "ws://127.0.0.1:1/"], ["--http and --ws together"]),
        (["--ws", "ws://127.0.0.1:1/", "--http", "http://127.0.0.1:1/"], ["nothing answers at", "127.0.0.1:1"]),
        (["--ws", "elsewhere", "--http", "http://127.0.0.1:1/"], ["ws", "'elsewhere'"]),
    ],
    ids=" ".join,
)
async def test_latency_refused(complaint, arguments, words):
    code, line = await complaint("latency", *arguments)
    assert code in (1, 2)
    assert not [word for word in words if word not in line], line


async def test_the_comparison_says_which_of_its_two_ports_is_taken(complaint):
    port = free_ports(3) + 1
    with socket.create_server(("127.0.0.1", port)):
        for asked in (port, port - 1):
            code, line = await complaint("serve", "comparison", "--port", asked, "--quiet")
            assert code == 1
            assert f"port {port} on 127.0.0.1 is in use" in line and "--port 0" in line


async def test_no_such_command(complaint):
    code, line = await complaint("srve")
    assert code == 2
    assert "srve" in line


@pytest.mark.parametrize(("name", "path"), SERVERS.items())
def test_every_registered_server_is_one(name, path):
    module, _, class_name = path.partition(":")
    cls = getattr(import_module(module), class_name)
    assert issubclass(cls, Server)
    assert cls().name == name


# The end of serve


@posix_signals
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
async def test_signals_close_with_1001_and_exit_0(wslearn, number):
    process = await wslearn("serve", "echo", "--port", 0)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        await ws.recv()
        async with Stopwatch() as watch:
            process.send_signal(getattr(signal, number))
            with pytest.raises(ConnectionClosed):
                await ws.recv()
            assert ws.close_code == 1001
            assert await ended(process, 30) == 0
        assert watch.seconds < LIBRARY_WAITS / 2


@posix_signals
async def test_sigterm_under_a_client_that_reads_nothing(wslearn):
    """Its closing handshake never ends; the server has to."""
    process = await wslearn("serve", "echo", "--port", 0, "--max-unsent", "none", "--stall-timeout", "none")
    _, url, _ = (await ready(process)).split()

    async def talk(ws):
        while True:
            await ws.send("x" * 60_000)

    async with asyncio.timeout(60), connect(url, max_queue=1, close_timeout=0.1) as ws:
        talking = asyncio.create_task(talk(ws))  # without ever a recv()
        await until(lambda: ws.transport.get_write_buffer_size() > 0)
        async with Stopwatch() as watch:
            process.send_signal(signal.SIGTERM)
            assert await ended(process, 30) == 0
        assert watch.seconds < LIBRARY_WAITS / 2
        with pytest.raises(ConnectionClosed):
            await talking


@posix_signals
async def test_sigterm_under_http_clients_that_wait_and_one_that_never_ends_its_body(wslearn):
    process = await wslearn("serve", "comparison", "--port", 0)
    port = urlsplit((await ready(process)).split()[2]).port
    streams = []
    for ask in (b"GET /events HTTP/1.1", b"GET /long-poll HTTP/1.1", b"POST /echo HTTP/1.1\r\nContent-Length: 9"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ask + b"\r\nHost: localhost\r\n\r\n")
        streams.append((reader, writer))
    async with asyncio.timeout(30):
        assert (await streams[0][0].readline()).startswith(b"HTTP/1.1 200")
    async with Stopwatch() as watch:
        process.send_signal(signal.SIGTERM)
        assert await ended(process, 30) == 0
    assert watch.seconds < LIBRARY_WAITS / 2
    for _, writer in streams:
        writer.close()


async def test_it_ends_with_its_parent(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--exit-with-parent", stdin=subprocess.PIPE)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        await ws.recv()
        process.stdin.close()
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_code == 1001
        assert await ended(process, 30) == 0


@posix_signals
async def test_an_interrupt_meant_for_the_parent_does_not_end_it(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, "--exit-with-parent", stdin=subprocess.PIPE)
    _, url, _ = (await ready(process)).split()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30), connect(url) as ws:
        assert await ws.recv() == "Welcome! Connection established."
    assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    assert await ended(process, 30) == 0


async def test_without_the_option_the_end_of_input_means_nothing(wslearn):
    process = await wslearn("serve", "echo", "--port", 0, stdin=subprocess.DEVNULL)
    _, url, _ = (await ready(process)).split()
    async with asyncio.timeout(30), connect(url) as ws:
        assert await ws.recv() == "Welcome! Connection established."
