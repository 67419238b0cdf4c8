#!/usr/bin/env bash
# Guess: `ws.transport.get_write_buffer_size()` and `await ws.send()` mean with TLS what they mean without: bytes
#   that the client's connection has not taken yet, and a wait until there are few of them.
# What happens: with TLS a message is encrypted at once and handed down to a second transport, whose buffer is not
#   counted. A client that reads nothing gets 16 MiB: without TLS `send()` waits and the size says 12 MiB; with TLS
#   `send()` returns at once and the size says 0. So a limit for slow clients sees nothing. And keepalive, which
#   otherwise waits for its turn, sends its ping behind those megabytes and starts the clock: a client that is busy
#   downloading is closed over wss, and gets the same message over ws. It reconnects, and downloads again.
#   Messages in pieces of 64 KiB behave with TLS as without.
# Versions: Python 3.11 (asyncio) and uvloop 0.23.0, websockets 17.4, trustme 1.2.1. Pings every 1 s, pongs within
#   1.5 s; with the default 20 s, 20 s and 10 s for closing, a download of more than 50 s is cut.
# To whom it matters: servers that drop slow clients by the buffer's size, or send snapshots, files and histories
#   in one message: all is well in tests over ws, and goes wrong over wss.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 uvloop==0.23.0 trustme==1.2.1
cat > "$work/check.py" <<'PY'
import asyncio
import contextlib
import ssl
import sys
import time
from importlib.metadata import version

import trustme
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

MIB = 1 << 20
DOWNLOAD, SPEED, PIECE = 40 * MIB, 8 * MIB, MIB // 16
authority = trustme.CA()
server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
authority.issue_cert("127.0.0.1").configure_cert(server_tls)
client_tls = ssl.create_default_context()
authority.configure_trust(client_tls)
OPTIONS = {"compression": None, "max_size": None}


def client(port, tls):
    scheme = "wss" if tls else "ws"
    return connect(
        f"{scheme}://127.0.0.1:{port}", ssl=client_tls if tls else None, proxy=None, ping_interval=None, **OPTIONS
    )


def port_of(server):
    return server.sockets[0].getsockname()[1]


async def unread(tls):
    """Send 16 MiB to a client that does not read: has send() returned after a second, and how much is waiting?"""
    result = asyncio.get_running_loop().create_future()

    async def handler(ws):
        sending = asyncio.create_task(ws.send(bytes(16 * MIB)))
        await asyncio.wait([sending], timeout=1)
        result.set_result((sending.done(), ws.transport.get_write_buffer_size() // MIB))
        ws.transport.abort()
        with contextlib.suppress(ConnectionClosed):
            await sending

    async with serve(handler, "127.0.0.1", 0, ssl=server_tls if tls else None, **OPTIONS) as server:
        ws = await client(port_of(server), tls)
        ws.transport.pause_reading()
        returned = await result
        ws.transport.abort()
    return returned


async def slow_line(target):
    """A relay that hands on SPEED bytes a second to the client."""

    async def relay(reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)

        async def up():
            while data := await reader.read(PIECE):
                up_writer.write(data)

        upward = asyncio.create_task(up())
        start, count = time.monotonic(), 0
        with contextlib.suppress(OSError):
            while data := await up_reader.read(PIECE):
                writer.write(data)
                await writer.drain()
                count += len(data)
                await asyncio.sleep(start + count / SPEED - time.monotonic())
        upward.cancel()
        writer.close()
        up_writer.close()

    return await asyncio.start_server(relay, "127.0.0.1", 0)


async def download(tls, pieces):
    """What a client with a line of 8 MiB/s gets of one message of 40 MiB."""

    async def handler(ws):
        with contextlib.suppress(ConnectionClosed):
            await ws.send((bytes(PIECE) for _ in range(DOWNLOAD // PIECE)) if pieces else bytes(DOWNLOAD))
        await ws.wait_closed()

    keepalive = {"ping_interval": 1, "ping_timeout": 1.5, "close_timeout": 0.5}
    async with serve(handler, "127.0.0.1", 0, ssl=server_tls if tls else None, **keepalive, **OPTIONS) as server:
        async with await slow_line(port_of(server)) as line:
            async with client(port_of(line), tls) as ws:
                try:
                    return len(await ws.recv()) // MIB
                except ConnectionClosed:
                    return 0


async def run(loop):
    print(loop)
    plain, tls = await unread(False), await unread(True)
    for name, (returned, size) in (("without TLS", plain), ("with TLS", tls)):
        state = "has returned" if returned else "waits"
        print(f"  client that reads nothing, {name:12} send() of 16 MiB {state:13} buffer size {size} MiB")
    whole, cut, pieces = await asyncio.gather(download(False, False), download(True, False), download(True, True))
    for name, size in (("without TLS", whole), ("with TLS", cut), ("with TLS, in pieces", pieces)):
        got = f"gets its {size} MiB" if size else "is cut off"
        print(f"  client that downloads 40 MiB in 5 s, {name:20} {got}")
    if plain[0] or plain[1] < 4 or (whole, pieces) != (40, 40):
        return f"CHANGED: {loop}: without TLS, or in pieces, it goes otherwise"
    if tls != (True, 0) or cut:
        return f"CHANGED: {loop}: TLS no longer hides what has not been sent"


print("websockets", version("websockets"), "uvloop", version("uvloop"), "Python", sys.version.split()[0])
sys.exit(asyncio.run(run("asyncio")) or uvloop.run(run("uvloop")))
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
