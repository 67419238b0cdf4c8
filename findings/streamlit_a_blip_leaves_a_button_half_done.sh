#!/usr/bin/env bash
# Guess: Streamlit's page reconnects by itself, to the same session. If its connection is interrupted for half a second
#   while a button's work is done (ten bookings, say), the work goes on, or the script runs again, with the button still
#   pressed. At worst something is done twice.
# What happens: neither. When the connection ends, Streamlit asks the script to stop, and it does so at its next call of
#   `st`, if only to count in `st.session_state`: three of ten bookings are made. The page reconnects and asks for
#   another run, because one was interrupted, but in this run the button is not pressed. So its branch is skipped, and
#   the page shows what it shows before or after. There is no error, nothing that `except Exception` would catch, no
#   line in the log, and the field still has its text. A loop that says nothing runs to its end, all ten, and is stopped
#   where it wants to say so: the page says 0, as if nobody had pressed, and invites to press again. So the more a
#   button tells of its progress, the less of its work is done, and the less it tells, the more is done twice.
# Versions: streamlit 1.67.0, Chromium 156.0.8078.108, playwright 1.65.2, Python 3.11. Control: without the cut, ten.
# To whom it matters: buttons that import, pay, send or call a language model, used over Wi-Fi, VPNs and proxies that
#   are reloaded. Do such work in a thread or queue of its own that is kept in `session_state` or `st.cache_resource`,
#   and let the script only look at it; or make each step one that can be repeated, and show what is left to do.
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
    streamlit==1.67.0 playwright==1.65.2
cat > "$work/app.py" <<'PY'
import os
import time

import streamlit as st


def book(number):
    with open(os.environ["BOOKED"], "a") as file:
        file.write(f"{number}\n")
    time.sleep(0.5)


st.session_state.setdefault("booked", 0)
st.text_input("customer")
for label in ("Book and tell", "Book and count", "Book in silence"):
    if st.button(label):
        try:
            for number in range(1, 11):
                book(number)
                if label == "Book and tell":
                    st.write("booked", number)
                if label != "Book in silence":
                    st.session_state.booked = number
        except Exception as error:
            st.write("something went wrong", error)
        st.session_state.booked = number
        st.write("all booked")
st.write(f"booked so far: {st.session_state.booked}.")
PY
cat > "$work/check.py" <<'PY'
import asyncio
import contextlib
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

from playwright.async_api import async_playwright

FOLDER = Path(sys.argv[1])
BOOKED = FOLDER / "booked"


class Line:
    """A TCP relay that can be cut."""

    def __init__(self, target):
        self.target, self.up, self.writers = target, True, set()

    async def start(self):
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def relay(self, reader, writer):
        if not self.up:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers |= {writer, up_writer}

        async def copy(source, target):
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    target.write(data)
            target.transport.abort()

        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))

    async def cut(self, seconds):
        self.up = False
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()
        await asyncio.sleep(seconds)
        self.up = True


def booked():
    return len(BOOKED.read_text().split()) if BOOKED.exists() else 0


async def press(browser, port, label, cut):
    """Press a button, perhaps cut the line when three bookings are made, and return their number and the page."""
    BOOKED.unlink(missing_ok=True)
    line = Line(port)
    page = await browser.new_page()
    await page.goto(f"http://127.0.0.1:{await line.start()}/", timeout=60000)
    await page.get_by_text("booked so far: 0.").wait_for(timeout=60000)
    await page.get_by_label("customer").fill("Ann")
    await page.get_by_label("customer").press("Enter")
    await page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=30000)
    await page.get_by_role("button", name=label).click()
    if cut:
        async with asyncio.timeout(30):
            while booked() < 3:
                await asyncio.sleep(0.02)
        await line.cut(0.5)
    await asyncio.sleep(15)  # ten bookings take 5 s, connecting again a few
    await page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=30000)
    text = await page.locator("[data-testid=stMain]").inner_text()
    customer = await page.get_by_label("customer").input_value()
    await page.close()
    line.server.close()
    shown = int(re.search(r"booked so far: (\d+)", text)[1])
    saw = booked(), shown, "all booked" in text, "something went wrong" in text, customer
    print(f"  {label}: {saw[0]} of 10 booked; the page says {shown}, 'all booked': {saw[2]}, an error: {saw[3]}")
    return saw


async def main():
    # timeout(1) ends this program with SIGTERM: the server is stopped then too
    asyncio.get_running_loop().add_signal_handler(15, asyncio.current_task().cancel)
    options = ["--server.headless=true", "--server.port=0", "--server.address=127.0.0.1"]
    options += ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    program = [sys.executable, "-m", "streamlit", "run", FOLDER / "app.py", *options]
    server = await asyncio.create_subprocess_exec(
        *program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=FOLDER,
        env=os.environ | {"BOOKED": str(BOOKED), "HOME": str(FOLDER), "PYTHONUNBUFFERED": "1"},
    )
    said = ""
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", said)):
                if not (line := await server.stdout.readline()):
                    sys.exit(f"the server has ended: {said}")
                said += line.decode()
        port = int(found[1])
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            print("streamlit", version("streamlit"), "playwright", version("playwright"), "Chromium", browser.version)
            print("Python", sys.version.split()[0])
            print("without a cut:")
            whole = await press(browser, port, "Book and tell", False)
            print("the line is cut for 0.5 s when three are booked:")
            told = await press(browser, port, "Book and tell", True)
            counted = await press(browser, port, "Book and count", True)
            silent = await press(browser, port, "Book in silence", True)
            await browser.close()
    finally:
        server.terminate()
        said = (await server.communicate())[0].decode()
    log = [line for line in said.splitlines() if "rror" in line or "nterrupt" in line or "WARN" in line.upper()]
    print("  the log of the server on errors and warnings:", log)
    if whole != (10, 10, True, False, "Ann"):
        sys.exit("the control has failed: without a cut not everything is booked")
    for saw in (told, counted):
        if not 3 <= saw[0] <= 5 or not saw[0] - 1 <= saw[1] <= saw[0] or saw[2:] != (False, False, "Ann"):
            sys.exit("CHANGED: a button's work is no longer left half done without a word")
    if silent != (10, 0, False, False, "Ann"):
        sys.exit("CHANGED: work that says nothing is no longer done to its end, unseen")


asyncio.run(main())
PY
timeout -k 10 240 "$work/venv/bin/python" "$work/check.py" "$work"
