#!/usr/bin/env bash
# Guess: websockets answers pings and reads pongs in the background, so keepalive judges the connection, not how
#   fast the handler is. While a handler works, the client may send what it likes and stays connected.
# What happens: it depends on how much the client has sent meanwhile. With 16 unread messages nothing happens. With
#   40 the library has stopped reading (max_queue), the client's pong waits behind the unread messages, and the
#   server closes a healthy client with 1011 "keepalive ping timeout". The handler still gets what had been read (18
#   of the 40 here); the rest is lost, and no answer can be sent. With the default 20 s and 20 s it takes a handler
#   that is busy for 20 to 40 s.
# Versions: websockets 17.4 (asyncio), Python 3.11. max_queue=None on the server keeps the client, at the price of
#   memory.
# To whom it matters: handlers that await something slow for each message (a database, a language model, a
#   subprocess) while clients stream (cursor positions, audio chunks, sensor values). The log blames the client's
#   connection.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import sys
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


async def run(unread, **options):
    """What the client gets, and how many of its messages the handler still reads, after 4 s of work on the first."""
    read = 0
    ended = asyncio.Event()

    async def handler(ws):
        nonlocal read
        try:
            await ws.recv()
            await asyncio.sleep(4)
            for read in range(1, unread + 1):
                await ws.recv()
            await ws.send("all read")
        except ConnectionClosed:
            pass
        finally:
            ended.set()

    async with serve(handler, "127.0.0.1", 0, ping_interval=1, ping_timeout=1, compression=None, **options) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", ping_interval=None, compression=None) as ws:
            await ws.send("work")
            for number in range(unread):
                await asyncio.sleep(0.005)  # one read of the server each
                await ws.send(f"position {number}")
            try:
                result = await ws.recv()
            except ConnectionClosed:
                result = f"{ws.close_code} {ws.close_reason}"
        await ended.wait()
    return result, read


async def main():
    print("websockets", version("websockets"), "Python", sys.version.split()[0])
    print("the server pings every 1 s and waits 1 s; the handler works for 4 s")
    few, many, unbounded = await asyncio.gather(run(16), run(40), run(40, max_queue=None))
    print("  16 messages unread:                ", few)
    print("  40 messages unread:                ", many)
    print("  40 messages unread, max_queue=None:", unbounded)
    if few != ("all read", 16) or unbounded != ("all read", 40):
        sys.exit("CHANGED: a client is closed where it used to stay")
    if many[0] != "1011 keepalive ping timeout" or many[1] >= 40:
        sys.exit("CHANGED: the client with 40 unread messages is no longer closed by the server's keepalive")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
