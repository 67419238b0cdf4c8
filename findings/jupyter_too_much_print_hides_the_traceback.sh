#!/usr/bin/env bash
# Guess: "IOPub data rate exceeded. The Jupyter server will temporarily stop sending output" is about what a cell
#   prints: text is cut, the rest (an error, a plot, the value of a progress bar) is small and gets through. And
#   "temporarily" means that the rest comes later.
# What happens: only printed bytes are counted, but once they are too many everything else is dropped too, and nothing
#   comes later. A cell that prints 600 kB (the limit is 300 kB in 30 s here) and then fails shows no traceback: the
#   front ends draw it from the `error` message, and that one is gone. So is the plot. A widget's update is gone for
#   good: the bar stays where it was, the kernel says 100. Only busy and idle, the input and new widgets (comm_open) are
#   let through, so the cell ends like one that has worked, and "Run All" stops at it without a reason. The next cell
#   begins with a clean slate, which hides that the widget is still wrong.
# Versions: jupyter_server 2.21.1 (by default 3 MB or 3000 messages in 3 s; the second limit drops the same kinds),
#   ipykernel 7.4.0, jupyter_client 8.10.0, websockets 17.4 as the page, Python 3.11.
# To whom it matters: cells that print each message they receive; widgets and progress bars beside a chatty log; whoever
#   reads the warning as cosmetic. Print less, or call the widget's `send_state()` in another cell.
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
from importlib.metadata import version
from pathlib import Path

from websockets.asyncio.client import connect

FOLDER = Path(sys.argv[1])
BIN = Path(sys.executable).parent
TOKEN = uuid.uuid4().hex
PREPARE = """
from IPython.display import display
from comm import create_comm
widget = create_comm(target_name="progress", data={"value": 0})
"""
FLOOD = "for _ in range(600):\n    print('x' * 999, flush=True)\n"
QUIET = "for _ in range(6):\n    print('x' * 999, flush=True)\n"
END = "widget.send({'value': 100})\ndisplay('the plot')\nraise ValueError('the reason')"


class Jupyter:
    async def __aenter__(self):
        folders = {f"JUPYTER_{name}_DIR": str(FOLDER / name) for name in ("RUNTIME", "CONFIG", "DATA")}
        environment = os.environ | folders | {"PATH": f"{BIN}:{os.environ['PATH']}", "IPYTHONDIR": str(FOLDER / "ipy")}
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
        for limit in ("iopub_data_rate_limit=10000", "rate_limit_window=30"):  # long, for a busy computer
            options.append(f"--ZMQChannelsWebsocketConnection.{limit}")
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


class Page:
    def __init__(self, jupyter, kernel):
        self.session = uuid.uuid4().hex
        self.url = f"ws://{jupyter.address}/api/kernels/{kernel}/channels?session_id={self.session}&token={TOKEN}"
        self.heard, self.ends = [], set()
        self.news = asyncio.Event()
        self.request = None

    async def come(self):
        self.ws = await connect(self.url, open_timeout=90)  # the server waits for the kernel
        self.reading = asyncio.create_task(self.read())

    async def read(self):
        async for text in self.ws:
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != self.request:
                continue
            kind, content = message["msg_type"], message["content"]
            name = content.get("name") or content.get("execution_state") or content.get("status")
            self.heard.append(f"{kind} {name}" if name else kind)
            if "exceeded" in content.get("text", ""):
                self.heard.append("warning")
            self.ends |= {kind} if kind == "execute_reply" else {name} if name == "idle" else set()
            self.news.set()

    async def until(self, condition, seconds):
        async with asyncio.timeout(seconds):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def run(self, code):
        self.request, self.heard, self.ends = uuid.uuid4().hex, [], set()
        header = {"msg_id": self.request, "msg_type": "execute_request", "session": self.session}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.ws.send(json.dumps(message | {"buffers": []}))
        await self.until(lambda: self.ends == {"execute_reply", "idle"}, 90)
        return self.heard


async def main():
    packages = ("jupyter_server", "ipykernel", "jupyter_client", "websockets")
    print(*(f"{name} {version(name)}" for name in packages), "Python", sys.version.split()[0])
    async with Jupyter() as jupyter:
        page = Page(jupyter, (await jupyter.ask("", b"{}"))["id"])
        await page.come()
        await page.run(PREPARE)
        seen = {name: await page.run(code + END) for name, code in (("6 kB", QUIET), ("600 kB", FLOOD))}
        await page.ws.close()
    for name, heard in seen.items():
        what = ", ".join(one for one in heard if one != "stream stdout")
        print(f"{name} printed: {heard.count('stream stdout')} messages of it, and {what}")
    quiet, flood = (set(heard) for heard in seen.values())
    said = {"comm_msg", "display_data", "error"}
    if not said < quiet or "warning" in quiet or seen["6 kB"].count("stream stdout") != 6:
        sys.exit("CHANGED: a cell that prints little no longer gets everything through")
    if said & flood or not {"warning", "execute_reply error", "status idle"} < flood:
        sys.exit("CHANGED: a cell that prints much no longer loses its traceback, its plot and its widget's value")


asyncio.run(main())
PY
timeout 240 "$work/venv/bin/python" "$work/check.py" "$work"
