"""Task 1 of lesson 10: servers that share a room, because each sends what it hears from a hub."""

import inspect
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Talk, otherwise

DEAF = (
    "{name} is on another server than the sender, and did not receive the message. Publish it: "
    "`await self.hub.publish(text)`. And let each server subscribe, so that it learns what the others publish."
)
OWN = "{name} is on the sender's server, and did not receive the message. The hub calls your own function too."
NOBODY = (
    "{name} is on the sender's server, and did not receive the message. No server has subscribed to the hub, so it "
    "passes nothing on. Let each server subscribe, with a function that sends a text to its clients."
)
TWICE = (
    "{name} received a message twice. The hub passes each message on to every server, and that of the sender is one of "
    "them. Publish the message, and don't send it yourself too."
)
AGAIN = (
    "{name} received a message twice. Your server has subscribed the same function once for each client, so the hub "
    "calls it several times for each message. Subscribe once for each server."
)
STRANGE = "{name} received something else. Send the text as it is to each of your clients."
ASYNC = "The hub calls your function and does not wait for it. Write it with `def`, as `send_to_all` is."
LEFT = (
    "All clients of a server have come and gone several times, and it has subscribed again each time. Subscribe once, "
    "or unsubscribe when a client leaves."
)
HIDDEN = "`publish` was called with {what}. Publish the text itself."


class Hub:
    """A hub with one topic, which keeps nothing."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.heard: list[Callable[[str], Any]] = []
        self.wrong = ""

    def subscribe(self, heard: Callable[[str], Any]) -> None:
        """From now on, call `heard(text)` with each text that is published."""
        self.heard.append(heard)

    def unsubscribe(self, heard: Callable[[str], Any]) -> None:
        """Call a function no more."""
        self.heard.remove(heard)

    async def publish(self, text: str) -> None:
        """Pass a text on to everybody who has subscribed."""
        if not isinstance(text, str):
            self.wrong = HIDDEN.replace("{what}", type(text).__name__)
        for heard in list(self.heard):
            came = heard(text)
            if inspect.iscoroutine(came):
                came.close()
                self.wrong = ASYNC


def _silent(hub: Hub) -> str:
    """Return what is wrong if a client of the sender's server hears nothing."""
    return OWN if hub.heard else NOBODY


def _twice(hub: Hub) -> str:
    """Return what is wrong if a client hears a text twice."""
    return AGAIN if any(hub.heard.count(heard) > 1 for heard in hub.heard) else TWICE


def _has_news(client: Client, hub: Hub) -> bool:
    return bool(len(client.heard) > client.judged or hub.wrong)


async def _says(talk: Talk, hub: Hub, sender: Client, text: str, near: list[Client], far: list[Client]) -> None:
    """Let a client send a text, and expect it once at everybody."""
    await sender.says(text)
    for client in [*near, *far]:
        before = client.heard[: client.judged][-1:]
        await talk.until(partial(_has_news, client, hub))
        if hub.wrong:
            talk.fail(hub.wrong, "your server", "gives", "the hub something that it can't use")
        table: dict[Any, str] = {
            None: _silent(hub) if client in near else DEAF,
            lambda came, before=before: [came] == before: _twice(hub),
            otherwise: STRANGE,
        }
        await client.hears(text, table)


async def _one_room(talk: Talk, server_class: Any) -> None:
    hub = Hub(talk)
    async with AsyncExitStack() as stack:
        a, b = [await stack.enter_async_context(talk.server(server_class)) for _ in "ab"]
        a.hub = b.hub = hub
        ann, bob = await talk.clients(a, "Ann", "Bob")
        carl, dora = await talk.clients(b, "Carl", "Dora")
        for sender, text, near, far in (
            (ann, "hi from a", [ann, bob], [carl, dora]),
            (carl, " {from b ☕", [carl, dora], [ann, bob]),
            (bob, "and from a again", [bob, ann], [dora, carl]),
        ):
            await _says(talk, hub, sender, text, near, far)
        await talk.none_hear((ann, bob, carl, dora), _twice(hub))
        await dora.vanishes()
        await talk.has_connections(b, 1)
        await _says(talk, hub, ann, "Dora has gone", [ann, bob], [carl])
        before = len(hub.heard)
        for _ in range(5):
            (zoe,) = await talk.clients(b, "Zoe")
            await _says(talk, hub, zoe, "here I am", [zoe, carl], [ann, bob])
            await zoe.closes()
            await talk.has_connections(b, 1)
        if not await talk.until(lambda: len(hub.heard) <= before + 1):
            talk.fail(LEFT, "the hub", "has", f"{len(hub.heard)} subscriptions", expected="no more subscriptions")
        talk.tells("the hub", "has", "no more subscriptions")
        await _says(talk, hub, carl, "the end", [carl], [ann, bob])


one_room = Exercise(
    _one_room,
    hints=(
        "A client's message goes to the hub, and nowhere else. What comes from the hub goes to all clients of the "
        "server.",
        "In the handler, publish each text: `await self.hub.publish(text)`. What the hub calls can "
        "be `self.send_to_all`.",
        "Subscribe once for each server: if `self.subscribed` is `False` when a client connects, set it to `True`, and "
        "call `self.hub.subscribe(self.send_to_all)`.",
    ),
    answer="""
from websockets.asyncio.server import broadcast


class OneRoom(Server):
    hub = None  # the check puts its hub here
    subscribed = False

    def send_to_all(self, text):
        broadcast(self.connections, text)

    async def handler(self, ws):
        if not self.subscribed:
            self.subscribed = True
            self.hub.subscribe(self.send_to_all)
        async for text in ws:
            await self.hub.publish(text)
""",
    why="This is the seam. A server no longer sends a client's message to the others itself. It gives the message to "
    "the hub, and each server, its own too, sends what it hears from there. So nobody is deaf, nobody receives a "
    "message twice, and all receive the messages in the order in which the hub has them.",
)
