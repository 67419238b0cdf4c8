#!/usr/bin/env bash
# Guess: twelve tabs of one application lose their connections in one moment, because a proxy reloads or the server's
#   process is killed. The server answers again at once, and not one attempt fails. So each page is back when it tries,
#   a second later.
# What happens: in Firefox the first page is back after 17 to 35 s, and all the others with it. Firefox counts each open
#   connection that ends without a closing handshake as a failed attempt at its address, and waits before the next
#   attempt 0.2 to 0.4 s, and half as long again for each further failure: for n connections 1.5^(n-1) times as long, up
#   to a minute. So it is the number of tabs (or of WebSockets in a page) that decides, not how long the server was
#   away. The sockets are CONNECTING all the time, without an event, and HTTP requests to the same server take
#   milliseconds. If the server closes the same connections with a closing handshake (1001), all are back
#   in the second that the pages wait.
# Versions: Firefox 153.8.0esr (Debian's firefox-esr), websockets 17.4, Python 3.11.
# To whom it matters: everyone whose users have many tabs or WebSockets open to one server (JupyterLab has one for each
#   kernel), and everyone who restarts servers or proxies: closing politely is worth half a minute to Firefox's users.
#   A page's own pause is not what it waits for, so its "back in 1 s" is wrong. The other finding about Firefox
#   (firefox_one_dead_address…) needs an address where attempts fail; here all succeed.
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
TABS = 12
# A page that connects again a second after it has lost its connection, and counts attempts that fail.
PAGE = """<script>
    let failed = 0
    function go() {
        const ws = new WebSocket("/")
        let opened = false
        ws.onopen = () => { opened = true }
        ws.onclose = () => { if (!opened) failed++; setTimeout(go, 1000) }
    }
    go()
</script>"""
# Milliseconds until an HTTP request is answered.
FETCH = """(async () => {
    const start = performance.now();
    await fetch("/?" + start);
    return Math.round(performance.now() - start);
})()"""
live = set()


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
        response = connection.respond(http.HTTPStatus.OK, PAGE)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "text/html"
        return response


async def handler(ws):
    live.add(ws)
    try:
        await ws.wait_closed()
    finally:
        live.discard(ws)


async def lose(firefox, tab, end):
    """End all connections in one moment. Return the seconds until the first and the last page are back, and the
    milliseconds that HTTP requests took meanwhile."""
    old = set(live)
    start, first, requests = time.monotonic(), None, []
    for ws in old:
        end(ws)
    async with asyncio.timeout(90):
        while len(live - old) < TABS:
            requests.append(await firefox.run(tab, FETCH))
            await asyncio.sleep(0.2)
            if first is None and live - old:
                first = time.monotonic() - start
    last = time.monotonic() - start
    return first or last, last, requests


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    name = subprocess.run(["firefox-esr", "--version"], capture_output=True, text=True).stdout.strip()
    print(name, "websockets", version("websockets"), "Python", sys.version.split()[0])
    closing = set()

    def close(ws):
        closing.add(asyncio.create_task(ws.close(1001)))

    async with serve(handler, "127.0.0.1", 0, process_request=answer) as server, Firefox() as firefox:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        tabs = [await firefox.tab(url) for _ in range(TABS)]
        async with asyncio.timeout(30):
            while len(live) < TABS:
                await asyncio.sleep(0.1)
        seconds = {}
        for how, end in {"closed": close, "dropped": lambda ws: ws.transport.abort()}.items():
            first, last, requests = await lose(firefox, tabs[-1], end)
            seconds[how] = first
            print(f"{TABS} connections {how} in one moment: the first page is back after {first:.1f} s, the last after")
            print(f"  {last:.1f} s; HTTP requests meanwhile took at most {max(requests)} ms")
        failed = sum([int(await firefox.run(tab, "failed")) for tab in tabs])
    print("attempts that failed, of all pages:", failed)
    if failed:
        sys.exit("CHANGED: an attempt has failed, so this shows nothing")
    if seconds["dropped"] < 10 or seconds["dropped"] < 3 * seconds["closed"]:
        sys.exit("CHANGED: connections that were dropped no longer delay the next ones")


asyncio.run(main())
PY
timeout 240 "$work/venv/bin/python" "$work/check.py" "$work"
