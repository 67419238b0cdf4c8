#!/usr/bin/env bash
# Guess: a page whose script is busy slows its server down. Its browser stops reading, the network's buffers fill, and
#   the server sees how much is waiting: it can skip old values, or drop a client that is too slow. So it is in
#   Chromium, which stops reading after about 100 KiB (see chromium_busy_page_stops_answering_pings.sh).
# What happens: WebKit never stops reading. While the page's script is stuck and has received no message at all, the
#   server can send it 64 MiB, or 200 MiB, in seconds. All of it is kept in the memory of the page's process. Pings are
#   answered meanwhile, so a keepalive of 1 s sees nothing either. After that the page receives every message, the
#   oldest first. For the server, a WebKit page with a fast network is never a slow client.
# Versions: WebKitGTK 2.50.6 (Debian's webkit2gtk-driver), websockets 17.4, Python 3.11.
# To whom it matters: whoever sends a feed (prices, positions, video, logs) to browsers, since each browser on an
#   iPhone is WebKit: a limit on the server's write buffer, or `await send()` as a brake, protects the server there and
#   not the page, which works through old messages, or is ended by its phone for want of memory. Only an
#   acknowledgement that the page's own script sends shows how far it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v WebKitWebDriver > /dev/null || ! command -v Xvfb > /dev/null; then
    echo "installing Debian's packages webkit2gtk-driver and xvfb"
    apt-get update -qq > /dev/null
    timeout 500 apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends webkit2gtk-driver xvfb > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import glob
import http
import json
import os
import re
import signal
import socket
import sys
import urllib.request
from contextlib import asynccontextmanager
from importlib.metadata import version

from websockets.asyncio.server import serve

FOLDER = sys.argv[1]
MESSAGE, COUNT = bytes(65536), 1024
PATIENCE = 30  # seconds for the server to send all while the page is stuck
# The synchronous request makes the script wait until the server has sent all, or gives up.
PAGE = """
const [done] = arguments;
const ws = new WebSocket(location.origin.replace('http', 'ws'));
let received = 0, closed = null;
ws.binaryType = 'arraybuffer';
ws.onmessage = ({data}) => { received += data.byteLength; if (received === SIZE) finish(); };
ws.onclose = ({code}) => { closed = code; finish(); };
let while_stuck, told;
const finish = () => done([while_stuck, told, received, closed]);
ws.onopen = () => {
    const request = new XMLHttpRequest();
    request.open('GET', '/when-sent', false);
    request.send();
    while_stuck = received;
    told = request.responseText;
};
""".replace("SIZE", str(len(MESSAGE) * COUNT))


@asynccontextmanager
async def running(*program, **environment):
    """Run a program for a block."""
    with open(f"{FOLDER}/log", "ab") as log:
        process = await asyncio.create_subprocess_exec(
            *program, stdout=log, stderr=log, env=os.environ | environment, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


class Browser:
    """A session of WebKitWebDriver."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    async def do(self, method, path, body=None):
        def ask():
            data = None if body is None else json.dumps(body).encode()
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, method=method), timeout=90) as r:
                return json.loads(r.read())["value"]

        return await asyncio.to_thread(ask)


def memory():
    """Return how many MiB the pages' processes of WebKit use."""
    pages = 0
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            status = open(path).read()
        except OSError:
            continue
        if "WebKitWebProces" in status and (found := re.search(r"VmRSS:\s+(\d+)", status)):
            pages += int(found[1]) // 1024
    return pages


sent, all_sent, used = 0, asyncio.Event(), []


async def answer(connection, request):
    if "Upgrade" in request.headers:
        return None
    text = "<title>page</title>"
    if request.path == "/when-sent":
        try:
            await asyncio.wait_for(all_sent.wait(), PATIENCE)
        except TimeoutError:
            pass
        used.append(memory())
        text = str(sent)
    response = connection.respond(http.HTTPStatus.OK, text)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "text/html"
    return response


async def handler(ws):
    global sent
    for _ in range(COUNT):
        await ws.send(MESSAGE)
        sent += len(MESSAGE)
    all_sent.set()
    await ws.wait_closed()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    read, write = os.pipe()
    os.set_inheritable(write, True)
    port = free_port()
    options = {"ping_interval": 1, "ping_timeout": 1, "compression": None, "open_timeout": None}
    program = ["sh", "-c", f"exec Xvfb -displayfd {write} -screen 0 1024x768x24 -nolisten tcp"]
    with open(f"{FOLDER}/log", "ab") as log:
        xvfb = await asyncio.create_subprocess_exec(*program, stdout=log, stderr=log, pass_fds=[write])
    os.close(write)
    display = (await asyncio.wait_for(asyncio.to_thread(os.read, read, 20), 30)).decode().strip()
    try:
        async with (
            serve(handler, "127.0.0.1", 0, process_request=answer, **options) as server,
            running("WebKitWebDriver", f"--port={port}", DISPLAY=f":{display}", HOME=FOLDER, NO_AT_BRIDGE="1"),
        ):
            browser = Browser(port)
            async with asyncio.timeout(30):
                while True:
                    try:
                        await browser.do("GET", "/status")
                        break
                    except OSError:
                        await asyncio.sleep(0.1)
            (found,) = glob.glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")
            wanted = {"webkitgtk:browserOptions": {"binary": found, "args": ["--automation"]}}
            session = await browser.do("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            path = f"/session/{session['sessionId']}"
            try:
                name = session["capabilities"]["browserVersion"]
                print("WebKitGTK", name, "websockets", version("websockets"), "Python", sys.version.split()[0])
                await browser.do("POST", path + "/timeouts", {"script": 80_000})
                url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
                await browser.do("POST", path + "/url", {"url": url})
                before = memory()
                script = {"script": PAGE, "args": []}
                stuck, told, received, closed = await browser.do("POST", path + "/execute/async", script)
            finally:
                await browser.do("DELETE", path)
    finally:
        xvfb.terminate()
        await xvfb.wait()
    mib = 1 << 20
    print(f"while the script was stuck: the server sent {int(told) / mib:g} MiB, the page received {stuck / mib:g} MiB")
    print(f"memory of the page's process: {before} MiB before, {used[0]} MiB then")
    print(f"afterwards the page has received {received / mib:g} MiB, close code: {closed}")
    if stuck != 0:
        sys.exit("CHANGED: a page receives messages while its script waits, so this measures nothing")
    if int(told) != len(MESSAGE) * COUNT or closed is not None or received != int(told):
        sys.exit("CHANGED: WebKit no longer reads everything for a page that is stuck")


asyncio.run(main())
PY
timeout 200 "$work/venv/bin/python" "$work/check.py" "$work"
