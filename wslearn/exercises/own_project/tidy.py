"""Task 1 of lesson 11: a handler for plain `websockets` that cleans up, however its client leaves."""

import inspect
from collections.abc import Callable
from typing import Any

from wslearn.exercises.engine import Exercise, Talk, kind, otherwise

COMES = {
    None: "{name} was not told how many clients are online. When a client connects, send `N online` to all clients, "
    "the new one too.",
    "0 online": "A client counts itself, too. Add it before you count.",
    otherwise: "{name} should be told how many clients are connected, as in `2 online`.",
}
SAYS = {
    None: "{name} did not receive a message that Ann sent. Send it to all clients, the sender too.",
    otherwise: "{name} should receive exactly what Ann sent.",
}
POLITE = {
    None: "Bob closed his connection, and {name} was not told. The loop over his messages ends then: clean up after "
    "it, in a `finally`.",
    "2 online": "Bob has left, but he was counted once more. Remove a client before you count.",
    otherwise: "Bob closed his connection. {name} should be told `1 online`.",
}
LOST = {
    None: "Carl's connection was lost without a closing handshake, and {name} was not told. Then `async for` raises "
    "`ConnectionClosed`, and the lines after the loop don't run. Clean up in a `finally`.",
    otherwise: "Carl's connection was lost. {name} should be told `1 online`.",
}
OTHER = {
    "1 online": "",
    otherwise: "The check called your function again for a second chat. That one has its own clients, so Zoe is the "
    "only one. Make the set of clients inside `make_chat`.",
}


async def made(talk: Talk, make: Callable[..., Any]) -> Any:
    """Return the handler that a student's function makes."""
    handler = await talk.call(make)
    if not inspect.iscoroutinefunction(handler):
        talk.fail(
            "Return the handler itself: write `async def chat(ws):` inside your function, and `return chat` at its "
            "end, without `()`.",
            "your function", "returns", kind(handler), expected="a function `async def chat(ws)`",
        )  # fmt: skip
    return handler


async def _tidy(talk: Talk, make_chat: Any) -> None:
    async with talk.served(await made(talk, make_chat)) as server:
        ann = await talk.client(server, "Ann")
        await ann.hears("1 online", COMES)
        bob = await talk.client(server, "Bob")
        await talk.all_hear([bob, ann], "2 online", COMES)
        for said in ("hi", "2 online?"):
            await ann.says(said)
            await talk.all_hear([bob, ann], said, SAYS)
        await bob.closes()
        await ann.hears("1 online", POLITE)
        carl = await talk.client(server, "Carl")
        await talk.all_hear([carl, ann], "2 online", COMES)
        await carl.vanishes()
        await ann.hears("1 online", LOST)
        async with talk.served(await made(talk, make_chat)) as other:
            zoe = await talk.client(other, "Zoe")
            await zoe.hears("1 online", OTHER)
            await zoe.says("hello")
            await zoe.hears("hello", SAYS)
            await ann.hears_nothing("Ann received what happened in another chat. " + OTHER[otherwise])
            await ann.asks("still here", "still here", SAYS)


tidy = Exercise(
    _tidy,
    hints=(
        "Make the set of clients in `make_chat`, before the handler. Both functions see it.",
        "The handler adds `ws`, tells everybody, and then goes on in a `try:` with `async for text in ws:`.",
        "In the `finally:`, remove `ws` first, and then tell the others. `broadcast(clients, text)` from "
        "`websockets.asyncio.server` sends to all of them, and skips clients whose connection has ended.",
    ),
    answer="""
from websockets.asyncio.server import broadcast

def make_chat():
    clients = set()

    async def chat(ws):
        clients.add(ws)
        broadcast(clients, f"{len(clients)} online")
        try:
            async for text in ws:
                broadcast(clients, text)
        finally:
            clients.discard(ws)
            broadcast(clients, f"{len(clients)} online")

    return chat
""",
    why="A connection can end in three ways: the client closes it, it is lost, or your own code raises something. Only "
    "a `finally` runs in all three cases. And because each chat has its own set, two of them in one process, such as "
    "in your tests, don't mix.",
)
