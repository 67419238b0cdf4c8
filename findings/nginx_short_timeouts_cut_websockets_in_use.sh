#!/usr/bin/env bash
# Guess: nginx cuts a WebSocket when no byte has passed for `proxy_read_timeout`. So a test may set it to 250ms, and a
#   server that sends every 20 ms is safe.
# What happens: nginx does not set a timer again if the new time differs from the old one by less than 0.3 s. (1) With
#   a timeout of less than 300ms the timer of the first byte is never set again: nginx cuts every WebSocket after that
#   time, whatever passes on it. (2) With a longer timeout the last byte may not count: if it comes 0.25 s after
#   another one, a timeout of 1s cuts after 0.75 s of silence. A ping and its pong are two such bytes. nginx's log
#   says "upstream timed out (110: Connection timed out) while proxying upgraded connection" in both cases.
# Versions: nginx 1.22.1, websockets 17.4, Python 3.11, Linux. HAProxy 2.6.12 keeps to its `timeout tunnel` of 250ms.
# To whom it matters: tests that make nginx's timeout short so as not to wait a minute: they see connections cut that
#   are in use, and measure up to 0.3 s too little. With 60s only a ping in the last 0.3 s comes too late.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH="$PATH:/usr/sbin"
if ! command -v nginx > /dev/null; then
    apt-get update -qq > /dev/null
    apt-get install -y --no-install-recommends nginx > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import logging
import pathlib
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

FOLDER = pathlib.Path(__file__).parent
quiet = logging.getLogger("quiet")
quiet.setLevel(logging.CRITICAL + 1)
sent = []


async def handler(ws):
    """Send at the times that the path names, such as /0,0.25; or all the time."""
    began = time.monotonic()
    sent.clear()
    if ws.request.path == "/all-the-time":
        while time.monotonic() < began + 3:
            await ws.send("news")
            sent.append(time.monotonic())
            await asyncio.sleep(0.02)
    else:
        for at in map(float, ws.request.path[1:].split(",")):
            await asyncio.sleep(began + at - time.monotonic())
            await ws.send("news")
            sent.append(time.monotonic())
        await ws.wait_closed()


async def seen(url, path):
    """Return whether the proxy has cut, how long after the last message, and the longest pause between two messages."""
    async with connect(url + path, ping_interval=None, max_queue=None) as ws:
        try:
            async for _ in ws:
                pass
        except ConnectionClosed:
            pass
        ended = time.monotonic()
    times = list(sent)
    return ws.close_code == 1006, ended - times[-1], max(b - a for a, b in zip(times, times[1:])), len(times)


def start(timeout, backend):
    """Start nginx with this timeout, and return its process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    temporary = "".join(f"{kind}_temp_path tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = FOLDER / f"{timeout}.conf"
    conf.write_text(
        f"daemon off; master_process off; pid {timeout}.pid; error_log {timeout}.log; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port}; location / {{\n"
        f"  proxy_pass http://127.0.0.1:{backend}; proxy_http_version 1.1; proxy_read_timeout {timeout};\n"
        '  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; }}}\n'
    )
    process = subprocess.Popen(["nginx", "-p", FOLDER, "-e", f"{timeout}.log", "-c", conf])
    for _ in range(500):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"ws://127.0.0.1:{port}"
        time.sleep(0.01)
    process.kill()
    sys.exit("nginx has not started")


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip()
    print(nginx, "websockets", version("websockets"), "Python", sys.version.split()[0])
    async with serve(handler, "127.0.0.1", 0, ping_interval=None, compression=None, logger=quiet) as server:
        backend = server.sockets[0].getsockname()[1]
        processes = []
        try:
            urls = {}
            for timeout in ("250ms", "1s"):
                process, urls[timeout] = start(timeout, backend)
                processes.append(process)
            for _ in range(8):  # a busy machine makes pauses of its own, and then nothing is proved
                cut, _, pause, count = await seen(urls["250ms"], "/all-the-time")
                if pause < 0.15:
                    break
            print(f"250ms, a message every 20 ms: cut {cut}, after {count} messages; longest pause {pause:.3f} s")
            for _ in range(8):
                open_cut, _, pause, count = await seen(urls["1s"], "/all-the-time")
                if not open_cut or pause < 0.5:
                    break
            print(f"1s,    a message every 20 ms: cut {open_cut}, after {count} messages; longest pause {pause:.3f} s")
            _, apart, _, _ = await seen(urls["1s"], "/0,0.5")
            _, close, _, _ = await seen(urls["1s"], "/0,0.25")
            print(f"1s, messages at 0 and 0.5 s:  cut {apart:.2f} s after the second one")
            print(f"1s, messages at 0 and 0.25 s: cut {close:.2f} s after the second one")
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)
    if not cut or open_cut:
        sys.exit("CHANGED: a timeout of 250ms no longer cuts what is in use")
    if not (close < 0.9 < apart):
        sys.exit("CHANGED: the last byte counts, however soon it follows another one")


asyncio.run(main())
PY
timeout 120 "$work/venv/bin/python" "$work/check.py"
