#!/usr/bin/env bash
# Guess: `transport.abort()` on a connection that has ended does nothing, whatever ended it. So a library may call it
#   to be sure, and with websockets every call after the end raises ConnectionClosed, with the code of the server.
# What happens: it depends on bytes that are long gone. If `close()` was called while bytes were unsent, and they were
#   sent after all, asyncio forgets to note that the connection is lost, and the next `abort()` raises AttributeError
#   ('NoneType' object has no attribute 'call_soon'). `close()` is also what asyncio does itself when the other side
#   has finished. websockets calls `abort()` in each call that finds the connection closed. So a client whose 24 MiB
#   are more than the server takes (1009) gets ConnectionClosedError from `recv()`, and on the way out of
#   `async with connect()` it turns into AttributeError: `except ConnectionClosed` around it catches nothing. In
#   `async for ws in connect()`, which is to reconnect for ever, it ends the loop. With 2 MiB, which fit into the
#   buffers of the two kernels, the same programs work. uvloop's transport has no such state.
# Versions: Python 3.11.7 (asyncio alone: the same with 3.12.1 and 3.13.0), uvloop 0.23.0, websockets 17.4. anyio's
#   tracker knows the error as a race in its own `aclose()`.
# To whom it matters: clients that upload, and their tests, which expect ConnectionClosed; programs that call
#   `ws.transport.abort()` on connections that may have ended. Ask `ws.state` first, and catch AttributeError there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 300 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check websockets==17.4 uvloop==0.23.0
cat > "$work/check.py" <<'PY'
import asyncio
import logging
import sys
from importlib.metadata import version

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

MIB = 2**20
BIG = 24 * MIB
logging.disable()


class Client(asyncio.Protocol):
    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc):
        self.lost.set_result(exc)


async def patient(reader, writer):
    while await reader.read(MIB):
        pass
    writer.close()


async def abort_after_close(size):
    async with await asyncio.start_server(patient, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        transport, client = await asyncio.get_running_loop().create_connection(Client, *address)
        transport.write(bytes(size))
        unsent = transport.get_write_buffer_size() > 0
        transport.close()
        assert await asyncio.wait_for(client.lost, 60) is None
        try:
            transport.abort()
        except AttributeError:
            return unsent, "AttributeError"
        return unsent, "nothing"


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def upload(size):
    inside = outside = "nothing"
    async with serve(echo, "127.0.0.1", 0, max_size=MIB) as server:
        host, port = server.sockets[0].getsockname()
        try:
            async with connect(f"ws://{host}:{port}", compression=None) as ws:
                try:
                    await ws.send(bytes(size))
                    await ws.recv()
                except ConnectionClosed as closed:
                    inside = f"ConnectionClosed {closed.rcvd.code}"
                    raise
        except ConnectionClosed as closed:
            outside = f"ConnectionClosed {closed.rcvd.code}"
        except AttributeError:
            outside = "AttributeError"
    return inside, outside


async def reconnect(size):
    times = 0
    async with serve(echo, "127.0.0.1", 0, max_size=MIB) as server:
        host, port = server.sockets[0].getsockname()
        try:
            async for ws in connect(f"ws://{host}:{port}", compression=None):
                times += 1
                if times == 3:
                    break
                try:
                    await ws.send(bytes(size))
                    await ws.recv()
                except ConnectionClosed:
                    continue
        except AttributeError:
            return times, "AttributeError"
    return times, "nothing"


async def trials():
    return {
        "abort() after a close with nothing unsent": await abort_after_close(10),
        "abort() after a close with bytes unsent": await abort_after_close(BIG),
        "2 MiB to a server that takes 1 MiB": await upload(2 * MIB),
        "24 MiB to a server that takes 1 MiB": await upload(BIG),
        "2 MiB, `async for ws in connect()`": await reconnect(2 * MIB),
        "24 MiB, `async for ws in connect()`": await reconnect(BIG),
    }


print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("uvloop", "websockets")))
plain, uv = asyncio.run(trials()), uvloop.run(trials())
for what in plain:
    print(f"{what:42} asyncio {plain[what]}, uvloop {uv[what]}")
closed = "ConnectionClosed 1009"
works = [(False, "nothing"), (True, "nothing"), (closed, closed), (closed, closed), (3, "nothing"), (3, "nothing")]
fails = works.copy()
fails[1::2] = [(True, "AttributeError"), (closed, "AttributeError"), (1, "AttributeError")]
if list(plain.values()) != fails:
    sys.exit("CHANGED: with asyncio, abort() after a drained close no longer fails")
if list(uv.values()) != works:
    sys.exit("CHANGED: uvloop no longer differs")
PY
timeout 180 "$work/venv/bin/python" "$work/check.py"
