"""Lesson 04: the server in plain `websockets` that its text shows works as it is printed there."""

import asyncio
import json
import re

from notebook_runs import NOTEBOOKS, read
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve

CELLS = {cell.id: cell.source for cell in read(NOTEBOOKS["04_rooms"]).cells}


def printed(cell: str) -> str:
    """Return the Python code in a cell of text."""
    return re.search(r"```python\n(.+?)```", CELLS[cell], re.DOTALL)[1]


async def send(ws, **message: str) -> None:
    """Send a message, and wait until the server has read it."""
    await ws.send(json.dumps(message))
    await (await ws.ping())


async def test_rooms_in_plain_websockets():
    names = {"json": json, "broadcast": broadcast, "members": {}, "room_of": {}}
    exec(printed("maps-read").replace("self, ", "").replace("self.", ""), names)
    exec(printed("maps-plain"), names)
    async with serve(names["handler"], "127.0.0.1", 0) as server, asyncio.timeout(60):
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with connect(url) as ann, connect(url) as bob, connect(url) as carl:
            for ws, room in ((ann, "tea"), (bob, "tea"), (carl, "tea"), (carl, "coffee")):
                await send(ws, type="join-room", room=room)
            await send(ann, type="room-message", message="hi")
            assert (
                json.loads(await ann.recv())
                == json.loads(await bob.recv())
                == {"type": "room-message", "message": "hi"}
            )
            await send(carl, type="room-message", message="to coffee")
            assert json.loads(await carl.recv())["message"] == "to coffee"  # and nothing from tea came before
            await send(bob, type="leave-room")
            assert {room: len(clients) for room, clients in names["members"].items()} == {"tea": 1, "coffee": 1}
    assert names["members"] == names["room_of"] == {}  # `serve` has waited for the handlers
