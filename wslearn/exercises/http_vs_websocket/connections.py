"""Reading: how many connections, requests and frames does some code need?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wslearn.exercises import ReadingExercise, Talk
from wslearn.frames import read
from wslearn.network import SimulatedNetwork

CODE = """
async def post(http):
    async with http.post("/echo", data=b"hello") as response:
        return await response.read()

async def one_by_one(net):
    async with ClientSession(net.page_url) as http:
        for _ in range(3):
            await post(http)

async def together(net):
    async with ClientSession(net.page_url) as http:
        await asyncio.gather(post(http), post(http), post(http))
        await post(http)

async def by_websocket(net):
    async with connect(net.url, compression=None) as ws:
        for _ in range(3):
            await ws.send("hello")
        return [await ws.recv() for _ in range(3)]
"""


async def _recorded(function: Callable[[Any], Awaitable[Any]], url: str) -> list[Any]:
    """Return what passed through a network while a function used it."""
    async with SimulatedNetwork(url) as net:
        await function(net)
    return read(net.recording)


def _connections(items: list[Any]) -> int:
    return len({item.connection for item in items})


async def _happens(talk: Talk, names: dict[str, Any]) -> Mapping[str, Any]:
    from wslearn.servers.comparison import ComparisonServer  # which loads aiohttp's server, needed by this task only

    async with talk.server(ComparisonServer) as server:
        one_by_one = await _recorded(names["one_by_one"], server.page_url)
        together = await _recorded(names["together"], server.page_url)
        over_ws = await _recorded(names["by_websocket"], server.url)
    frames = [item for item in over_ws if hasattr(item, "opcode")]
    up = [frame for frame in frames if frame.direction == "up"]
    down = [frame for frame in frames if frame.direction == "down" and frame.opcode == 1]
    return {
        "one_by_one": _connections(one_by_one),
        "together": _connections(together),
        "by_websocket": _connections(over_ws),
        "requests": sum(getattr(item, "kind", "") == "request" for item in over_ws),
        "frames": len(up),
        "bytes": len(down[0].raw),
    }


counts = ReadingExercise(
    f"from aiohttp import ClientSession\n{CODE}",
    _happens,
    clues={
        "one_by_one": {3: "Where is the session made: inside the loop, or before it? Guess 2 is about that."},
        "together": {
            1: "While a connection waits for a response, HTTP/1.1 can send no other request on it. These do not wait "
            "for each other.",
            4: "When the last request begins, all the others have their responses. What can it use?",
        },
        "by_websocket": {3: "Where is `connect` called: inside the loop, or before it?"},
        "requests": {
            0: "How does a WebSocket begin?",
            3: "These are messages. What is the only HTTP request of a WebSocket?",
            4: "How do the messages travel after the handshake?",
        },
        "frames": {
            3: "Three messages are sent. What else does the client send, at the end of `async with`?",
            6: "Count only what the *client* sends.",
        },
        "bytes": {
            11: "That is a frame from the client. Which part of it does a server leave out?",
            5: "That is the payload alone.",
            13: "Look at the table of the two frames in part 3.",
        },
    },
    hints=(
        "Find each `ClientSession(…)` and each `connect(…)`: what is inside a loop, and what runs at the same time?",
        "An HTTP connection carries one request at a time, and is free again when the response has been read.",
        "Look at the tables of part 3: at the handshake, at both frames of `hello`, and think of how a WebSocket is "
        "closed.",
    ),
    answer="""
counts = {
    "one_by_one": 1,    # the session keeps its connection open
    "together": 3,      # three requests at one time need three connections; the fourth finds a free one
    "by_websocket": 1,
    "requests": 1,      # the handshake
    "frames": 4,        # three messages, and the close
    "bytes": 7,         # a head of 2 bytes, and no mask from a server
}
""",
    why="HTTP/1.1 carries one request at a time on a connection, so requests that run together need more connections, "
    "and each costs a round trip to open. On a WebSocket several messages are on their way at the same time. A "
    "benchmark is only fair if you know how many connections each side has.",
)  # fmt: skip
