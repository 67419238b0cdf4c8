#!/usr/bin/env bash
# Guess: `asyncio.wait_for(ws.receive_text(), 10)` is the usual way to notice a silent client. A task that receives, and
#   is cancelled when something else is done, is how a handler watches for "stop" while it makes an answer. A message
#   that comes too late for one call is what the next call returns, as with websockets, uvicorn and hypercorn.
# What happens: not under granian. It takes a message from the connection for the call that waits, and if that call is
#   cancelled before the event loop has seen the message, the message is gone: no later call returns it, nothing is
#   logged, and the connection goes on. A handler that computes and then cancels loses what arrived meanwhile every
#   time, for instance the next question of a chat. With a timeout it is a matter of luck: of 300 messages that come at
#   random times near it, some are lost (2 to 20 % on a busy machine). Under uvicorn and hypercorn the same application
#   gets all of them.
# Versions: granian 2.8.9 (ASGI), uvicorn 0.54.0, hypercorn 0.18.0, starlette 1.10.0, websockets 17.4, Python 3.11.
# To whom it matters: FastAPI, Starlette and Litestar handlers with an idle timeout, a heartbeat, or a second task
#   beside the receiving one; and whoever changes the server under them because it is faster: no test on an idle machine
#   shows it. Receive in one task that is never cancelled, into a queue, and put the timeout on the queue.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 200 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    granian==2.8.9 uvicorn==0.54.0 hypercorn==0.18.0 starlette==1.10.0 websockets==17.4
cat > "$work/application.py" <<'PY'
import asyncio
import time

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def count(ws):
    """Count the messages until "end", with a short timeout around each call."""
    await ws.accept()
    texts = set()
    while "end" not in texts:
        try:
            texts.add(await asyncio.wait_for(ws.receive_text(), 0.01))
        except TimeoutError:
            pass
    await ws.send_text(str(len(texts) - 1))


async def busy(ws):
    """Watch for a "stop" during some work, whose last piece takes a second; then receive the next text."""
    await ws.accept()
    await ws.receive_text()
    watching = asyncio.create_task(ws.receive_text())
    await ws.send_text("now")
    await asyncio.sleep(0.3)
    time.sleep(1)
    watching.cancel()
    first = await asyncio.gather(watching, return_exceptions=True)
    again = await asyncio.gather(asyncio.wait_for(ws.receive_text(), 2), return_exceptions=True)
    texts = [answer for answer in first + again if isinstance(answer, str)]
    await ws.send_text(" ".join(texts) or "nothing")


app = Starlette(routes=[WebSocketRoute("/count", count), WebSocketRoute("/busy", busy)])
PY
cat > "$work/check.py" <<'PY'
import asyncio
import random
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from websockets.asyncio.client import connect

FOLDER = Path(__file__).parent
BIN = Path(sys.executable).parent
SERVERS = {
    "granian": ["--interface", "asgi", "--host", "127.0.0.1", "--port", "PORT"],
    "uvicorn": ["--host", "127.0.0.1", "--port", "PORT"],
    "hypercorn": ["--bind", "127.0.0.1:PORT"],
}
MESSAGES = 300
TIMES = 5


async def count(url):
    """Return how many of the messages the application got."""
    async with connect(url + "/count") as ws:
        for number in range(MESSAGES):
            await ws.send(str(number))
            await asyncio.sleep(random.uniform(0.009, 0.013))
        async with asyncio.timeout(30):
            while True:  # "end" may be lost as well
                await ws.send("end")
                try:
                    return int(await asyncio.wait_for(ws.recv(), 1))
                except TimeoutError:
                    pass


async def busy(url):
    """Return what the application got of a text that arrives in the last piece of its work."""
    async with connect(url + "/busy", open_timeout=30) as ws:
        await ws.send("ready")
        await ws.recv()
        await asyncio.sleep(0.6)
        await ws.send("hello")
        return await asyncio.wait_for(ws.recv(), 30)


async def seen(name):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    options = [option.replace("PORT", port) for option in SERVERS[name]]
    log = (FOLDER / f"{name}.log").open("w")
    process = subprocess.Popen([BIN / name, *options, "application:app"], cwd=FOLDER, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(60):
            while socket.socket().connect_ex(("127.0.0.1", int(port))):
                await asyncio.sleep(0.1)
        url = f"ws://127.0.0.1:{port}"
        return [await busy(url) for _ in range(TIMES)], [await count(url) for _ in range(2)]
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    print(*(f"{name} {version(name)}" for name in [*SERVERS, "starlette", "websockets"]), sys.version.split()[0])
    results = {name: await seen(name) for name in SERVERS}
    for name, (answers, counts) in results.items():
        print(f"{name:9} after work and a cancel:", *answers, f"| near the timeout, of {MESSAGES}:", *counts)
    for name in ("uvicorn", "hypercorn"):
        if results[name] != (["hello"] * TIMES, [MESSAGES] * 2):
            sys.exit(f"CHANGED: {name} loses messages, too")
    if "nothing" not in results["granian"][0]:
        sys.exit("CHANGED: granian no longer loses messages when receiving is cancelled")


asyncio.run(main())
PY
timeout 200 "$work/venv/bin/python" "$work/check.py"
