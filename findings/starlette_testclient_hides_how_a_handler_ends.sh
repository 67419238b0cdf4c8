#!/usr/bin/env bash
# Guess: Starlette's (and FastAPI's) TestClient ends a WebSocket as uvicorn does: a handler learns in its next send
#   or receive that the client has gone, and cleans up.
# What happens: two differences, each hiding something. (1) Leaving the `with` block cancels the handler. A
#   handler that waits for something else than the client (a queue) seems to end; under uvicorn it stays for good
#   after each client. And cleaning up is cut off at its first await, which works under uvicorn. (2) After
#   `ws.close()` the handler's sends succeed; under uvicorn the next one raises WebSocketDisconnect.
# Versions: starlette 1.10.0, uvicorn 0.54.0, httpx2 2.16.2, websockets 17.4, Python 3.11.
# To whom it matters: tests of presence, of subscriptions and of clean-up: what passes here can leak there, and the
#   other way round.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    starlette==1.10.0 httpx2==2.16.2 uvicorn==0.54.0 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import sys
import time
from importlib.metadata import version

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import connect

notes = {"waits": [], "sends": []}


async def noted(ws, name, work):
    notes[name] = ["still running"]
    await ws.accept()
    await ws.send_text("welcome")
    try:
        await work()
        notes[name] = ["came to its end"]
    except BaseException as error:
        notes[name] = [type(error).__name__]
        raise
    finally:
        await asyncio.sleep(0.05)  # tell the others, close a database connection
        notes[name].append("cleaned up")


async def waits(ws):
    await noted(ws, "waits", asyncio.Event().wait)


async def sends(ws):
    async def work():
        for number in range(10):
            await ws.send_text(str(number))
            await asyncio.sleep(0.1)

    try:
        await noted(ws, "sends", work)
    except WebSocketDisconnect:
        pass


app = Starlette(routes=[WebSocketRoute(f"/{handler.__name__}", handler) for handler in (waits, sends)])


def with_testclient():
    client = TestClient(app)
    with client.websocket_connect("/waits") as ws:
        ws.receive_text()
    waiting = notes["waits"]
    with client.websocket_connect("/sends") as ws:
        ws.receive_text()
        ws.close()
        time.sleep(1.5)
    return waiting, notes["sends"]


async def with_uvicorn():
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical"))
    server_task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    base = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    for path in ("/waits", "/sends"):
        async with connect(base + path) as ws:
            await ws.recv()
    await asyncio.sleep(1.5)
    seen = notes["waits"], notes["sends"]
    server.should_exit = server.force_exit = True
    await server_task
    return seen


def main():
    print(*(f"{name} {version(name)}" for name in ("starlette", "uvicorn", "websockets")), "on Python", sys.version[:7])
    test, real = with_testclient(), asyncio.run(with_uvicorn())
    for name, result in (("TestClient", test), ("uvicorn", real)):
        print(name)
        print("  client leaves, handler waits for a queue:", result[0])
        print("  client leaves, handler goes on sending:  ", result[1])
    sys.stdout.flush()
    expected_test = (["CancelledError"], ["came to its end", "cleaned up"])
    expected_real = (["still running"], ["WebSocketDisconnect", "cleaned up"])
    if test != expected_test:
        return "CHANGED: the TestClient ends handlers in another way"
    if real != expected_real:
        return "CHANGED: uvicorn ends handlers in another way"


sys.exit(main())
PY
timeout 60 "$work/venv/bin/python" -W ignore "$work/check.py"
