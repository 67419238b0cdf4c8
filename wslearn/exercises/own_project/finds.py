"""Task 3 of lesson 11: a test that finds a bug which no happy test finds; it is run on good and bad chats."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from wslearn.exercises.engine import Exercise, NotYet, Talk

#: By then a chat has noticed that a connection was lost, in seconds.
NOTICED = 0.05


def _good() -> Callable:
    clients: set[Any] = set()

    async def chat(ws: Any) -> None:
        clients.add(ws)
        try:
            async for text in ws:
                broadcast(clients, text)
        finally:
            clients.discard(ws)

    return chat


def _good_and_slow() -> Callable:
    clients: dict[Any, None] = {}

    async def chat(ws: Any) -> None:
        clients[ws] = None
        try:
            async for text in ws:
                await asyncio.sleep(2 * NOTICED)
                await asyncio.gather(*(client.send(text) for client in clients), return_exceptions=True)
        except ConnectionClosed:
            pass
        finally:
            del clients[ws]

    return chat


def _mute() -> Callable:
    async def chat(ws: Any) -> None:
        async for _ in ws:
            pass

    return chat


def _forgetful() -> Callable:
    clients: list[Any] = []

    async def chat(ws: Any) -> None:
        clients.append(ws)
        async for text in ws:
            await asyncio.sleep(NOTICED)
            for client in clients:
                await client.send(text)
        clients.remove(ws)

    return chat


def _panicking() -> Callable:
    clients: set[Any] = set()

    async def chat(ws: Any) -> None:
        clients.add(ws)
        async for text in ws:
            await asyncio.sleep(NOTICED)
            if any(client.close_code is not None for client in clients):
                clients.clear()
            broadcast(clients, text)
        clients.discard(ws)

    return chat


#: The chats in which the test must fail: what they do, and what a student reads whose test passes.
BAD = (
    (_mute, "this chat passes no message on", "Let a client send a message, and expect that all clients receive it."),
    (_forgetful, "this chat never forgets a client whose connection was lost",
     "Connect a client through the bad network, `cut()` it, and expect that the others still receive messages."),
    (_panicking, "this chat forgets everybody when one connection is lost",
     "After the cut, expect that *each* of the other clients receives what one of them sends."),
)  # fmt: skip
#: A part of an error's text -> what to try.
ADVICE = {
    "chat() missing": "`chat` is the handler itself: write `talk.served(chat)`, without `()`.",
    "ConcurrencyError": "The clients of `talk` read their messages themselves: write `await ann.hears(…)`.",
}
GOOD = (
    (_good, "a chat without a bug", ""),
    (_good_and_slow, "a slow chat without a bug", " It takes 0.1 s for each message, which is not forbidden."),
)


async def _run(talk: Talk, finds: Any, make: Callable) -> NotYet | None:
    """Run a student's test on a chat, and return how it failed. Raises NotYet if it doesn't end."""
    # what a reader's pytest gives a test; it is built on the exercises, so this file imports it only here
    conversation = import_module("wslearn.testing.conversation").Conversation()
    bad_network = partial(import_module("wslearn.testing.network").BadNetwork, conversation)
    try:
        await talk.call(finds, conversation, make(), bad_network, within=8.0)
    except NotYet as wrong:
        if "did not end" in str(wrong):
            text = f"{wrong} Each wait in a test needs a limit, as the words of `talk` have one."
            talk.fail(text, "your test", "goes", "on and on", expected="end")
        if wrong.__cause__ is None:
            raise
        return wrong
    finally:
        conversation.drop()
    return None


async def _finds(talk: Talk, finds: Any) -> None:
    for make, what, more in GOOD:
        if failed := await _run(talk, finds, make):
            error = failed.__cause__
            text = " ".join([str(failed), *(advice for sign, advice in ADVICE.items() if sign in str(failed))])
            if isinstance(error, AssertionError):
                first = (str(error).strip().splitlines() or ["an `assert` did not hold"])[0]
                text = f"Your test failed on {what}, so it would raise a false alarm.{more} It said: {first}"
            talk.fail(text, "your test", "is", f"red on {what}", expected="green")
        talk.tells("your test", "is", f"green on {what}")
    for make, what, advice in BAD:
        failed = await _run(talk, finds, make)
        if failed is None:
            text = f"Your test passed, although {what}. {advice}"
            talk.fail(text, "your test", "is", f"green, although {what}", expected="red")
        if not isinstance(failed.__cause__, AssertionError):
            text = (
                f"Your test noticed that {what}, but only by accident. {failed} A test should fail with an "
                "AssertionError. The words of `talk`, such as `hears`, raise one for you."
            )
            talk.fail(text, "your test", "is", f"red because {what}", expected="red with an AssertionError")
        talk.tells("your test", "is", f"red because {what}")


finds = Exercise(
    _finds,
    hints=(
        "Begin with a happy test: serve the chat, connect Ann and Bob, let Ann send a message, and expect that both "
        "receive it.",
        "Then connect Zoe through the bad network: `async with bad_network(server) as net:`, and "
        '`zoe = await talk.client(net, "Zoe")`. After `net.cut()`, let Ann send another message.',
        "The server needs a moment to notice the cut. Wait for it with `await talk.has_connections(server, 2)`.",
    ),
    answer="""
async def finds(talk, chat, bad_network):
    async with talk.served(chat) as server, bad_network(server) as net:
        ann, bob = await talk.clients(server, "Ann", "Bob")
        zoe = await talk.client(net, "Zoe")
        await ann.says("hi")
        await talk.all_hear([ann, bob, zoe], "hi")
        net.cut()
        await talk.has_connections(server, 2)
        await ann.says("Where is Zoe?")
        await talk.all_hear([ann, bob], "Where is Zoe?")
""",
    why="A good test does what a bad day does. Then it expects what every user expects: the others can go on. Such a "
    "test passes on every chat without a bug, and it fails on the chats with a bug. The check tried both, and so "
    "should you: break your own code on purpose, and watch the test fail.",
)
