"""Task 1 of lesson 11: a handler for plain `websockets` that cleans up, however its client leaves."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, kind, otherwise

COMES = {
    None: "A client connected, and {name} did not receive how many clients are online. Send `N online` to all "
    "clients, including the new one.",
    "0 online": "The count should include the new client. Add it before you count.",
    otherwise: "A client connected. {name} should receive the number of clients, such as `2 online`.",
}
SAYS = {
    None: "{name} did not receive a message that Ann sent. Send it to all clients, including the sender.",
    otherwise: "{name} should receive exactly what Ann sent.",
}
POLITE = {
    None: "Bob closed his connection, and {name} did not receive the new number. The loop over his messages ends then. "
    "Clean up after it, in a `finally`.",
    "2 online": "Bob has left, but your handler still counted him. Remove a client before you count.",
    otherwise: "Bob closed his connection. {name} should receive `1 online`.",
}
LOST = {
    None: "A connection was lost without a closing handshake, and {name} did not receive the new number. In this "
    "case `async for` raises `ConnectionClosed`, and the lines after the loop don't run. Clean up in a `finally`.",
    otherwise: "A connection was lost. {name} should receive `1 online`.",
}
#: What is missing differs from one moment to the next: any of Ann's two messages, or only her connection.
DYING = (
    "Dora's connection was just being lost when Ann said something. {name} should receive that and `1 online`, and "
    "stay connected. `send` to a lost connection raises `ConnectionClosed` in the handler that called it, and ends it. "
    "`broadcast` skips such clients."
)
#: Ann says something so many steps of the event loop after Dora has vanished: in some of them no handler knows yet.
STEPS = 4
OTHER = {
    "1 online": "",
    otherwise: "The check called `make_chat` again for a second chat. Zoe is the only client of that chat. Create the "
    "set of clients inside `make_chat`, so that each chat has its own.",
}


def is_handler(value: Any) -> bool:
    """Return whether this may be a handler: an `async` function or method, a lambda, a partial, an object to call."""
    if inspect.iscoroutinefunction(value) or getattr(value, "__name__", "") == "<lambda>":
        return True
    return inspect.iscoroutinefunction(getattr(value, "__call__", None))  # noqa: B004 - callable() isn't enough


async def made(talk: Talk, make: Callable[..., Any]) -> Any:
    """Return the handler that a student's function makes."""
    handler = await talk.call(make)
    if not is_handler(handler):
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
        await _during_a_loss(talk, server, ann)
        async with talk.served(await made(talk, make_chat)) as other:
            zoe = await talk.client(other, "Zoe")
            await zoe.hears("1 online", OTHER)
            await zoe.says("hello")
            await zoe.hears("hello", SAYS)
            await ann.hears_nothing("Ann received a message of another chat. " + OTHER[otherwise])
            await ann.asks("still here", "still here", SAYS)


def _either(came: Any) -> bool:
    return came in ("bye", "1 online")


async def _during_a_loss(talk: Talk, server: Any, ann: Any) -> None:
    """Let Ann say something while Dora's connection is being lost, at some moments one after the other."""
    for steps in range(STEPS):
        dora = await talk.client(server, "Dora")
        await talk.all_hear([dora, ann], "2 online", COMES, skip="1 online")
        await dora.vanishes()
        for _ in range(steps):
            await asyncio.sleep(0)
        await ann.says("bye")
        missing = {"bye", "1 online"}  # in this order or the other one
        while missing:
            wanted = " and ".join(f"`{each}`" for each in sorted(missing))
            missing.discard(await ann.hears(_either, _about_a_loss(ann, missing), meaning=wanted))
        await ann.is_still_there(DYING)


def _about_a_loss(ann: Client, missing: set[str]) -> Message:
    """Return what is told if Ann does not receive what is missing. Where her handler has ended, a `send` ended it."""

    def silent(came: Any) -> str:
        return DYING if "bye" in missing or ann.ws.close_code is not None else LOST[None]

    return {None: silent, otherwise: lambda came: (SAYS if "bye" in missing else LOST)[otherwise]}


tidy = Exercise(
    _tidy,
    hints=(
        "Create the set of clients in `make_chat`, before the handler. The handler can use it.",
        "In the handler, add `ws` to the set, send the number to everybody, and then write a `try:` with "
        "`async for text in ws:` in it.",
        "In the `finally:`, remove `ws` first, and then send the new number to the others. `broadcast(clients, text)` "
        "from `websockets.asyncio.server` sends to all of them, and skips clients whose connection has ended.",
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
    why="A connection can end in three ways: the client closes it, the connection is lost, or your own code raises an "
    "exception. Only a `finally` runs in all three cases. And because each chat has its own set, two chats in one "
    "process don't mix. That happens in your tests, for example.",
)
