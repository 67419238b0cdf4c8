"""Authors' projects: a FastAPI and an aiohttp chat, each with a bug that a good network hides, on every event loop."""

import re

import psutil
import pytest
from authors import run

pytestmark = pytest.mark.timeout(300)  # each is a pytest of its own, or two

#: Only who says goodbye is forgotten, so the next message to one who was lost ends the handler of whoever sends it.
FASTAPI = """
from fastapi import FastAPI, WebSocket, WebSocketDisconnect


def make():
    app, clients = FastAPI(), []

    @app.websocket("/")
    async def chat(ws: WebSocket):
        await ws.accept()
        clients.append(ws)
        try:
            while (text := await ws.receive_text()) != "bye":
                for client in clients:
                    await client.send_text(text)
            clients.remove(ws)
            await ws.close()
        except WebSocketDisconnect:
            pass

    return app
"""
FASTAPI_FIXED = FASTAPI.replace("            clients.remove(ws)\n", "").replace(
    "            pass\n", "            pass\n        finally:\n            clients.remove(ws)\n"
)
#: Each send waits for its client without a limit, so one client in a tunnel stops the chat for everybody.
AIOHTTP = """
import asyncio
from aiohttp import web


def make():
    app, clients = web.Application(), set()

    async def chat(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        clients.add(ws)
        try:
            async for message in ws:
                for client in list(clients):
                    await client.send_str(message.data)
        finally:
            clients.discard(ws)
        return ws

    app.router.add_get("/", chat)
    return app
"""
AIOHTTP_FIXED = AIOHTTP.replace(
    "                    await client.send_str(message.data)\n",
    """                    try:
                        await asyncio.wait_for(client.send_str(message.data), 0.2)
                    except TimeoutError:
                        clients.discard(client)
                        client._req.transport.abort()  # aiohttp has no public name for it
""",
)
#: The conversations, each without an event loop of its own.
WORDS = """
from app import make


async def everybody_reads_everything(talk, bad_network):
    async with talk.served(make) as server:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        await ann.says("hi")
        await talk.all_hear([ann, bob], "hi")
        await bob.hears_nothing()


async def one_is_lost(talk, bad_network):
    async with talk.served(make) as server, bad_network(server, delay=0.01) as net:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        zoe = await talk.client(net, "Zoe")
        net.cut()
        await zoe.is_closed(1006)
        await talk.has_connections(server, 2)
        for text in ("Zoe?", "Where is Zoe?"):
            await ann.says(text)
            await talk.all_hear([ann, bob], text)


async def one_is_in_a_tunnel(talk, bad_network):
    async with talk.served(make) as server, bad_network(server) as net:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        await talk.client(net, "Zoe")
        await ann.says("hi")
        await bob.hears("hi")
        net.silence()
        for number in range(12):  # until the systems' buffers are full
            text = f"{number} {'x' * 1_000_000}"
            await ann.says(text)
            await bob.hears(text)
"""
CASES = {"fastapi": (FASTAPI, FASTAPI_FIXED, "one_is_lost"), "aiohttp": (AIOHTTP, AIOHTTP_FIXED, "one_is_in_a_tunnel")}
#: How each kind of test runs a conversation, and how its name begins.
LOOPS = {
    "asyncio": "@pytest.mark.asyncio\nasync def test_asyncio_{name}({fixtures}):\n    await {name}({fixtures})\n",
    "anyio": (
        "@pytest.mark.anyio\nasync def test_anyio_{name}({fixtures}, anyio_backend):\n    await {name}({fixtures})\n"
    ),
    "run": "def test_run_{name}({fixtures}):\n    asyncio.run({name}({fixtures}))\n",
}
ONLY_ASYNCIO = "import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"


def authors_tests(fixtures: str, *names: str, loops=tuple(LOOPS)) -> str:
    written = (LOOPS[loop].format(name=name, fixtures=fixtures) for name in names for loop in loops)
    return "import asyncio\nimport gc\nimport pytest\nfrom words import *\n\n" + "\n".join(written)


@pytest.mark.parametrize("framework", CASES)
def test_the_bad_network_finds_what_no_happy_test_does(tmp_path, framework):
    buggy, fixed, finds = CASES[framework]
    loops = tuple(LOOPS) if framework == "fastapi" else ("run",)
    test = authors_tests("talk, bad_network", "everybody_reads_everything", finds, loops=loops)
    done = run(tmp_path, app=buggy, words=WORDS, conftest=ONLY_ASYNCIO, test_it=test)
    assert done.failed.keys() == {f"test_{loop}_{finds}" for loop in loops}, done.output
    for text in done.failed.values():
        if framework == "fastapi":
            assert "Ann should receive 'Where is Zoe?', but receives nothing more: closed with" in text, text
            assert "the network cuts" in text, text
        else:
            assert "Bob should receive" in text and "nothing for 2 s" in text and "the network falls" in text, text
    done = run(tmp_path, app=fixed)
    assert (done.code, done.failed) == (0, {}), done.output
    assert len(done.tests) == 2 * len(loops)


#: What an author may leave to the fixtures: clients of a URL, and everything in a test that fails.
LEFT = """
async def left_alone(talk, bad_network, hostile_clients, server_process):
    async with server_process("echo", "--plain") as server:
        net = await bad_network(server).start()
        zoe = await talk.client(net, "Zoe")
        ann, bob = await talk.clients(server.url, "Ann", "Bob")
        await ann.asks("hi", "hi")
        await hostile_clients(server).stalled_reader()
        bob.stops_reading()
        await net.stop()


async def failing(talk, bad_network, hostile_clients, server_process):
    server = await server_process("echo", "--plain").start()
    print("PID", server.pid)
    async with bad_network(server) as net:
        ann = await talk.client(net, "Ann")
        await hostile_clients(net).stalled_reader()
        await ann.asks("hi", "ho")
"""


def test_what_is_left_open_ends_with_the_test(tmp_path):
    """All warnings are errors here: one about a connection or a process that nobody has ended would be a failure."""
    fixtures = "talk, bad_network, hostile_clients, server_process"
    test = f"{authors_tests(fixtures, 'left_alone', 'failing')}\ndef test_after():\n    gc.collect()\n"
    done = run(tmp_path, words=LEFT, conftest=ONLY_ASYNCIO, test_it=test)
    assert done.failed.keys() == {f"test_{loop}_failing" for loop in LOOPS} and len(done.tests) == 7, done.output
    for text in done.failed.values():
        assert "Ann should receive 'ho', but receives 'hi'." in text, text
    pids = re.findall(r"PID (\d+)", done.output)
    assert len(pids) == 3 and not any(psutil.pid_exists(int(pid)) for pid in pids)


def test_with_xdist(tmp_path):
    test = authors_tests("talk, bad_network", "everybody_reads_everything", "one_is_lost", loops=("run", "asyncio"))
    done = run(tmp_path, "-n", "2", app=FASTAPI_FIXED, words=WORDS, test_one=test, test_two=test)
    assert done.code == 0 and "8 passed" in done.output, done.output
