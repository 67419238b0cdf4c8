#!/usr/bin/env bash
# Guess: ASGI servers tell an application how its client left in one way: the code the client closed with, and 1006
#   for a client that was lost, as in the browser and in websockets. A handler that returns ends the connection with
#   1000, as in websockets.
# What happens: no two servers agree. A lost client is 1005 in uvicorn and granian, 1006 in hypercorn and daphne.
#   hypercorn says 1006 for every end, the polite ones too; daphne says None for a close without a code. So "was it
#   lost or did it leave?" cannot be asked portably. And a handler that returns: uvicorn drops the connection
#   without a close frame (1006), hypercorn closes with 1011, granian with no code (1005), also when the handler has
#   raised; under daphne the connection stays open, with nobody behind it.
# Versions: uvicorn 0.54.0, hypercorn 0.18.0, daphne 4.2.3, granian 2.8.9, websockets 17.4, Python 3.11.
# To whom it matters: presence ("left" or "lost connection"), clients that reconnect after errors only, and everyone
#   who moves a handler from websockets to FastAPI, Starlette or Channels, or from one server to another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 uvicorn==0.54.0 hypercorn==0.18.0 daphne==4.2.3 granian==2.8.9
cat > "$work/application.py" <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        raise NotImplementedError("only WebSockets")
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/returns":
        return
    if scope["path"] == "/raises":
        raise RuntimeError("a mistake in the handler")
    while (event := await receive())["type"] != "websocket.disconnect":
        pass
    code = event.get("code")
    print("told", scope["path"], code if code is None else int(code), flush=True)
PY
cat > "$work/check.py" <<'PY'
import asyncio
import pathlib
import signal
import socket
import sys
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

BIN = pathlib.Path(sys.executable).parent
FOLDER = pathlib.Path(__file__).parent
COMMANDS = {
    "uvicorn": "uvicorn application:app --port {port} --lifespan off",
    "hypercorn": "hypercorn application:app --bind 127.0.0.1:{port}",
    "daphne": "daphne -b 127.0.0.1 -p {port} application:app",
    "granian": "granian --interface asgi --host 127.0.0.1 --port {port} application:app",
}
#            told at a close with: 4001, no code, a lost connection   seen by the client: handler returns, raises
EXPECTED = {
    "uvicorn": ["4001", "1005", "1005", 1006, 1006],
    "hypercorn": ["1006", "1006", "1006", 1011, 1011],
    "daphne": ["4001", "None", "1006", "open", 1011],
    "granian": ["4001", "1005", "1005", 1005, 1005],
}


async def until_ready(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)


async def leave(base, path):
    ws = await connect(base + path)
    if path == "/code":
        await ws.close(4001)
    elif path == "/none":
        ws.protocol.send_close()
        ws.send_data()
        await ws.wait_closed()
    else:
        ws.transport.abort()


async def stay(base, path):
    async with connect(base + path, close_timeout=1) as ws:
        try:
            await asyncio.wait_for(ws.recv(), 3)
        except TimeoutError:
            return "open"
        except ConnectionClosed:
            return ws.close_code


async def run(name):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program, *arguments = COMMANDS[name].format(port=port).split()
    output = FOLDER / f"{name}.log"
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(BIN / program, *arguments, cwd=FOLDER, stdout=log, stderr=log)
    try:
        await asyncio.wait_for(until_ready(port), 20)
        base = f"ws://127.0.0.1:{port}"
        for path in ("/code", "/none", "/lost"):
            await leave(base, path)
        seen = [await stay(base, "/returns"), await stay(base, "/raises")]
        await asyncio.sleep(0.5)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
    told = dict(line.split()[1:] for line in output.read_text().splitlines() if line.startswith("told"))
    return [told.get(path, "nothing") for path in ("/code", "/none", "/lost")] + seen


async def main():
    # timeout(1) ends this program with SIGTERM: the servers are stopped then too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    print("websockets", version("websockets"), "Python", sys.version.split()[0])
    print("                     the application is told             the client sees")
    print("                     closed 4001  no code  lost          handler returned  raised")
    results = dict(zip(COMMANDS, await asyncio.gather(*map(run, COMMANDS))))
    for name in COMMANDS:
        code, none, lost, returned, raised = results[name]
        print(f"{name + ' ' + version(name):20} {code:12} {none:8} {lost:13} {returned!s:17} {raised}")
    for name, result in results.items():
        if result != EXPECTED[name]:
            sys.exit(f"CHANGED: {name}: {result} instead of {EXPECTED[name]}")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
