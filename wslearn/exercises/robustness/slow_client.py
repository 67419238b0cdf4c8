"""Task 4 of lesson 07: a limit on the bytes that wait for a client that does not read."""

from websockets.protocol import CLOSING

from wslearn.common.buffers import SMALL
from wslearn.exercises.engine import Client, Exercise, Talk, otherwise
from wslearn.exercises.robustness.shutdown import UNWATCHED, ends
from wslearn.server import Server

#: The task's LIMIT, and how large the messages are, in bytes; after so many of them a client must have been dropped.
LIMIT, SIZE, MANY = 1_000_000, 200_000, 40
#: By the state of the connection of a client that does not read.
ABOUT_WAITING = {
    CLOSING: "`close()` waits for an answer, but a client that doesn't read gives none. So `publish` never ended, and "
    "nobody received anything. Use `ws.transport.abort()`.",
    otherwise: "Sam doesn't read, and `publish` waited for him, so nobody else received anything. Don't `await` a "
    "client in `publish`: `broadcast(clients, message)` waits for none of them.",
}
ABOUT_DROPPING = (
    f"Ann reads all the time, but you dropped her. Drop only clients for which more than {LIMIT:,} bytes are waiting."
)


async def _bounded(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class, limits=UNWATCHED) as server:
        sam, ann = await talk.clients(server, "Sam", "Ann", receive_buffer=SMALL)
        stuck = sam.peer
        if not callable(getattr(server, "publish", None)):
            text = f"`{server_class.__name__}` needs a method `async def publish(self, message):`."
            talk.fail(text, "the server", "has", "no method publish")
        await talk.call(server.publish, "a price")
        await talk.all_hear([sam, ann], "a price", "`publish` must send to all clients, but {name} received nothing.")
        talk.tells("the server", "publishes", f"4 messages of {SIZE:,} bytes, one after the other")
        for n in range(4):
            await talk.call(server.publish, f"{n} {'x' * SIZE}")
        await _has_received(talk, ann, 5)

        sam.stops_reading()
        talk.tells("the server", "publishes", f"messages of {SIZE:,} bytes, up to {MANY}")
        for n in range(MANY):
            await ends(talk, ABOUT_WAITING, lambda: stuck.protocol.state, server.publish, f"{n} {'y' * SIZE}")
            await _has_received(talk, ann, 6 + n)
            waits = 0 if stuck.transport.is_closing() else stuck.transport.get_write_buffer_size()
            if waits > LIMIT + 1.5 * SIZE:
                text = f"More than {LIMIT:,} bytes are waiting in your server for Sam, who does not read. Drop him."
                talk.fail(text, "the server", "keeps", f"{waits:,} bytes for Sam")
        if not stuck.transport.is_closing():
            text = "Sam has read nothing for a long time, but is still connected. Drop him, so that he notices the gap."
            talk.fail(text, "Sam", "is", "still connected", expected="dropped")


async def _has_received(talk: Talk, ann: Client, count: int) -> None:
    if not await talk.until(lambda: len(ann.heard) == count):
        await ann.is_still_there(ABOUT_DROPPING)
        text = "Ann reads all the time, so she must receive each message once."
        talk.fail(text, "Ann", "has", f"{len(ann.heard)} messages", expected=f"{count} messages")


bounded = Exercise(
    _bounded,
    hints=(
        "`broadcast(self.connections, message)` hands the message to all connections without waiting for any of them. "
        "What a client does not read stays in memory. Find out how many bytes that is.",
        "After `broadcast`, go through the connections. If "
        "`ws.transport.get_write_buffer_size() > LIMIT`, call `ws.transport.abort()`.",
        "Copy the connections first, `clients = list(self.connections)`, and use the copy for both.",
    ),
    answer="""
from websockets.asyncio.server import broadcast

LIMIT = 1_000_000


class Ticker(Server):
    async def handler(self, ws):
        await ws.wait_closed()

    async def publish(self, message):
        clients = list(self.connections)
        broadcast(clients, message)
        for ws in clients:
            if ws.transport.get_write_buffer_size() > LIMIT:
                ws.transport.abort()
""",
    why="Nothing in `publish` waits, so one client can't hold up the others. It calls `abort` and not `close`, because "
    "a close frame would queue after the very bytes that are stuck. `fan_out` of this package does the same, with the "
    "limit `max_unsent`.",
)
