#!/usr/bin/env bash
# Guess: Jupyter keeps what a kernel says while a page's connection is interrupted, and sends it when the page is back
#   (`buffer_offline_messages`, on by default, "avoiding lost messages"). Each page has a session id of its own, so
#   each gets what it missed, whoever else is connected.
# What happens: only the last page that leaves has a buffer. While a second page (a tab, a colleague, a script) is
#   connected to the kernel, nothing is kept for the first: it comes back to a hole in its output, and its widgets
#   miss those updates. A second page that connects only while the first is away throws away what was kept for it,
#   even if it stays for a moment. If the cell ends meanwhile, neither its reply nor `idle` ever arrives: the front
#   end waits for both, [*], though the kernel is idle. No message says that something is missing; the server's log
#   says "Discarding" in one of the cases. Alone, the page gets it all, but for the lines that come while the server
#   asks the kernel, on each return, whether it is alive: none, or one or two.
# Versions: jupyter_server 2.21.1, ipykernel 7.4.0, jupyter_client 8.10.0, websockets 17.4 as the pages, Python 3.11.
# To whom it matters: notebooks opened twice, shown to a class, or watched by an extension or a script; whoever tests
#   reconnection with one page. Keep what must arrive in a variable or a file that a later cell can show.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 300 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    jupyter-server==2.21.1 ipykernel==7.4.0 jupyter-client==8.10.0 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from websockets.asyncio.client import connect

FOLDER = Path(sys.argv[1])
BIN = Path(sys.executable).parent
TOKEN = uuid.uuid4().hex
LINES = 600
CELL = "import time\nfor i in range(%d):\n    print(i, flush=True)\n    time.sleep(0.01)"


class Jupyter:
    async def __aenter__(self):
        folders = {f"JUPYTER_{name}_DIR": str(FOLDER / name) for name in ("RUNTIME", "CONFIG", "DATA")}
        environment = os.environ | folders | {"PATH": f"{BIN}:{os.environ['PATH']}", "IPYTHONDIR": str(FOLDER / "ipy")}
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
        program = [BIN / "jupyter-server", *options, f"--ServerApp.root_dir={FOLDER}"]
        log = (FOLDER / "log").open("w")
        self.process = await asyncio.create_subprocess_exec(*program, stderr=log, env=environment)
        async with asyncio.timeout(90):
            while not (files := list((FOLDER / "RUNTIME").glob("jpserver-*.json"))) or not files[0].read_text():
                await asyncio.sleep(0.05)
            self.address = f"127.0.0.1:{json.loads(files[0].read_text())['port']}"
            while True:  # the file is there before anybody listens
                try:
                    await self.ask("")
                except urllib.error.URLError:
                    await asyncio.sleep(0.05)
                else:
                    return self

    async def __aexit__(self, *_):
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 20)

    async def ask(self, path, body=None):
        headers = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(f"http://{self.address}/api/kernels{path}", body, headers)
        return json.load(await asyncio.to_thread(urllib.request.urlopen, request, timeout=90))

    async def pages(self, kernel, number):
        async with asyncio.timeout(60):
            while (await self.ask(f"/{kernel}"))["connections"] != number:
                await asyncio.sleep(0.05)


class Page:
    def __init__(self, jupyter, kernel):
        self.session = uuid.uuid4().hex
        self.url = f"ws://{jupyter.address}/api/kernels/{kernel}/channels?session_id={self.session}&token={TOKEN}"
        self.lines, self.ends = [], set()
        self.news = asyncio.Event()

    async def come(self):
        self.ws = await connect(self.url, open_timeout=90)  # the server waits for the kernel
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        async for text in self.ws:
            message = json.loads(text)
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                self.lines += content["text"].split()
            if message["parent_header"].get("msg_type") == "execute_request":
                self.ends |= {"reply"} if kind == "execute_reply" else set()
                self.ends |= {"idle"} if content.get("execution_state") == "idle" else set()
            self.news.set()

    async def vanish(self):
        self.ws.transport.abort()
        await asyncio.gather(self.reading, return_exceptions=True)

    async def until(self, condition, seconds):
        async with asyncio.timeout(seconds):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def run(self, code):
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": self.session}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.ws.send(json.dumps(message | {"buffers": []}))


async def story(jupyter, second, lines=LINES):
    kernel = (await jupyter.ask("", b"{}"))["id"]
    first, other = Page(jupyter, kernel), Page(jupyter, kernel)
    await first.come()
    if second == "is there":
        await other.come()
        await jupyter.pages(kernel, 2)
    await first.run(CELL % lines)
    await first.until(lambda: len(first.lines) >= 20, 90)
    await first.vanish()
    await jupyter.pages(kernel, 1 if second == "is there" else 0)
    await asyncio.sleep(1)
    if second == "looks in":
        await other.come()
        await jupyter.pages(kernel, 1)
        await other.vanish()
        await jupyter.pages(kernel, 0)
    await first.come()
    async with asyncio.timeout(90):
        while (await jupyter.ask(f"/{kernel}"))["execution_state"] != "idle":
            await asyncio.sleep(0.1)
    with suppress(TimeoutError):  # the kernel is idle, but the page may never hear of it
        await first.until(lambda: first.ends == {"reply", "idle"}, 8)
    for page in (first, other) if second == "is there" else (first,):
        await page.ws.close()
    return lines - len(set(first.lines)), sorted(first.ends)


async def main():
    packages = ("jupyter_server", "ipykernel", "jupyter_client", "websockets")
    print(*(f"{name} {version(name)}" for name in packages), "Python", sys.version.split()[0])
    async with Jupyter() as jupyter:
        seen = {second: await story(jupyter, second) for second in ("is not there", "is there", "looks in")}
        short = {second: await story(jupyter, second, 60) for second in ("is not there", "is there")}
    for second, (missing, ends) in seen.items():
        print(f"The cell goes on, a second page {second:12}: {missing} of {LINES} lines missing, then", *ends)
    for second, (missing, ends) in short.items():
        print(f"The cell ends, a second page {second:12}: {missing} of 60 lines missing, then", *ends or ["nothing"])
    alone, ends = seen["is not there"]
    if alone > 20 or ends != ["idle", "reply"] or short["is not there"][0] > 20 or short["is not there"][1] != ends:
        sys.exit("CHANGED: a page that is alone no longer gets what it missed")
    if min(seen["is there"][0], seen["looks in"][0]) < 30 or short["is there"][1]:
        sys.exit("CHANGED: a second page no longer costs the first what it missed")


asyncio.run(main())
PY
timeout 240 "$work/venv/bin/python" "$work/check.py" "$work"
