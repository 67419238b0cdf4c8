#!/usr/bin/env bash
# Guess: an asynchronous httpx-ws client queues up to `queue_size` messages (512 by default) while the program is
#   busy with something else, and its keepalive works in the background meanwhile, as its documentation and the
#   synchronous client suggest.
# What happens: the asynchronous client never uses `queue_size`; its queue has no room at all. One message that is
#   not being waited for stops the task that reads, so pings are not answered and its own keepalive finds no pong.
#   The client closes a sound connection with 1011 and raises WebSocketNetworkError, wrapped into an ExceptionGroup;
#   what else the server had sent is lost. With the default 20 s and 20 s it takes a program that is busy for 20 to
#   40 s. The synchronous client receives everything.
# Versions: httpx-ws 0.9.0, httpx 0.28.1, anyio 4.16.0, wsproto 1.2.0, websockets 17.4 as server, Python 3.11.
# To whom it matters: asynchronous programs that do something slow between two `receive_…` calls, and their servers,
#   whose log shows a client that "timed out". Receive in a task of its own, into a queue of your own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    httpx-ws==0.9.0 httpx==0.28.1 anyio==4.16.0 wsproto==1.2.0 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import sys
import time
from importlib.metadata import version

import httpx
from httpx_ws import aconnect_ws, connect_ws
from websockets.asyncio.server import serve

KEEPALIVE = {"keepalive_ping_interval_seconds": 1, "keepalive_ping_timeout_seconds": 1}
closes = []


async def handler(ws):
    for number in range(int(ws.request.path[1:])):
        await ws.send(str(number))
    await ws.wait_closed()
    closes.append(ws.close_code)


async def asynchronous(url, count, **options):
    got = []
    try:
        async with httpx.AsyncClient() as client, aconnect_ws(f"{url}/{count}", client, **KEEPALIVE, **options) as ws:
            await asyncio.sleep(3)  # busy with something else
            while len(got) < count:
                got.append(await ws.receive_text(timeout=2))
    except ExceptionGroup as group:
        return len(got), f"{type(group.exceptions[0]).__name__} in a group"
    return len(got), "no error"


def synchronous(url, count):
    got = []
    with httpx.Client() as client, connect_ws(f"{url}/{count}", client, **KEEPALIVE) as ws:
        time.sleep(3)
        while len(got) < count:
            got.append(ws.receive_text(timeout=2))
    return len(got), "no error"


async def main():
    names = ("httpx-ws", "httpx", "anyio", "wsproto", "websockets")
    print(*(f"{name} {version(name)}" for name in names), "Python", sys.version.split()[0])
    print("the client pings every 1 s and waits 1 s; the program is busy for 3 s")
    async with serve(handler, "127.0.0.1", 0, ping_interval=None) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        cases = {
            "asynchronous, nothing sent to it": await asynchronous(url, 0),
            "asynchronous, 5 messages": await asynchronous(url, 5),
            "asynchronous, 5 messages, queue_size=1000": await asynchronous(url, 5, queue_size=1000),
            "synchronous, 5 messages": await asyncio.to_thread(synchronous, url, 5),
        }
        await asyncio.sleep(0.3)
    for (name, (count, error)), code in zip(cases.items(), closes):
        print(f"  {name:42} received {count}, {error}, closed with {code}")
    idle, busy, larger, sync = cases.values()
    if idle != (0, "no error") or sync != (5, "no error"):
        sys.exit("CHANGED: the idle or the synchronous client fails")
    if not busy[0] == larger[0] < 5 or "WebSocketNetworkError" not in busy[1] + larger[1]:
        sys.exit("CHANGED: unread messages no longer end the asynchronous client")
    if closes != [1000, 1011, 1011, 1000]:
        sys.exit(f"CHANGED: the server saw {closes}")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
