"""Apps of other libraries in a conversation: what they raise is what a student reads, and nothing stays."""

import asyncio
import builtins
import threading

import pytest
from exercise_cases import answer

from wslearn.exercises import Exercise

IMPORTS = """
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
"""


async def echoes(talk, app):
    async with talk.served(app) as served:
        ann, bob = await talk.clients(served, "Ann", "Bob")
        await ann.asks("hi", "hi", "Reply to Ann.")
        await bob.asks("ho", "ho", "Reply to Bob.")
        await bob.closes()
        await talk.has_connections(served, 1)


def check(code, conversation=echoes):
    return Exercise(conversation, hints=("a",), answer="", why="").check(answer(code, IMPORTS))


def asgi(*lines, start=""):
    """Return a plain ASGI app with these lines for each message, and these before it accepts."""
    return "\n".join([
        "async def app(scope, receive, send):",
        "    assert scope['type'] == 'websocket'",
        f"    {start or 'pass'}",
        "    await receive()",
        "    await send({'type': 'websocket.accept'})",
        "    while (event := await receive())['type'] == 'websocket.receive':",
        *(f"        {line}" for line in lines or ["await send({'type': 'websocket.send', 'text': event['text']})"]),
    ])  # fmt: skip


def starlette(*lines, before="await ws.accept()", after="app = Starlette(routes=[WebSocketRoute('/', handler)])"):
    return "\n".join([
        "async def handler(ws):",
        f"    {before}",
        "    while True:",
        *(f"        {line}" for line in lines or ["await ws.send_text(await ws.receive_text())"]),
        after,
    ])  # fmt: skip


def aiohttp(*lines, start="", after=""):
    return "\n".join([
        "async def handler(request):",
        f"    {start or 'pass'}",
        "    ws = web.WebSocketResponse()",
        "    await ws.prepare(request)",
        "    async for message in ws:",
        *(f"        {line}" for line in lines or ["await ws.send_str(message.data)"]),
        "    return ws",
        "def make():",
        "    app = web.Application()",
        "    app.router.add_get('/', handler)",
        f"    {after or 'pass'}",
        "    return app",
    ])  # fmt: skip


LIFESPAN = """
from contextlib import asynccontextmanager
@asynccontextmanager
async def lifespan(app):
    {before}
    yield
app = Starlette(routes=[WebSocketRoute('/', handler)], lifespan=lifespan)
"""
TASK = "tasks = set()\n"
CANCELLED = ["task = asyncio.create_task(fails())", "await asyncio.wait([task])", "task.cancel()"]

RIGHT = {
    "a handler": "async def handler(ws):\n    async for message in ws:\n        await ws.send(message)",
    "a class": "class Echo(Server):\n    async def handler(self, ws):\n"
    "        async for message in ws:\n            await ws.send(message)",
    "plain ASGI, which knows no lifespan": asgi(),
    "plain ASGI, which asserts what it receives": asgi().replace("assert scope", "scope").replace(
        "await receive()\n", "assert (await receive())['type'] == 'websocket.connect'\n", 1
    ),
    "an object": f"{asgi()}\nclass App:\n    async def __call__(self, scope, receive, send):\n"
    "        await app(scope, receive, send)\nobject_ = App()",
    "Starlette, which lets the end of a connection through": starlette(),
    "Starlette with a lifespan": starlette(after=LIFESPAN.format(before="await asyncio.sleep(0)")),
    "aiohttp": aiohttp(),
    "aiohttp's object": f"{aiohttp()}\nmade_app = make()",
    "a task whose error somebody awaits": asgi(
        "async def fails(): raise ValueError('seen')",
        "task = asyncio.create_task(fails())",
        "await asyncio.wait([task])",
        "assert isinstance(task.exception(), ValueError)",
        "await send({'type': 'websocket.send', 'text': event['text']})",
    ),
    "a task that sends too late, and is cancelled then": asgi(
        "async def fails(): raise RuntimeError('Cannot call \"send\" once a close message has been sent.')",
        *CANCELLED,
        "await send({'type': 'websocket.send', 'text': event['text']})",
    ),
}  # fmt: skip

BOOM = "raise ValueError('boom')"
BEGIN_TASK = ["async def fails(): raise ValueError('boom')", "tasks.add(asyncio.create_task(fails()))"]
RAISES = {
    "a handler": f"async def handler(ws):\n    {BOOM}",
    "ASGI before accept": asgi(start=BOOM),
    "ASGI after accept": asgi(BOOM),
    "ASGI in a task that is kept": TASK + asgi(*BEGIN_TASK),
    "ASGI in a task that is cancelled when it has failed": asgi(
        "async def fails(): raise ValueError('boom')", *CANCELLED
    ),
    "ASGI in a task group": asgi(
        "async def fails(): raise ValueError('boom')",
        "async with asyncio.TaskGroup() as group: group.create_task(fails())",
    ),
    "ASGI in lifespan": asgi("pass").replace(
        "    assert", f"    if scope['type'] == 'lifespan':\n        await receive()\n        {BOOM}\n    assert"
    ),
    "Starlette before accept": starlette(before=BOOM),
    "Starlette after accept": starlette("await ws.receive_text()", BOOM),
    "Starlette in a task": TASK + starlette("await ws.receive_text()", *BEGIN_TASK),
    "Starlette in lifespan": starlette(after=LIFESPAN.format(before=BOOM)),
    "Starlette at the end of its lifespan": starlette(
        after=LIFESPAN.format(before="pass").replace("yield", f"yield\n    {BOOM}")
    ),
    "aiohttp before accept": aiohttp(start=BOOM),
    "aiohttp after accept": aiohttp(BOOM),
    "aiohttp in a task": TASK + aiohttp(*BEGIN_TASK),
    "aiohttp in on_startup": "async def start(app):\n    raise ValueError('boom')\n"
    + aiohttp(after="app.on_startup.append(start)"),
    "aiohttp in on_cleanup": "async def end(app):\n    raise ValueError('boom')\n"
    + aiohttp(after="app.on_cleanup.append(end)"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
async def test_right_apps_pass(name):
    result = await check(RIGHT[name])
    assert result, result


@pytest.mark.parametrize("name", RAISES)
async def test_what_an_app_raises_comes_first_with_its_line(name):
    result = await check(RAISES[name])
    assert result.state == "wrong", result
    first = result.message.splitlines()[0]
    assert "raised ValueError: boom (in `" in first and ", line " in first, result
    assert "check itself failed" not in result.message


OUTLIVES = starlette("try: await ws.send_text(await ws.receive_text())", "except Exception: await asyncio.sleep(0.01)")
OTHERS = {
    "did not start within 4 s": starlette(after=LIFESPAN.format(before="await asyncio.Event().wait()")),
    "blocked the event loop": asgi("time.sleep(8)"),
    "Reply to Ann.": aiohttp("pass"),
    "used before": f"{aiohttp()}\nmade_app = make()\nmade_app.freeze()\nagain = made_app",
    "Expected a handler": "number = 5",
    "pass the class itself": "class Echo(Server):\n    async def handler(self, ws): pass\nserver = Echo()",
    "Ann could not connect": aiohttp(start="raise web.HTTPForbidden"),
}


async def test_a_handlers_line_is_the_students():
    result = await check(f"import json\n\nasync def handler(ws):\n    await ws.recv()\n    {BOOM}")
    assert result.message.startswith("Your handler raised ValueError: boom (in `handler`, line 5)"), result


async def test_a_failed_start_is_told_once():
    result = await check(RAISES["Starlette in lifespan"])
    assert len(result.message.splitlines()) == 1, result
    says = "await receive(); await send({'type': 'lifespan.startup.failed', 'message': 'no database'}); return"
    result = await check(
        asgi().replace("assert scope['type'] == 'websocket'", f"if scope['type'] == 'lifespan': {says}")
    )
    assert result.message == "Your app failed at its start. no database"


@pytest.mark.parametrize("part", OTHERS)
async def test_other_mistakes_are_told(part):
    result = await check(OTHERS[part])
    assert result.state == "wrong" and part in result.message, result


async def test_an_app_must_end_with_its_clients():
    async def one(talk, app):
        async with talk.served(app) as served:
            await (await talk.client(served, "Ann")).asks("hi", "hi")

    result = await check(OUTLIVES, one)
    assert result.state == "wrong" and "is still handling a connection" in result.message, result


async def test_an_app_that_is_a_stub_is_not_attempted():
    for code in (
        "async def app(scope, receive, send): raise NotImplementedError",
        aiohttp(start="raise NotImplementedError"),
    ):
        assert (await check(code)).state == "untouched"


async def test_without_uvicorn_it_is_said_what_to_install(monkeypatch):
    original = builtins.__import__

    def without(name, *args, **options):
        if name == "uvicorn":
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "`pip install uvicorn`" in (await check(asgi())).message
    assert await check(aiohttp())


async def test_nothing_is_left(capfd):
    ports = []

    async def noted(talk, app):
        async with talk.served(app) as served:
            ports.append(int(served.url.rsplit(":")[-1].strip("/")))
            await (await talk.client(served, "Ann")).asks("hi", "hi")

    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    for code in (RIGHT["Starlette with a lifespan"], aiohttp(), RAISES["Starlette after accept"], aiohttp(BOOM)):
        await check(code, noted)
    assert asyncio.all_tasks() == tasks
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
        assert not thread.is_alive(), thread
    for port in ports:
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
    assert len(ports) == 4 and capfd.readouterr() == ("", "")
