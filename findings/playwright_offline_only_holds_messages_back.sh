#!/usr/bin/env bash
# Guess: `context.set_offline(True)` either leaves an open WebSocket alone (as issues in the trackers say) or cuts
#   it, as losing a network in the end does.
# What happens: neither. The socket stays OPEN and hears no `close`, nothing passes in either direction, and not
#   even pings are answered. What both sides send is held back and arrives, complete and in order, after
#   `set_offline(False)`. So a test "go offline, miss messages, come back, nothing is lost" passes for a page
#   without a line of recovery. Meanwhile bufferedAmount is 0 and `framesent` reports the message, though it has not
#   left the browser. A server with keepalive gives the client up and never gets what was held back; the page learns
#   it (1011 or 1006) when it is online again. New sockets fail at once (1006).
# Versions: playwright 1.65.2 (Python), Chromium 156.0.8078.108, websockets 17.4, Python 3.11.
# To whom it matters: tests of reconnection and of missed messages. To cut a connection, close it at the server or
#   in a proxy between.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get install -y chromium > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 playwright==1.65.2
cat > "$work/check.py" <<'PY'
import asyncio
import http
import shutil
import sys
from importlib.metadata import version

from playwright.async_api import async_playwright
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

CONNECT = """() => new Promise(resolve => {
    window.heard = [];
    window.ws = new WebSocket(location.origin.replace('http', 'ws'));
    ws.onopen = resolve;
    ws.onmessage = event => heard.push(event.data);
    ws.onclose = event => heard.push('close ' + event.code);
    addEventListener('offline', () => heard.push('offline'));
    addEventListener('online', () => heard.push('online'));
})"""
STATE = "() => ({onLine: navigator.onLine, readyState: ws.readyState, buffered: ws.bufferedAmount, heard})"
NEW = """() => new Promise(resolve => {
    const another = new WebSocket(location.origin.replace('http', 'ws'));
    another.onopen = () => resolve('open');
    another.onclose = event => resolve('close ' + event.code);
})"""


async def page_or_websocket(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


async def run(browser, keepalive):
    received, reported, clients = [], [], []

    async def handler(ws):
        clients.append(ws)
        try:
            async for message in ws:
                received.append(message)
        except ConnectionClosed as error:
            received.append(str(error))

    options = {"ping_interval": keepalive, "ping_timeout": keepalive, "close_timeout": 0.5}
    async with serve(handler, "127.0.0.1", 0, process_request=page_or_websocket, **options) as server:
        context = await browser.new_context()
        page = await context.new_page()
        page.on("websocket", lambda ws: ws.on("framesent", lambda payload: reported.append(payload)))
        await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await page.evaluate(CONNECT)
        await context.set_offline(True)
        for number in (1, 2):
            await page.evaluate(f"() => ws.send('page {number}')")
            await clients[0].send(f"server {number}")
        await asyncio.sleep(3)
        offline = await page.evaluate(STATE)
        print("keepalive", keepalive)
        print("  offline for 3 s, page:  ", offline)
        print("  reported as sent:       ", reported)
        print("  the server has received:", received)
        before = list(received)
        print("  a new socket:           ", new := await page.evaluate(NEW))
        await context.set_offline(False)
        await asyncio.sleep(1.5)
        online = await page.evaluate(STATE)
        print("  online again, page:     ", online["heard"])
        print("  the server has received:", received)
        await context.close()
    return offline, reported, before, new, online["heard"], received


async def main():
    async with async_playwright() as p:
        browser = await p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print("playwright", version("playwright"), "Chromium", browser.version, "websockets", version("websockets"))
        offline, reported, before, new, heard, received = await run(browser, None)
        *_, before_alive, _, heard_alive, received_alive = await run(browser, 0.5)
        await browser.close()
    expected = {"onLine": False, "readyState": 1, "buffered": 0, "heard": ["offline"]}
    if offline != expected or before or new != "close 1006":
        sys.exit("CHANGED: an open socket is no longer silently held back while offline")
    if reported != ["page 1", "page 2"]:
        sys.exit("CHANGED: messages that are held back are no longer reported as sent")
    missed = [entry for entry in heard if entry.startswith("server")]
    if missed != ["server 1", "server 2"] or received != ["page 1", "page 2"]:
        sys.exit("CHANGED: what was held back no longer arrives, complete and in order")
    given_up = "keepalive ping timeout" in str(before_alive) and "page 1" not in received_alive
    if not given_up or not any(entry.startswith("close") for entry in heard_alive):
        sys.exit("CHANGED: the server's keepalive no longer gives up a page that is offline")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
