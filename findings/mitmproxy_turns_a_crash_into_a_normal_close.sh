#!/usr/bin/env bash
# Guess: mitmproxy between client and server shows both what happens without it. When one side crashes or its
#   connection breaks, the other side gets 1006, as directly.
# What happens: mitmproxy notes 1006 itself, then sends the other side a close frame with 1000, "normal closure"
#   (its library wsproto turns the forbidden 1006 into 1000). So a killed server looks to its clients like one that
#   is done, and a client that was lost looks to the server like one that left: `async for message in ws` ends
#   without an exception on both sides, and clients that reconnect after errors do not.
# Versions: mitmproxy 11.0.2 with wsproto 1.2.0, websockets 17.4, Python 3.11; the same with mitmproxy 12.3.1 and
#   wsproto 1.3.2 on Python 3.13. Polite closes (4001) pass unchanged.
# To whom it matters: whoever looks with mitmproxy for the reason why a client does not come back, or tests
#   reconnection and presence through it: there the fault is hidden, or seen where it is not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    websockets==17.4 mitmproxy==11.0.2 wsproto==1.2.0
cat > "$work/note_ends.py" <<'PY'
def websocket_end(flow):
    print("noted", flow.websocket.close_code, flush=True)
PY
cat > "$work/check.py" <<'PY'
import asyncio
import pathlib
import re
import signal
import sys
from importlib.metadata import version

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

FOLDER = pathlib.Path(__file__).parent
MITMDUMP = pathlib.Path(sys.executable).parent / "mitmdump"
ends = {}


async def read_to_the_end(ws):
    try:
        async for _ in ws:
            pass
        return f"{ws.close_code}, no exception"
    except ConnectionClosed as error:
        return f"{ws.close_code}, {type(error).__name__}"


async def handler(ws):
    if ws.request.path == "/server-crashes":
        ws.transport.abort()
    elif ws.request.path == "/server-closes":
        await ws.close(4001)
    else:
        ends["client is lost"].set_result(await read_to_the_end(ws))


async def run(base):
    results = {}
    for path in ("/server-crashes", "/server-closes"):
        async with connect(base + path) as ws:
            results[path] = await read_to_the_end(ws)
    ends["client is lost"] = asyncio.get_running_loop().create_future()
    ws = await connect(base + "/client-is-lost")
    ws.transport.abort()
    results["/client-is-lost"] = await asyncio.wait_for(ends["client is lost"], 10)
    return results


async def main():
    # timeout(1) ends this program with SIGTERM: mitmproxy is stopped then too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    names = ("mitmproxy", "wsproto", "websockets")
    print(*(f"{name} {version(name)}" for name in names), "Python", sys.version.split()[0])
    async with serve(handler, "127.0.0.1", 0) as server:
        base = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        direct = await run(f"ws://{base}")
        proxy = await asyncio.create_subprocess_exec(
            MITMDUMP, "--set", f"confdir={FOLDER}/settings", "--mode", f"reverse:http://{base}@0",
            "--listen-host", "127.0.0.1", "--scripts", FOLDER / "note_ends.py",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said = ""
            while not (port := re.search(r"listening at \S*?127\.0\.0\.1:(\d+)", said)):
                line = await asyncio.wait_for(proxy.stdout.readline(), 30)
                if not line:
                    sys.exit(f"mitmdump has not started: {said}")
                said += line.decode()
            through = await run(f"ws://127.0.0.1:{port[1]}")
        finally:
            proxy.terminate()
            output = (await proxy.communicate())[0].decode()
    noted = re.findall(r"noted (\d+)", output)
    print("                   directly                          through mitmproxy")
    for path in direct:
        print(f"{path[1:]:18} {direct[path]:33} {through[path]}")
    print("mitmproxy itself noted", noted)
    lost, polite, quiet = "1006, ConnectionClosedError", "4001, ConnectionClosedError", "1000, no exception"
    if direct != {"/server-crashes": lost, "/server-closes": polite, "/client-is-lost": lost}:
        sys.exit("CHANGED: without mitmproxy the ends look otherwise")
    if through != {"/server-crashes": quiet, "/server-closes": polite, "/client-is-lost": quiet}:
        sys.exit("CHANGED: mitmproxy no longer turns a lost connection into a normal closure")
    if noted != ["1006", "4001", "1006"]:
        sys.exit("CHANGED: mitmproxy notes other codes")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
