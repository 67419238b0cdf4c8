#!/usr/bin/env bash
# Guess: over HTTP/2 a WebSocket is a stream beside the page's requests, and lives as long as the page. hypercorn's
#   `keep_alive_max_requests` (1000) makes the browser open a new connection for what comes next, as over HTTP/1.1.
# What happens: the WebSocket shares the connection, and the count, with every request of the page and of the
#   browser's other tabs there. With the 1000th, hypercorn announces that the connection goes away, and from that
#   moment on sends nothing over it. That request gets no answer, and the WebSocket is OPEN and silent. As soon as
#   the page sends something, it gets 1006; what it sent is lost, and Chromium makes the request again elsewhere. A
#   page that fetches something every second loses its WebSocket every 17 minutes, one that loads 50 files every
#   20th time it is opened in any tab.
# Versions: hypercorn 0.18.0 with its default settings, h2 4.4.1, Chromium 156.0.8078.108, playwright 1.65.2,
#   Python 3.11. Control: a higher limit. Over HTTP/1.1 a WebSocket has a connection of its own and lives on.
# To whom it matters: Quart, FastAPI and Starlette behind hypercorn with TLS: Chromium then takes HTTP/2 for
#   WebSockets without being asked. Set `keep_alive_max_requests` high, or `alpn_protocols` to HTTP/1.1 only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v chromium > /dev/null; then
    echo "installing Debian's package chromium"
    apt-get install -y chromium > /dev/null
fi
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    hypercorn==0.18.0 h2==4.4.1 playwright==1.65.2 trustme==1.2.1
cat > "$work/application.py" <<'PY'
import asyncio


async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<title>page</title>"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        ticking = asyncio.create_task(tick(send))
        while (event := await receive())["type"] != "websocket.disconnect":
            print("heard", event["text"], flush=True)
        print("told", int(event["code"]), flush=True)
        ticking.cancel()
    else:
        raise NotImplementedError("no lifespan")


async def tick(send):
    while True:
        await send({"type": "websocket.send", "text": "tick"})
        await asyncio.sleep(0.1)
PY
cat > "$work/check.py" <<'PY'
import asyncio
import pathlib
import shutil
import signal
import socket
import sys
from importlib.metadata import version

import trustme
from playwright.async_api import async_playwright

FOLDER = pathlib.Path(__file__).parent
HYPERCORN = pathlib.Path(sys.executable).parent / "hypercorn"
SETTINGS = {"default settings": "", "a limit of 100,000": "keep_alive_max_requests = 100000"}
# 980 requests, ten at a time; then one after the other until 1,010 are answered or the WebSocket has ended. Where an
# answer takes longer than a second, the page listens to the WebSocket for another second, and then says something.
USE = """async () => {
    const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
    let ticks = 0, code = null;
    const ws = new WebSocket(location.origin.replace('http', 'ws'));
    ws.onmessage = () => { ++ticks; };
    ws.onclose = event => { code = event.code; };
    await new Promise(resolve => { ws.onopen = resolve; });
    const get = async () => (await fetch('/', {signal: AbortSignal.timeout(20000)})).text();
    let answered = 0, silent = null;
    while (answered < 980) {
        await Promise.all(Array.from({length: 10}, get));
        answered += 10;
    }
    while (answered < 1010 && code === null) {
        const timer = setTimeout(async () => {
            const before = ticks;
            await pause(1000);
            silent = ticks === before && ws.readyState === WebSocket.OPEN;
            ws.send('a question');
        }, 1000);
        await get();
        clearTimeout(timer);
        ++answered;
        await pause(50);
    }
    const before = ticks;
    if (code === null) ws.send('a question');
    await pause(1000);
    return {answered, silent, code, heard: ticks - before};
}"""


async def until_ready(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)


async def run(browser, name):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (FOLDER / "settings.toml").write_text(SETTINGS[name])
    output = FOLDER / "server.log"
    with output.open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            HYPERCORN, "application:app", "--config", "settings.toml", "--bind", f"127.0.0.1:{port}",
            "--certfile", "certificate.pem", "--keyfile", "key.pem", cwd=FOLDER, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await asyncio.wait_for(until_ready(port), 20)
        context = await browser.new_context(ignore_https_errors=True)
        page = await context.new_page()
        await page.goto(f"https://127.0.0.1:{port}/")
        result = await page.evaluate(USE)
        lines = output.read_text().splitlines()
        await context.close()
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(server.wait(), 5)
        except TimeoutError:
            server.kill()
            await server.wait()
    result["server"] = [line for line in lines if line.startswith(("heard", "told"))]
    print(f"{name}: {result['answered']} requests answered,", end=" ")
    if result["code"] is None:
        print(f"the WebSocket lives, {result['heard']} messages in the next second;", end=" ")
    else:
        print(f"OPEN and silent for a second: {result['silent']}, then closed with {result['code']};", end=" ")
    print("the handler:", result["server"])
    return result


async def main():
    # timeout(1) ends this program with SIGTERM: the server is stopped then too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(FOLDER / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(FOLDER / "certificate.pem")
    async with async_playwright() as p:
        browser = await p.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--ignore-certificate-errors"]
        )
        print("hypercorn", version("hypercorn"), "h2", version("h2"), "Chromium", browser.version)
        default, high = [await run(browser, name) for name in SETTINGS]
        await browser.close()
    ended = 980 <= default["answered"] < 1010 and default["silent"] and default["code"] == 1006
    if not ended or default["server"] != ["told 1006"]:
        sys.exit("CHANGED: the WebSocket no longer ends with the 1000th request of its connection")
    if high["code"] is not None or high["heard"] < 3 or high["server"] != ["heard a question"]:
        sys.exit("CHANGED: with a higher limit the WebSocket does not live on")


asyncio.run(main())
PY
timeout 100 "$work/venv/bin/python" "$work/check.py"
