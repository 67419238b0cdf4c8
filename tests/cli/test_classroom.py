"""`wslearn class` as a real process: what it prints, and that nothing of it is left."""

import asyncio
import json
import signal
import socket
import sys
from urllib.parse import urlsplit

import psutil
import pytest
from support import free_ports, hear, listening, tell
from websockets.asyncio.client import connect

from wslearn.classroom.addresses import Address, lan_addresses
from wslearn.cli import classroom, serve

posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks a process to end")


async def ready(process) -> dict:
    """Return the addresses that the command prints with `--json`."""
    async with asyncio.timeout(60):
        return json.loads(await process.stdout.readline())


def on_this_machine(url: str) -> str:
    """Return a phone's WebSocket for the address that the command prints, whatever network it is in."""
    port, code = url.rpartition(":")[2].split("/")
    return f"ws://127.0.0.1:{port}/{code}/ws"


async def test_json_says_where_phones_and_board_are(wslearn):
    process = await wslearn("class", "--port", 0, "--code", "TEA42", "--json")
    addresses = await ready(process)
    assert list(addresses) == ["url", "urls", "code", "board_url"]
    assert addresses["code"] == "tea42" and addresses["url"] == addresses["urls"][0]
    assert addresses["url"].endswith("/tea42") and addresses["board_url"].startswith("http://127.0.0.1:")
    assert {url.split("/")[2].rpartition(":")[0] for url in addresses["urls"]} == (
        {one.ip for one in lan_addresses()} or {"127.0.0.1"}
    )
    async with connect(on_this_machine(addresses["url"])) as ws:
        await tell(ws, type="join-class", session="a" * 32, name="Ann")
        assert (await hear(ws, "welcome"))["name"] == "Ann"


@posix_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_class_with_all_its_phones(wslearn, number):
    process = await wslearn("class", "--port", 0, "--json", "--rehearse", 10)
    addresses = await ready(process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children == []  # the rehearsed phones are tasks, not processes
    async with asyncio.timeout(60), connect(addresses["board_url"].replace("http", "ws") + "ws") as board:
        while (await hear(board, "board"))["count"] < 10:
            pass
        process.send_signal(number)
        _, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, stderr) == (0, b"")
    assert not listening(urlsplit(addresses["board_url"]).port)


async def test_text_says_it_all(wslearn):
    port = free_ports(1)
    process = await wslearn("class", "--port", port)
    lines = []
    async with asyncio.timeout(60):
        while not lines or b"Ctrl-C" not in lines[-1]:
            lines.append(await process.stdout.readline())
    text = b"".join(lines).decode()
    assert "http://127.0.0.1:" in text.splitlines()[1] and "wslearn-key-" in text.splitlines()[1]
    assert "\x1b" not in text  # it is no terminal
    if lan_addresses():
        assert f":{port}/" in text and "▄" in text and f"{port}/tcp" in text and "hotspot" in text
    else:
        assert "in no network" in text


def words(monkeypatch, cards: list[Address]) -> str:
    """Return the text for a computer with these network cards."""

    class Servers:
        class phones:
            port = 8000

        bound, board_url = "0.0.0.0", "http://127.0.0.1:1/wslearn-key-x/"
        urls = [f"http://{card.ip}:8000/tea42" for card in cards] or ["http://127.0.0.1:8000/tea42"]
        url = urls[0]

    monkeypatch.setattr("wslearn.classroom.addresses.reachable", lambda host: cards)
    return classroom.as_text(Servers, colour=False)


def test_several_networks_are_all_shown(monkeypatch):
    text = words(monkeypatch, [Address("192.168.1.7", "wlan0"), Address("10.0.0.5", "eth0")])
    assert "  http://192.168.1.7:8000/tea42  (wlan0)\n  http://10.0.0.5:8000/tea42  (eth0)\n" in text
    assert "several networks" in text and "This code is http://192.168.1.7:8000/tea42" in text
    assert "leave a Wi-Fi without internet" in text and "8000/tcp" in text


@pytest.mark.parametrize("encoding, can", [("utf-8", True), ("cp437", True), ("cp1252", False), ("ascii", False)])
def test_without_signs_for_it_there_is_no_code(encoding, can):
    assert classroom.drawable(encoding) == can
    assert not classroom.drawable(None)


def test_in_a_terminal_that_is_too_narrow_for_it_there_is_no_code(monkeypatch):
    cards = [Address("192.168.1.7", "wlan0")]
    for columns, is_there in (("60", True), ("20", False)):
        monkeypatch.setenv("COLUMNS", columns)
        assert ("▄" in words(monkeypatch, cards)) is is_there


def test_no_colour_where_nobody_wants_it(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert classroom.coloured()
    monkeypatch.setenv("TERM", "dumb")
    assert not classroom.coloured()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not classroom.coloured()


def test_no_network_is_said(monkeypatch):
    text = words(monkeypatch, [])
    assert "in no network" in text and "hotspot" in text and "▄" not in text


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--code", "abc"], "expected 4 to 12 letters and digits"),
        (["--rehearse", "1000"], "--rehearse"),
        (["--host", "nobody.invalid"], "no such host"),
        (["--host", "192.0.2.77"], "192.0.2.77: this computer doesn't have that address"),
    ],
)
async def test_what_cannot_be_is_one_line(complaint, arguments, why):
    code, line = await complaint("class", "--port", 0, *arguments)
    assert code != 0 and why in line


async def test_a_port_in_use_is_one_line(complaint):
    with socket.create_server(("0.0.0.0", 0)) as sock:
        code, line = await complaint("class", "--port", sock.getsockname()[1])
    assert code != 0 and "is in use" in line


async def test_serve_prints_what_works_from_other_machines(wslearn):
    process = await wslearn("serve", "echo", "--host", "0.0.0.0", "--port", 0, "--json", "--quiet")
    async with asyncio.timeout(60):
        addresses = json.loads(await process.stdout.readline())
        found = lan_addresses()
        port = addresses["url"].split(":")[2].rstrip("/")
        assert addresses.get("elsewhere", []) == [
            {"url": f"ws://{one.ip}:{port}/", "page_url": f"http://{one.ip}:{port}/"} for one in found
        ]
        for one in addresses.get("elsewhere", []):
            async with connect(one["url"]) as ws:
                assert await ws.recv() == "Welcome! Connection established."


async def test_serve_prints_them_as_text_too(wslearn):
    process = await wslearn("serve", "echo", "--host", "0.0.0.0", "--port", 0, "--quiet")
    async with asyncio.timeout(60):
        assert (await process.stdout.readline()).startswith(b"echo ws://127.0.0.1:")
        for one in lan_addresses():
            line = (await process.stdout.readline()).decode()
            assert line.startswith(f"from another machine: ws://{one.ip}:")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "192.0.2.7"])
def test_serve_on_one_address_prints_no_other(host):
    class Server:
        port, tls = 1, None

    Server.host = host
    assert serve.elsewhere(Server()) == []


async def test_the_rehearsed_phones_vote(wslearn):
    process = await wslearn("class", "--port", 0, "--json", "--rehearse", 12)
    addresses = await ready(process)
    async with asyncio.timeout(60), connect(addresses["board_url"].replace("http", "ws") + "ws") as board:
        while (await hear(board, "board"))["count"] < 12:
            pass
        await tell(board, type="ask", question="Tea?", choices=["yes", "no"])
        while ((state := await hear(board, "board"))["poll"] or {"voted": 0})["voted"] < 12:
            pass
        assert sum(state["poll"]["counts"]) == 12
        assert [one["volunteer"] for one in state["people"]].count("slow-client") == 1


async def test_the_command_needs_little_memory(wslearn):
    """Under 60 MiB (measured: see README), with 100 phones of another process."""
    process = await wslearn("class", "--port", 0, "--json")
    addresses = await ready(process)
    phones = []
    try:
        for number in range(100):
            ws = await connect(on_this_machine(addresses["url"]), ping_interval=None, compression=None)
            phones.append(ws)
            await tell(ws, type="join-class", session=f"{number:032x}", name=f"phone {number}")
            await hear(ws, "wall")
        assert psutil.Process(process.pid).memory_info().rss < 60 * 2**20
    finally:
        await asyncio.gather(*(ws.close() for ws in phones))
