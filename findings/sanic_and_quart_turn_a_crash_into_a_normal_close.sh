#!/usr/bin/env bash
# Guess: where a handler raises, its client is told of an internal error: 1011, as from websockets, or at worst
#   1006. 1000 means that the handler has come to its end.
# What happens: with Sanic and Quart a crash looks like the end of the work: 1000 for both. Quart turns the
#   exception into an error page with status 500, which nobody can get on a WebSocket, and then closes normally;
#   Sanic closes normally however a handler ends. `async for message in ws` of websockets ends without an exception,
#   and half a result counts as all of it. Under the same server Starlette's clients get 1011, Litestar's 4500.
# Versions: sanic 25.12.1 (its own server), quart 0.22.0, starlette 1.10.0 and litestar 2.25.0 under hypercorn 0.18.0,
#   websockets 17.4 as client, Python 3.11.
# To whom it matters: streams with an end (a query's rows, a model's words, a log) whose client takes 1000 for
#   "complete"; clients that reconnect after errors only. Say the end in a message of its own, or catch the
#   exception in the handler and close with 1011.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 sanic==25.12.1 quart==0.22.0 starlette==1.10.0 litestar==2.25.0 hypercorn==0.18.0
cat > "$work/with_sanic.py" <<'PY'
import sys

from sanic import Sanic

app = Sanic("rows")


@app.websocket("/<kind>")
async def rows(request, ws, kind):
    await ws.send("row 1")
    if kind == "raises":
        raise RuntimeError("the database is gone")


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), single_process=True, motd=False, access_log=False)
PY
cat > "$work/with_quart.py" <<'PY'
from quart import Quart, websocket

app = Quart("rows")


@app.websocket("/<kind>")
async def rows(kind):
    await websocket.send("row 1")
    if kind == "raises":
        raise RuntimeError("the database is gone")
PY
cat > "$work/with_starlette.py" <<'PY'
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def rows(ws):
    await ws.accept()
    await ws.send_text("row 1")
    if ws.path_params["kind"] == "raises":
        raise RuntimeError("the database is gone")
    await ws.close()


app = Starlette(routes=[WebSocketRoute("/{kind}", rows)])
PY
cat > "$work/with_litestar.py" <<'PY'
from litestar import Litestar, WebSocket, websocket


@websocket("/{kind:str}")
async def rows(socket: WebSocket, kind: str) -> None:
    await socket.accept()
    await socket.send_text("row 1")
    if kind == "raises":
        raise RuntimeError("the database is gone")
    await socket.close()


app = Litestar([rows])
PY
cat > "$work/check.py" <<'PY'
import asyncio
import pathlib
import signal
import socket
import sys
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

FOLDER = pathlib.Path(__file__).parent
HYPERCORN = pathlib.Path(sys.executable).parent / "hypercorn"
EXPECTED = {"sanic": 1000, "quart": 1000, "starlette": 1011, "litestar": 4500}


async def until_ready(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)


async def read(url):
    got = []
    async with connect(url, proxy=None) as ws:
        try:
            async for message in ws:
                got.append(message)
            return got, int(ws.close_code), "no exception"
        except ConnectionClosedError as error:
            return got, int(ws.close_code), type(error).__name__


async def run(name):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if name == "sanic":
        command = [sys.executable, "with_sanic.py", str(port)]
    else:
        command = [HYPERCORN, f"with_{name}:app", "--bind", f"127.0.0.1:{port}"]
    with (FOLDER / f"{name}.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(*command, cwd=FOLDER, stdout=log, stderr=log)
    try:
        await asyncio.wait_for(until_ready(port), 20)
        results = [await read(f"ws://127.0.0.1:{port}/{kind}") for kind in ("returns", "raises")]
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(server.wait(), 5)
        except TimeoutError:
            server.kill()
            await server.wait()
    print(f"{name} {version(name)}")
    for kind, result in zip(("ends", "raises"), results):
        print(f"  the handler {kind:7} the client gets", *result)
    return results


async def main():
    # timeout(1) ends this program with SIGTERM: the server is stopped then too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    print("hypercorn", version("hypercorn"), "websockets", version("websockets"), "Python", sys.version.split()[0])
    for name, code in EXPECTED.items():
        ended, raised = await run(name)
        if ended != (["row 1"], 1000, "no exception"):
            sys.exit(f"CHANGED: {name}: a handler's end is {ended}")
        if raised != (["row 1"], code, "no exception" if code == 1000 else "ConnectionClosedError"):
            sys.exit(f"CHANGED: {name}: a handler's exception is {raised}")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
