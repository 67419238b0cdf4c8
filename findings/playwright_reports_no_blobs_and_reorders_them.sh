#!/usr/bin/env bash
# Guess: Playwright's `framesent` and `framereceived` events report every message of a page's WebSocket, and
#   `route_web_socket` with nothing but `connect_to_server()` changes nothing that the server can see.
# What happens: messages sent as a Blob are never reported, and neither are empty ones (text or bytes, either way).
#   Behind it, Chromium's Network.webSocketFrameSent does report a Blob, but with an empty payload, and Playwright
#   drops empty frames. And as soon as the socket is routed, a Blob is sent after the texts that the page sent
#   later: the order that the standard guarantees is broken by the test tool. bufferedAmount is then 0 where it was
#   24 without the route.
# Versions: playwright 1.65.2 (Python), Chromium 156.0.8078.108, websockets 17.4, Python 3.11.
# To whom it matters: tests of pages that send Blobs, as MediaRecorder and file inputs give them: "nothing was
#   uploaded" is seen where all was, and a header sent before a file arrives after it in the test only.
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

SENT = ["blob 1", "text 1", "blob 2", "text 2", ""]
TALK = """() => new Promise(resolve => {
    const ws = new WebSocket(location.origin.replace('http', 'ws'));
    let echoed = 0, buffered;
    ws.onopen = () => {
        ws.send(new Blob(['blob 1']));
        ws.send('text 1');
        ws.send(new Blob(['blob 2']));
        ws.send('text 2');
        ws.send('');
        buffered = ws.bufferedAmount;
    };
    ws.onmessage = () => { if (++echoed === 5) resolve(buffered); };
})"""


async def page_or_websocket(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


def text(message):
    return message if isinstance(message, str) else bytes(message).decode()


async def run(browser, routed):
    received, sent_events, received_events, chromium = [], [], [], []

    async def handler(ws):
        async for message in ws:
            received.append(text(message))
            await ws.send(message)

    async with serve(handler, "127.0.0.1", 0, process_request=page_or_websocket) as server:
        context = await browser.new_context()
        page = await context.new_page()
        if routed:
            await page.route_web_socket("**", lambda route: route.connect_to_server() and None)

        def watch(ws):
            ws.on("framesent", lambda payload: sent_events.append(text(payload)))
            ws.on("framereceived", lambda payload: received_events.append(text(payload)))

        page.on("websocket", watch)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Network.enable")
        devtools.on("Network.webSocketFrameSent", lambda event: chromium.append(event["response"]["payloadData"]))
        await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        buffered = await page.evaluate(TALK)
        await page.wait_for_timeout(500)  # for events still on their way
        await context.close()
    print("routed" if routed else "not routed")
    print("  the server received:    ", received)
    print("  framesent reported:     ", sent_events)
    print("  framereceived reported: ", received_events)
    print("  Chromium's own event:   ", chromium)
    print("  bufferedAmount after 5: ", buffered)
    return received, sent_events, received_events, chromium


async def main():
    async with async_playwright() as p:
        browser = await p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print("playwright", version("playwright"), "Chromium", browser.version, "websockets", version("websockets"))
        received, sent, echoed, chromium = await run(browser, routed=False)
        routed = (await run(browser, routed=True))[0]
        await browser.close()
    if received != SENT:
        sys.exit("CHANGED: the server did not receive the messages in order, without a route")
    if sent != ["text 1", "text 2"] or "" in echoed or len(echoed) != 4:
        sys.exit("CHANGED: Playwright reports other frames than the two texts sent and the four echoes with content")
    if chromium != ["", "text 1", "", "text 2", ""]:
        sys.exit("CHANGED: Chromium's event shows something else than an empty payload for a Blob")
    if sorted(routed) != sorted(SENT) or routed.index("blob 1") < routed.index("text 2"):
        sys.exit("CHANGED: the route no longer moves the Blobs behind the texts")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
