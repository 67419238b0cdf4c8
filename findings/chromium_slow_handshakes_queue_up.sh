#!/usr/bin/env bash
# Guess: a browser opens the WebSockets of a page in parallel, as Python clients do. An asynchronous check of one
#   second in the handshake (a session looked up) costs each of them one second, and a path that hangs delays nobody
#   else.
# What happens: Chromium keeps at most one handshake in progress for each IP address and port, as RFC 6455 (section
#   4.1) asks. Five sockets open after 1, 2, 3, 4 and 5 s, though the server could answer all at once. A socket
#   whose handshake hangs holds up every later one of the same browser profile to that address: in other tabs, on
#   other paths, under another host name. Behind a proxy on one port that is every application there. Another port
#   is free.
# Versions: Chromium 156.0.8078.108, playwright 1.65.2, websockets 17.4, Python 3.11. Control: five Python clients
#   in 1 s.
# To whom it matters: whoever checks a login during the handshake, opens several sockets a page, or has a user with
#   twenty tabs who all reconnect after a restart. A check after the handshake, in the first message, does not
#   queue.
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
import time
from importlib.metadata import version

from playwright.async_api import async_playwright
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

OPEN = """urls => {
    const start = performance.now();
    return Promise.all(urls.map(url => new Promise(resolve => {
        const ws = new WebSocket(url);
        ws.onopen = () => resolve((performance.now() - start) / 1000);
        ws.onclose = () => resolve(-1);
    })));
}"""


async def check_handshake(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response
    await asyncio.sleep({"/check": 1, "/hang": 4}.get(request.path, 0))


async def handler(ws):
    await ws.wait_closed()


async def from_python(url):
    start = time.monotonic()
    async with connect(url):
        return time.monotonic() - start


def seconds(times):
    return " ".join(f"{value:.1f}" for value in times)


async def main():
    async with (
        serve(handler, "127.0.0.1", 0, process_request=check_handshake) as server,
        serve(handler, "127.0.0.1", 0, process_request=check_handshake) as second,
        async_playwright() as p,
    ):
        port, other = (s.sockets[0].getsockname()[1] for s in (server, second))
        base = f"ws://127.0.0.1:{port}"
        browser = await p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print("Chromium", browser.version, "websockets", version("websockets"), "playwright", version("playwright"))
        python = await asyncio.gather(*(from_python(base + "/check") for _ in range(5)))
        print("five sockets, each handshake takes 1 s, Python:  ", seconds(python), "s")
        context = await browser.new_context()
        page, tab = await context.new_page(), await context.new_page()
        await page.goto(f"http://127.0.0.1:{port}/")
        await tab.goto(f"http://127.0.0.1:{port}/")
        chromium = await page.evaluate(OPEN, [base + "/check"] * 5)
        print("five sockets, each handshake takes 1 s, Chromium:", seconds(chromium), "s")
        hanging = asyncio.create_task(page.evaluate(OPEN, [base + "/hang"]))
        await asyncio.sleep(0.5)
        urls = {
            "another path": base + "/fast",
            "another host name": f"ws://localhost:{port}/fast",
            "another port": f"ws://127.0.0.1:{other}/fast",
        }
        times = await tab.evaluate(OPEN, list(urls.values()))
        await hanging
        print("while a handshake of 4 s is half a second old, from another tab:")
        for name, value in zip(urls, times):
            print(f"  {name:20} {value:.1f} s")
        await browser.close()
    if max(python) > 2.5:
        sys.exit("CHANGED: the server no longer answers five handshakes at once")
    if not 4.9 < max(chromium) < 7 or not 0.9 < min(chromium) < 2:
        sys.exit("CHANGED: Chromium no longer makes the five handshakes one after the other")
    if min(times[:2]) < 3 or times[2] > 1.5:
        sys.exit("CHANGED: a hanging handshake no longer holds up exactly the sockets to the same address and port")


asyncio.run(main())
PY
timeout 80 "$work/venv/bin/python" "$work/check.py"
