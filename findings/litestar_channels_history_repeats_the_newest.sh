#!/usr/bin/env bash
# Guess: Litestar's channels join history and live events: `start_subscription("room", history=10)` gives a new
#   subscriber each kept event once, then what is published from then on. `await wait_published(...)` returns when an
#   event is published, so a subscription that starts after it finds the event in the history, and only there.
# What happens: the event comes twice. The memory backend puts an event into the history and into a queue, and a task
#   of its own takes it from there to the subscribers a moment later. Who subscribes in between, as a handler does
#   that says "Ann has joined" and then subscribes, gets it from both, and nothing in it tells a program that the two
#   are one. The first events of a chat are doubled for the one who joined, and for nobody else. With `publish()`,
#   which only schedules, the same lines arrive once; so they do after a pause before the subscription.
# Versions: litestar 2.25.0 (ChannelsPlugin, MemoryChannelsBackend), uvicorn 0.54.0, websockets 17.4, Python 3.11.
# To whom it matters: chats and counters that replay a history on joining: what has been added up is wrong after each
#   join. Events need an id of their own, and clients that drop what they have had.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 120 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    litestar==2.25.0 uvicorn==0.54.0 websockets==17.4
cat > "$work/check.py" <<'PY'
import asyncio
import sys
from importlib.metadata import version

import uvicorn
from litestar import Litestar, WebSocket, websocket
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend
from websockets.asyncio.client import connect

EVENTS = ["Ann has joined", "topic: tea", "3 unread"]
ROOMS = ["at-once", "after-a-pause", "scheduled"]
channels = ChannelsPlugin(MemoryChannelsBackend(history=10), channels=ROOMS)


@websocket("/{room:str}")
async def join(socket: WebSocket, room: str) -> None:
    await socket.accept()
    for event in EVENTS:
        if room == "scheduled":
            channels.publish(event, room)
        else:
            await channels.wait_published(event, room)
    if room == "after-a-pause":
        await asyncio.sleep(0.5)
    async with channels.start_subscription(room, history=10) as subscriber:
        async with subscriber.run_in_background(socket.send_text):
            await socket.receive_text()
            await channels.wait_published("end", room)
            await socket.receive_text()


async def heard(base, room):
    got = []
    async with connect(f"{base}/{room}") as ws:
        await asyncio.sleep(0.5)
        await ws.send("enough")
        while (event := await asyncio.wait_for(ws.recv(), 5)) != "end":
            got.append(event)
        await ws.send("bye")
    return got


async def main():
    print("litestar", version("litestar"), "uvicorn", version("uvicorn"), "Python", sys.version.split()[0])
    app = Litestar([join], plugins=[channels])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    base = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    results = [await heard(base, room) for room in ROOMS]
    server.should_exit = True
    await serving
    for room, got in zip(ROOMS, results):
        print(f"{room:14}", len(got), "events:", got)
    if sorted(results[0]) != sorted(EVENTS * 2):
        sys.exit("CHANGED: an event published just before a subscription no longer comes twice")
    if results[1] != EVENTS or results[2] != EVENTS:
        sys.exit("CHANGED: with a pause, or only scheduled, events no longer come once each")


asyncio.run(main())
PY
timeout 60 "$work/venv/bin/python" "$work/check.py"
