#!/usr/bin/env bash
# Guess: a browser answers a server's pings outside the page. A page whose script is stuck (a long computation, a
#   breakpoint, a frozen tab) keeps its connection, whatever the server sends meanwhile.
# What happens: only as long as little is sent. With 16 KiB of messages that the page has not read, pings are
#   answered while the script is stuck. With 1 MiB they are not: Chromium stops reading the connection once its
#   buffer for the page (64 to 128 KiB here) is full, the ping waits behind the messages, and the server's keepalive
#   closes a connection that is fine. The page still receives every message, and then 1006. With WebSocketStream no
#   stuck script is needed: a page that reads slowly, for which that interface is made, is closed as well.
# Versions: Chromium 156.0.8078.108, playwright 1.65.2, websockets 17.4, Python 3.11. The keepalive is shortened to
#   1 s and 1 s; with the default 20 s and 20 s a page must be stuck for 20 to 40 s.
# To whom it matters: feeds (prices, positions, logs) to pages that are busy now and then, or stopped in a debugger;
#   readers of WebSocketStream; anyone who takes answered pings as "the page is fine", or unanswered ones as "the
#   network is broken".
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

MESSAGE = bytes(16384)
SMALL, LARGE = 1, 64  # messages
STUCK = """async path => {
    const ws = new WebSocket(location.origin.replace('http', 'ws') + path);
    ws.binaryType = 'arraybuffer';
    let received = 0, closed = null;
    ws.onmessage = ({data}) => { received += data.byteLength; };
    ws.onclose = ({code}) => { closed = code; };
    await new Promise(resolve => { ws.onopen = resolve; });
    const end = Date.now() + 4000;
    while (Date.now() < end);                              // the script is stuck
    await new Promise(resolve => setTimeout(resolve, 1000));
    return [received, closed !== null];
}"""
SLOW = """async path => {
    const stream = new WebSocketStream(location.origin.replace('http', 'ws') + path);
    let closed = false;
    stream.closed.then(() => { closed = true; }, () => { closed = true; });
    const reader = (await stream.opened).readable.getReader();
    const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
    let received = (await reader.read()).value.byteLength;
    await pause(4000);                                     // the work on the first message
    for (;;) {
        const next = await Promise.race([reader.read().catch(() => ({})), pause(1000).then(() => ({}))]);
        if (!next.value) return [received, closed];
        received += next.value.byteLength;
    }
}"""


async def page_or_websocket(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


async def handler(ws):
    for _ in range(int(ws.request.path[1:])):
        await ws.send(MESSAGE)
    await ws.wait_closed()


async def main():
    options = {"ping_interval": 1, "ping_timeout": 1, "close_timeout": 1, "compression": None}
    results = {}
    async with (
        serve(handler, "127.0.0.1", 0, process_request=page_or_websocket, **options) as server,
        async_playwright() as p,
    ):
        browser = await p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print("Chromium", browser.version, "playwright", version("playwright"), "websockets", version("websockets"))
        for name, script in (("WebSocket, script stuck for 4 s", STUCK), ("WebSocketStream, 4 s a message", SLOW)):
            for count in (SMALL, LARGE):
                page = await browser.new_page()
                await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
                received, closed = results[name, count] = await page.evaluate(script, f"/{count}")
                state = "closed by the server" if closed else "open"
                print(f"{name}: {count:2} messages of 16 KiB sent, {received // 16384:2} received, {state}")
                await page.close()
        await browser.close()
    for (name, count), (received, closed) in results.items():
        if received != count * len(MESSAGE):
            sys.exit(f"CHANGED: {name}: not all {count} messages arrived")
        if closed != (count == LARGE):
            sys.exit(f"CHANGED: {name}: with {count} messages the connection is {'closed' if closed else 'open'}")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
