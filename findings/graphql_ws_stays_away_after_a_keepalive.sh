#!/usr/bin/env bash
# Guess: a graphql-ws client with `retryAttempts: Infinity` and `shouldRetry: () => true` comes back from everything
#   that happens to a connection. A page that slept for a minute (a laptop's lid, a breakpoint, a frozen tab) is the
#   plainest case, and its subscriptions go on as soon as it is awake.
# What happens: it depends on how the server fared. The server's keepalive gives the sleeping page up with a close
#   frame, 1011 "keepalive ping timeout", which waits in the page's socket. graphql-ws takes 1011 for a fatal error
#   that no option overrides: it asks neither `shouldRetry` nor `retryWait`, ends each subscription with an error,
#   and never connects again. If the server crashed meanwhile (1006) or was restarted politely (1012), the same page
#   comes back. Only the server that stayed up loses the page for good.
# Versions: graphql-ws 6.4.2 with ws 8.23.0 on Node 20.20, uvicorn 0.54.0, strawberry-graphql 0.341.2, websockets
#   17.4, Python 3.11. The keepalive is shortened to 1 s and 1 s; with the default 20 s and 20 s a page must sleep for
#   20 to 40 s. The keepalive of the library websockets closes with 1011 as well.
# To whom it matters: GraphQL subscriptions from Python to pages and phones, also by way of Apollo, urql or Relay
#   with this client: "it freezes after lunch", and every test that kills or restarts the server passes. Subscribe
#   again on such an error, or let the client ping (`keepAlive`) and switch the server's keepalive off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 300 npm install --silent --no-audit --no-fund graphql-ws@6.4.2 graphql@16.15.0 ws@8.23.0
python3 -m venv venv
timeout 300 venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    uvicorn==0.54.0 strawberry-graphql==0.341.2 starlette==1.10.0 websockets==17.4
cat > app.py <<'PY'
import asyncio
from collections.abc import AsyncGenerator

import strawberry
from strawberry.asgi import GraphQL


@strawberry.type
class Query:
    greeting: str = "hello"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self) -> AsyncGenerator[int, None]:
        for number in range(1000):
            yield number
            await asyncio.sleep(0.1)


app = GraphQL(strawberry.Schema(Query, subscription=Subscription))
PY
cat > page.mjs <<'JS'
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
const say = (...words) => process.stdout.write(words.join(' ') + '\n');
const client = createClient({
  url: process.argv[2], webSocketImpl: WebSocket, retryAttempts: Infinity,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  shouldRetry: () => { say('asked'); return true; },
  on: { opened: () => say('opened'), closed: (event) => say('closed', event.code) },
});
client.subscribe({ query: 'subscription { count }' }, {
  next: (result) => say('next', result.data.count), error: () => say('error'), complete: () => say('complete'),
});
setInterval(() => {}, 1000);  // a page stays, whatever becomes of its subscription
JS
cat > check.py <<'PY'
import asyncio
import signal
import socket
import sys
from importlib.metadata import version
from pathlib import Path

BIN = Path(sys.executable).parent


class Server:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def start(self):
        options = ["--port", str(self.port), "--log-level", "critical"]
        options += ["--ws-ping-interval", "1", "--ws-ping-timeout", "1"]
        self.process = await asyncio.create_subprocess_exec(
            BIN / "uvicorn", "app:app", *options, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(90):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return writer.close()

    async def stop(self, how):
        self.process.send_signal(how)
        await asyncio.wait_for(self.process.wait(), 10)


async def heard(page, word, seen, seconds):
    async with asyncio.timeout(seconds):
        while True:
            line = (await page.stdout.readline()).decode().strip()
            if not line.startswith("next"):
                seen.append(line)
            if line.startswith(word):
                return line


async def story(meanwhile):
    server, seen = Server(), []
    await server.start()
    program = ("node", "page.mjs", f"ws://127.0.0.1:{server.port}/")
    page = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    try:
        await heard(page, "next 5", seen, 20)
        page.send_signal(signal.SIGSTOP)
        if meanwhile == "nothing happens":
            await asyncio.sleep(4)
        else:
            await server.stop(signal.SIGKILL if meanwhile == "the server crashes" else signal.SIGTERM)
            await server.start()
        page.send_signal(signal.SIGCONT)
        await heard(page, "closed", seen, 10)
        try:
            await heard(page, "next 5", seen, 8)
            seen.append("counts again")
        except TimeoutError:
            seen.append("silent")
    finally:
        page.kill()
        await page.wait()
        await server.stop(signal.SIGKILL)
    return seen


async def main():
    packages = ("uvicorn", "strawberry-graphql", "websockets")
    node = await asyncio.create_subprocess_exec("node", "--version", stdout=asyncio.subprocess.PIPE)
    print("Node", (await node.communicate())[0].decode().strip(), *(f"{name} {version(name)}" for name in packages))
    seen = {what: await story(what) for what in ("the server crashes", "the server restarts", "nothing happens")}
    for what, lines in seen.items():
        print(f"The page sleeps, {what:19}: {', '.join(lines)}")
    if seen["nothing happens"] != ["opened", "closed 1011", "error", "silent"]:
        sys.exit("CHANGED: a page that slept through a keepalive no longer stays away")
    if {lines[-1] for what, lines in seen.items() if what != "nothing happens"} != {"counts again"}:
        sys.exit("CHANGED: a page whose server went away no longer comes back")


asyncio.run(main())
PY
timeout 240 venv/bin/python check.py
