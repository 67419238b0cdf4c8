#!/usr/bin/env bash
# Guess: a tab left open whose server has stopped tries again and again, and that concerns nobody else. A page of
#   another server, on another port of the same computer, opens its WebSocket at once, as its requests are answered.
# What happens: Firefox holds each new attempt at an address that has just failed back, by half as long again each time
#   (up to a minute), whatever the page asks for. That is known of the page that failed. But Firefox also opens one
#   WebSocket at a time for each IP address, whatever the port, and the attempt that is held back keeps that place. So
#   a forgotten tab that asks for a port where nobody listens, once a second, delays every WebSocket of every other
#   page to that computer: after half a minute by 5 to 10 s, later by up to a minute, between two attempts that fail.
#   The socket just stays CONNECTING; no event, no line in the console; fetch() takes milliseconds meanwhile. Another
#   path, `localhost` for 127.0.0.1, a new tab or a reload do not help. Closing the forgotten tab does, at once. A path
#   that is always refused (404, 403) on the same server does the same, so one dead page slows a whole site.
# Versions: Firefox 153.8.0esr (Debian's firefox-esr), websockets 17.4, Python 3.11. In Chromium another port is free.
# To whom it matters: everyone who develops or teaches on 127.0.0.1 (a notebook or chat of yesterday is still open);
#   several applications behind one proxy. "WebSockets are slow in Firefox" may be the fault of another tab.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v firefox-esr > /dev/null; then
    echo "installing Debian's package firefox-esr"
    apt-get update -qq > /dev/null
    timeout 500 apt-get install -y --no-install-recommends firefox-esr > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import http
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

FOLDER = sys.argv[1]
SECONDS = 35
# A page that tries again a second after each failure.
FORGOTTEN = """{ const go = () => { new WebSocket(%r).onclose = () => setTimeout(go, 1000) }; go() }"""
# Milliseconds until a WebSocket is open, and until an HTTP request is answered.
SOCKET = """new Promise(resolve => {
    const start = performance.now(), ws = new WebSocket(%r);
    ws.onopen = () => { resolve(Math.round(performance.now() - start)); ws.close() };
    ws.onclose = () => resolve(-1);
})"""
FETCH = """(async () => {
    const start = performance.now();
    await fetch("/?" + start);
    return Math.round(performance.now() - start);
})()"""


class Firefox:
    """Firefox with a profile of its own, driven by WebDriver BiDi, which it speaks itself."""

    async def __aenter__(self):
        environment = os.environ | {"HOME": FOLDER, "MOZ_HEADLESS": "1"}
        program = ["firefox-esr", "--no-remote", "--profile", f"{FOLDER}/profile", "--remote-debugging-port", "0"]
        os.mkdir(f"{FOLDER}/profile")
        self.log = open(f"{FOLDER}/log", "wb")
        self.process = await asyncio.create_subprocess_exec(
            *program, stdout=self.log, stderr=self.log, env=environment, start_new_session=True
        )
        try:
            async with asyncio.timeout(90):
                while not (found := re.search(r"ws://[\d.:]+", open(f"{FOLDER}/log").read())):
                    await asyncio.sleep(0.1)
                self.ws = await connect(found[0] + "/session", max_size=None, ping_interval=None)
                self.commands = 0
                await self.do("session.new", capabilities={})
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        self.log.close()

    async def do(self, method, **params):
        self.commands += 1
        await self.ws.send(json.dumps({"id": self.commands, "method": method, "params": params}))
        async for text in self.ws:
            message = json.loads(text)
            if message.get("id") == self.commands:
                if message["type"] == "error":
                    raise RuntimeError(text)
                return message["result"]

    async def tab(self, url):
        context = (await self.do("browsingContext.create", type="tab"))["context"]
        await self.do("browsingContext.navigate", context=context, url=url, wait="complete")
        return context

    async def run(self, tab, script):
        result = await self.do("script.evaluate", expression=script, target={"context": tab}, awaitPromise=True)
        return result["result"].get("value")


def answer(connection, request):
    if "Upgrade" not in request.headers:
        response = connection.respond(http.HTTPStatus.OK, "<title>page</title>")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


async def handler(ws):
    await ws.wait_closed()


async def measure(firefox, tab, url, seconds):
    """Return how long each of several WebSockets and each of several requests took, in milliseconds."""
    sockets, requests = [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        requests.append(await firefox.run(tab, FETCH))
        sockets.append(await firefox.run(tab, SOCKET % url))
        await asyncio.sleep(1)
    return sockets, requests


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    name = subprocess.run(["firefox-esr", "--version"], capture_output=True, text=True).stdout.strip()
    print(name, "websockets", version("websockets"), "Python", sys.version.split()[0])
    async with serve(handler, "127.0.0.1", 0, process_request=answer) as server, Firefox() as firefox:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        page = await firefox.tab(f"http://{address}")
        before, _ = await measure(firefox, page, f"ws://{address}", 4)
        async with serve(handler, "127.0.0.1", 0, process_request=answer) as stopped:
            old = f"127.0.0.1:{stopped.sockets[0].getsockname()[1]}/"
            forgotten = await firefox.tab(f"http://{old}")
        await firefox.run(forgotten, FORGOTTEN % f"ws://{old}")
        beside, requests = await measure(firefox, page, f"ws://{address}", SECONDS)
        await firefox.do("browsingContext.close", context=forgotten)
        after, _ = await measure(firefox, page, f"ws://{address}", 4)
    print("milliseconds until a WebSocket is open")
    print("  alone:                          ", *before)
    print("  beside a tab that asks for a port where nobody listens:", *beside)
    print("  HTTP requests of the same page meanwhile, at most:", max(requests))
    print("  after that tab was closed:      ", *after)
    if -1 in before + beside + after:
        sys.exit("CHANGED: a WebSocket to a server that is there has failed")
    if max(beside) < 4000 or max(beside) < 2 * max(before + after + requests):
        sys.exit("CHANGED: attempts at a dead port no longer hold up the others")


asyncio.run(main())
PY
timeout 240 "$work/venv/bin/python" "$work/check.py" "$work"
