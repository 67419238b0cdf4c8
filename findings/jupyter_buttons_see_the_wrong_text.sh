#!/usr/bin/env bash
# Guess: a page's events reach a notebook's widgets in the order in which the user made them: "Send" sees the text as it
#   was when it was pressed. If a cell runs meanwhile, all of them wait for its end. Or, if one has read of the
#   subshells of ipykernel 7, all run beside the cell, in one other thread.
# What happens: while a cell runs, a user types "one", presses Send, types " two" and presses Send again. With ipykernel
#   6 Send sees "o" twice: changes of a widget wait in the page until the kernel has answered the one before, presses do
#   not, and overtake them. With ipykernel 7 it sees "one two" twice: the text arrives while the cell runs, both presses
#   after it. JupyterLab asks for a subshell for every event, but ipykernel sends each to the shell that has last said
#   something about this widget. That is the cells' shell, until a change made in the page is echoed; a button that is
#   only pressed is never echoed. So a widget's first change comes on the main thread and its event loop, the next ones
#   in another thread with another loop. Of a word typed into a chat the first letter is sent, and what the callback
#   then puts into the asyncio.Queue of the task that sends is not: no error, the task sleeps on until something else
#   wakes its loop, such as the server's next message or the next cell.
# Versions: ipykernel 7.4.0 and 6.31.0, jupyterlab 4.6.6 (with its default for commsOverSubshells), ipywidgets 8.1.9,
#   websockets 17.4, Chromium 156.0.8078.108, playwright 1.65.2, Python 3.11.
# To whom it matters: chats, forms and dashboards in notebooks, and their tests, in which no cell runs and nobody types
#   fast. Let a callback pass its work on with `loop.call_soon_threadsafe(...)`, with the loop of the cell, and take
#   what belongs together from one event: with `continuous_update=False` a Text sends when Enter is pressed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get update -qq > /dev/null
    timeout 500 apt-get install -y chromium > /dev/null
fi
python3 -m venv "$work/venv"
timeout 500 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    jupyterlab==4.6.6 ipykernel==7.4.0 ipywidgets==8.1.9 websockets==17.4 playwright==1.65.2
# The same front end with an older kernel, from a folder that comes first in the kernel's path.
timeout 200 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check --no-deps \
    --target "$work/older" ipykernel==6.31.0
cat > "$work/widgets.py" <<'PY'
import asyncio
import threading
import time

import ipykernel
import ipywidgets
from IPython.display import display
from websockets.asyncio.client import connect
from websockets.sync.server import serve

typed, pressed, received = [], [], []  # what the callbacks and the server saw


def read(ws):
    for text in ws:
        received.append((text, time.monotonic()))


server = serve(read, "127.0.0.1", 0, ping_interval=None)  # a ping would wake the cell's loop
threading.Thread(target=server.serve_forever, daemon=True).start()
ws = await connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}", ping_interval=None)
outbox, loop = asyncio.Queue(), asyncio.get_running_loop()
text, button = ipywidgets.Text(), ipywidgets.Button(description="Send")
text.add_class("the-text")
button.add_class("the-button")


async def send():
    while True:
        await ws.send(await outbox.get())


def on_text(change):
    where = "main" if threading.current_thread() is threading.main_thread() else "other"
    typed.append((change.new, where, asyncio.get_running_loop() is loop, time.monotonic()))
    outbox.put_nowait(change.new)


def on_press(_):
    pressed.append((text.value, threading.current_thread() is threading.main_thread()))


sending = asyncio.create_task(send())
text.observe(on_text, "value")
button.on_click(on_press)
display(text, button)
PY
cat > "$work/check.py" <<'PY'
import asyncio
import json
import os
import sys
import uuid
from importlib.metadata import version
from pathlib import Path

from playwright.async_api import async_playwright

FOLDER = Path(sys.argv[1])
BIN = Path(sys.executable).parent
TOKEN = uuid.uuid4().hex
SHOW = """
import json
late = [round(dict(received).get(new, time.monotonic()) - at, 1) for new, where, its_loop, at in typed]
print("RESULT", json.dumps([ipykernel.__version__, [line[:3] for line in typed], pressed, late]), "END")
"""
BUSY = """
import pathlib
until = time.monotonic() + 60
while time.monotonic() < until and not pathlib.Path("typed").exists():
    time.sleep(0.05)
"""
CELLS = [(FOLDER / "widgets.py").read_text(), SHOW, BUSY, SHOW]


class Lab:
    def __init__(self, name, path):
        self.home = FOLDER / name
        self.home.mkdir()
        self.environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": path}
        for kind in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR"):
            self.environment[kind] = str(self.home / kind)
        self.environment |= {"JUPYTERLAB_WORKSPACES_DIR": str(self.home / "w"), "IPYTHONDIR": str(self.home / "i")}
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [
            {"id": f"cell{i}", "cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": i}
            for i, code in enumerate(CELLS)
        ]
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
        (self.home / "chat.ipynb").write_text(json.dumps(content))

    async def __aenter__(self):
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
        program = [BIN / "jupyter-lab", *options, f"--ServerApp.root_dir={self.home}"]
        with (self.home / "log").open("w") as log:
            self.process = await asyncio.create_subprocess_exec(*program, stderr=log, env=self.environment)
        folder = self.home / "JUPYTER_RUNTIME_DIR"
        async with asyncio.timeout(90):
            while not (files := list(folder.glob("jpserver-*.json"))) or not files[0].read_text():
                await asyncio.sleep(0.1)
        return f"http://127.0.0.1:{json.loads(files[0].read_text())['port']}/lab/tree/chat.ipynb?token={TOKEN}"

    async def __aexit__(self, *_):
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 20)


async def run_cell(page, number):
    await page.click(f".jp-CodeCell >> nth={number} >> .cm-content")
    await page.keyboard.press("Shift+Enter")


async def result(page, number):
    await run_cell(page, number)
    shown = page.locator(f".jp-CodeCell >> nth={number} >> .jp-OutputArea-output")
    await shown.filter(has_text="END").wait_for(timeout=60000)
    return json.loads((await shown.inner_text()).split("RESULT")[1].split("END")[0])


async def story(browser, name, path=""):
    lab = Lab(name, path)
    async with lab as url:
        page = await browser.new_page()
        await page.goto(url, timeout=90000)
        await page.wait_for_selector(".jp-CodeCell", timeout=90000)
        for _ in range(4):  # a cell that is run before the kernel is there is forgotten
            await run_cell(page, 0)
            try:
                await page.wait_for_selector(".the-button", timeout=20000)
                break
            except Exception as error:
                problem = error
        else:
            raise problem
        await asyncio.sleep(2)  # a page's first events would go to the main shell anyway
        await page.click(".the-text input")
        await page.keyboard.type("Ann", delay=1000)
        await asyncio.sleep(4)
        kernel, typed, _, late = await result(page, 1)
        await run_cell(page, 2)
        await page.locator(".jp-CodeCell >> nth=2 >> .jp-InputPrompt").filter(has_text="*").wait_for(timeout=20000)
        await page.click(".the-text input")
        await page.keyboard.press("Control+A")
        await page.keyboard.type("one", delay=100)
        await page.click(".the-button")
        await page.click(".the-text input")
        await page.keyboard.press("End")
        await page.keyboard.type(" two", delay=100)
        await page.click(".the-button")
        await asyncio.sleep(4)  # what can arrive while the cell runs does so now
        (lab.home / "typed").touch()
        _, _, pressed, _ = await result(page, 3)
        await page.close()
    print(f"ipykernel {kernel}:")
    for (value, where, its_loop), seconds in zip(typed, late):
        print(f"  typed {value!r}: {where} thread, the cell's loop: {its_loop}, sent within {max(0, seconds):.1f} s")
    print('  while a cell runs: "one", Send, " two", Send. Send saw', *[repr(value) for value, _ in pressed])
    return typed, [value for value, _ in pressed], all(main for _, main in pressed), late


async def main():
    packages = ("jupyterlab", "ipywidgets", "websockets", "playwright")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        names = (f"{name} {version(name)}" for name in packages)
        print(*names, "Chromium", browser.version, "Python", sys.version.split()[0])
        typed, pressed, main, late = await story(browser, "now")
        old = await story(browser, "before", str(FOLDER / "older"))
        await browser.close()
    if [line[1] for line in old[0]] != ["main"] * 3 or max(old[3]) > 2:
        sys.exit("the control has failed: with ipykernel 6 a field's changes are not sent at once")
    if old[1] != ["o", "o"]:
        sys.exit("CHANGED: with ipykernel 6 a press no longer overtakes the text")
    if [line[0] for line in typed] != ["A", "An", "Ann"] or [line[1] for line in typed] != ["main", "other", "other"]:
        sys.exit("CHANGED: not the first letter on the main thread and the others elsewhere")
    if late[0] > 2 or late[2] < 3:
        sys.exit("CHANGED: what a callback queues in another thread is sent at once")
    if pressed != ["one two", "one two"] or not main:
        sys.exit("CHANGED: with ipykernel 7 a press no longer comes after what was typed after it")


asyncio.run(main())
PY
timeout 400 "$work/venv/bin/python" "$work/check.py" "$work"
