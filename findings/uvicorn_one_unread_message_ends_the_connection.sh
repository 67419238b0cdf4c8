#!/usr/bin/env bash
# Guess: uvicorn handles pings and pongs below the application. While a handler is busy, or only sends, a healthy
#   client stays connected, because its pongs keep arriving.
# What happens: uvicorn stops reading the socket as soon as one message is waiting for the application. The pong to
#   uvicorn's own keepalive ping is then never read, and uvicorn closes a healthy client with 1011 "keepalive ping
#   timeout". One unread message is enough. A handler that only sends loses each client that has ever said
#   something, and the application is told 1005, as if the client had left. Nobody sees it in a short test: with the
#   default options (20 s and 20 s) it takes 20 to 40 s.
# Versions: uvicorn 0.54.0 with its default WebSocket implementation (websockets-sansio), websockets 17.4, Python
#   3.11. The older implementation (--ws websockets, deprecated) keeps the same clients.
# To whom it matters: anyone with FastAPI or Starlette whose handler may work for 20 s on one message (a language
#   model's answer, a query), or pushes news and never receives.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    uvicorn==0.54.0 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import sys
import warnings
from importlib.metadata import version

import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

warnings.simplefilter("ignore")  # the older implementation announces its end
told = {}  # path: what the application was told about the end


async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    try:
        if scope["path"].startswith("/busy"):
            await receive()
            await asyncio.sleep(4)  # the work on the first message
        else:
            for number in range(16):
                await send({"type": "websocket.send", "text": str(number)})
                await asyncio.sleep(0.25)
        await send({"type": "websocket.send", "text": "done"})
        await send({"type": "websocket.close"})
    except OSError:
        while (event := await receive())["type"] != "websocket.disconnect":
            pass
        told[scope["path"]] = int(event["code"])


async def talk(url, messages):
    """Send the messages and return the last message received, or the code of the close."""
    last = None
    async with connect(url, ping_interval=None) as ws:
        try:
            for message in messages:
                await ws.send(message)
                await asyncio.sleep(0.1)
            async for last in ws:
                pass
        except ConnectionClosed:
            pass
        return last if last == "done" else f"{ws.close_code} {ws.close_reason}"


async def run(implementation):
    config = uvicorn.Config(
        app, port=0, ws=implementation, lifespan="off", log_level="error", ws_ping_interval=1, ws_ping_timeout=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    base = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    cases = {
        "/busy1 handler works for 4 s, nothing unread": ["work"],
        "/busy2 handler works for 4 s, one message unread": ["work", "and this"],
        "/push1 handler only sends, client is silent": [],
        "/push2 handler only sends, client has said one thing": ["subscribe"],
    }
    results = await asyncio.gather(*(talk(base + name.split()[0], said) for name, said in cases.items()))
    server.should_exit = True
    await task
    print(f"{config.ws_protocol_class.__name__}, ping every 1 s, pong within 1 s")
    for name, result in zip(cases, results):
        print(f"  {name:55} {result}")
    return results


async def main():
    print("uvicorn", version("uvicorn"), "websockets", version("websockets"), "Python", sys.version.split()[0])
    default = await run("auto")
    print("  the application was told", told)
    older = await run("websockets")
    ended = "1011 keepalive ping timeout"
    if default != ["done", ended, "done", ended] or told != {"/busy2": 1005, "/push2": 1005}:
        sys.exit("CHANGED: the default implementation no longer ends just the connections with an unread message")
    if older != ["done"] * 4:
        sys.exit("CHANGED: the older implementation no longer keeps all four connections")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
