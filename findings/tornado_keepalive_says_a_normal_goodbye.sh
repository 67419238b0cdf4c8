#!/usr/bin/env bash
# Guess: when Tornado's keepalive (websocket_ping_interval) gives a client up, the client sees an error: 1006, or
#   1011 as from websockets and uvicorn. A client that is alive is not given up at all.
# What happens: while an `async def on_message` awaits, Tornado reads no pongs, so it gives up a live client that
#   answered each ping at once. And it says goodbye with 1000, "normal closure". For the client everything is in
#   order: `async for message in ws` of websockets ends without an exception, and the code that usually means "we
#   are done, do not come back" arrives instead of the answer. The handler's on_close has neither code nor reason.
# Versions: tornado 6.6.1, websockets 17.4 as client, Python 3.11. Control: the same work in a task of its own.
# To whom it matters: authors of Jupyter server extensions and other Tornado handlers with slow coroutines, and
#   their clients: those that reconnect after errors only stay away for good.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    tornado==6.6.1 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import logging
import sys
from importlib.metadata import version

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

logging.disable(logging.CRITICAL)  # Tornado logs the answer that could not be sent
ends = []
tasks = set()


class Awaits(tornado.websocket.WebSocketHandler):
    async def on_message(self, message):
        await asyncio.sleep(4)
        await self.write_message("answer")
        self.close(4000)

    def on_close(self):
        ends.append((self.close_code, self.close_reason))


class Spawns(Awaits):
    def on_message(self, message):
        task = asyncio.create_task(super().on_message(message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def ask(url):
    got = []
    async with connect(url, ping_interval=None) as ws:
        await ws.send("work")
        try:
            async for message in ws:
                got.append(message)
            raised = "no exception"
        except ConnectionClosedError as error:
            raised = type(error).__name__
        return got, ws.close_code, ws.close_reason, raised


async def main():
    print("tornado", version("tornado"), "websockets", version("websockets"), "Python", sys.version.split()[0])
    app = tornado.web.Application(
        [("/awaits", Awaits), ("/spawns", Spawns)], websocket_ping_interval=1, websocket_ping_timeout=1
    )
    server = tornado.httpserver.HTTPServer(app)
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    base = f"ws://127.0.0.1:{sockets[0].getsockname()[1]}"
    awaits = await ask(base + "/awaits")
    print("on_message awaits for 4 s:   ", awaits, "on_close saw", ends)
    seen = list(ends)
    spawns = await ask(base + "/spawns")
    print("the same work in a task:     ", spawns)
    server.stop()
    await asyncio.sleep(3)  # the first handler's own attempt to answer has failed by now
    if awaits != ([], 1000, "ping timed out", "no exception") or seen != [(None, None)]:
        sys.exit("CHANGED: the failed keepalive no longer looks like a normal closure")
    if spawns[:2] != (["answer"], 4000):
        sys.exit("CHANGED: a handler that returns at once no longer keeps its client")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
