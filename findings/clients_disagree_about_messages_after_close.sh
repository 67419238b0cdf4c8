#!/usr/bin/env bash
# Guess: `close()` says "I send no more"; what the server had sent before it heard of that still arrives. All
#   clients agree on that, one way or the other, since the RFC allows messages until the other side's close frame.
# What happens: three deliver, four throw away. A client asks, gets the first of three messages, and calls `close()`
#   while the others are on their way or in its memory. The two clients of websockets hand them out afterwards, and
#   so does Node's ws. Chromium, undici (the WebSocket built into newer Nodes), aiohttp and websocket-client drop
#   them without a word. The connection then ends cleanly for both sides: the server's sends have succeeded, and
#   nothing tells anybody that answers are missing. So a clean end does not mean that everything has arrived, and a
#   test client in Python or with ws gets what the page never sees. (Without compression here; with it, undici even
#   reports another end: node24_websocket_calls_its_own_close_a_failure.sh.)
# Versions: websockets 17.4, aiohttp 3.14.5, websocket-client 1.9.2, ws 8.23.0, undici 7.30.2, Node 20.20, Chromium
#   156.0.8078.108, playwright 1.65.2, Python 3.11.
# To whom it matters: pages that say "that was all" and then close, and want the last receipts; tests of pages with
#   another client than a browser; whoever moves from ws to Node's own WebSocket, or from websockets to aiohttp. Let
#   the server close, when it has answered everything.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get install -y chromium > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 aiohttp==3.14.5 websocket-client==1.9.2 playwright==1.65.2
cd "$work"
timeout 120 npm install --silent --no-audit --no-fund \
    ws@8.23.0 undici@7.30.2 > /dev/null
cat > client.cjs <<'JS'
// node client.cjs LIBRARY URL: prints what onmessage got, and the end
const [name, url] = process.argv.slice(2)
const { WebSocket } = require(name)
const got = []
const ws = new WebSocket(url)
ws.onopen = () => ws.send('a question')
ws.onmessage = ({ data }) => {
  got.push(data)
  ws.close(1000)
}
ws.onclose = ({ code, wasClean }) => console.log(JSON.stringify([got, code, wasClean]))
JS
cat > check.py <<'PY'
import asyncio
import http
import json
import pathlib
import shutil
import sys
from importlib.metadata import version

import aiohttp
import websocket
from playwright.async_api import async_playwright
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_sync

MESSAGES = ["first", "second", "third"]
PAGE = """url => new Promise(resolve => {
    const got = [];
    const ws = new WebSocket(url);
    ws.onopen = () => ws.send('a question');
    ws.onmessage = ({data}) => {
        got.push(data);
        ws.close(1000);
    };
    ws.onclose = ({code, wasClean}) => resolve([got, code, wasClean]);
})"""
seen = []  # by the server: messages sent, and the code of the end


async def page_or_websocket(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


async def handler(ws):
    sent = 0
    try:
        await ws.recv()
        for message in MESSAGES:
            await ws.send(message)
            sent += 1
        await ws.wait_closed()
    except ConnectionClosed:
        pass
    seen.append((sent, ws.close_code))


async def with_websockets(url):
    async with connect(url, proxy=None) as ws:
        await ws.send("a question")
        got = [await ws.recv()]
        await ws.close()
        return got + [message async for message in ws]


def with_websockets_sync(url):
    with connect_sync(url, proxy=None) as ws:
        ws.send("a question")
        got = [ws.recv()]
        ws.close()
        return got + list(ws)


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        await ws.send_str("a question")
        got = [await ws.receive_str()]
        await ws.close()
        return got + [message.data async for message in ws]


def with_websocket_client(url):
    got = []

    def on_message(app, message):
        got.append(message)
        if len(got) == 1:
            app.close()

    app = websocket.WebSocketApp(url, on_open=lambda app: app.send("a question"), on_message=on_message)
    app.run_forever()
    return got


async def with_node(library, url):
    node = await asyncio.create_subprocess_exec("node", "client.cjs", library, url, stdout=asyncio.subprocess.PIPE)
    got, code, clean = json.loads((await node.communicate())[0])
    assert (code, clean) == (1000, True), "the end is not clean"
    return got


async def with_chromium(base):
    async with async_playwright() as p:
        browser = await p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"http://{base}/")
        got, code, clean = await page.evaluate(PAGE, f"ws://{base}/")
        assert (code, clean) == (1000, True), "the end is not clean"
        name = f"Chromium {browser.version}"
        await browser.close()
    return name, got


def node_version(library):
    return json.loads(pathlib.Path(f"node_modules/{library}/package.json").read_text())["version"]


async def main():
    results = {}
    async with serve(handler, "127.0.0.1", 0, process_request=page_or_websocket, compression=None) as server:
        base = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        url = f"ws://{base}/"
        results[f"websockets {version('websockets')}, asyncio"] = await with_websockets(url)
        results[f"websockets {version('websockets')}, threads"] = await asyncio.to_thread(with_websockets_sync, url)
        results[f"ws {node_version('ws')}"] = await with_node("ws", url)
        results[f"undici {node_version('undici')}"] = await with_node("undici", url)
        results[f"aiohttp {version('aiohttp')}"] = await with_aiohttp(url)
        results[f"websocket-client {version('websocket-client')}"] = await asyncio.to_thread(with_websocket_client, url)
        name, results[name] = await with_chromium(base)
    for name, got in results.items():
        print(f"{name:30} {got}")
    print("the server saw, of each (messages sent, code):", [(sent, int(code)) for sent, code in seen])
    *delivering, undici, aiohttp_client, websocket_client, chromium = results.values()
    if delivering != [MESSAGES] * 3:
        sys.exit("CHANGED: websockets or ws no longer deliver what comes after close()")
    if [undici, aiohttp_client, websocket_client, chromium] != [MESSAGES[:1]] * 4:
        sys.exit("CHANGED: another client delivers what comes after close()")
    if seen != [(3, 1000)] * 7:
        sys.exit("CHANGED: the server sees another end")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" check.py
