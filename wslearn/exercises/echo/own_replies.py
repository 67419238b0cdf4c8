"""What each server of this lesson must do: reply to every message, to its sender alone, in order, and soon."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.protocol import OPEN

from wslearn.exercises import Client, Talk, otherwise
from wslearn.exercises.engine import STEP, Message, matches, shown

#: Messages in which something is easily lost, and what a student should look for then.
TRICKY = (
    ("", "A message may be empty, and it is a message all the same. So don't write `if message` or `while message`."),
    (
        "Grüße aus Köln 👋 日本",
        "A message may have letters beyond a to z. Python's strings can do that: keep them all.",
    ),
    ("  two  spaces  ", "Spaces belong to the message, at its ends too. Don't use `strip` or `split`."),
    ("two\nlines", "A message may have several lines."),
    ("Hello, how are YOU? " * 40, "A message may be long, and have small and capital letters. Use all of it."),
    *(("hello", "The same message may come again, and then gets a reply again."),) * 2,
)
#: So many messages each client sends at one time, and so long nobody sends anything, in seconds.
BURST, PAUSE = 25, 0.5


class Replies:
    """Expects replies of one server. `reply(text, number)` is right for a client's message with this number.

    `request` makes a message of a text. `near(reply, came)` knows a mistake that may show at any message.
    """

    def __init__(
        self, talk: Talk, reply: Callable[[str, int], str], *, request: Callable[[str], str] = str,
        near: Callable[[str, Any], str] = lambda reply, came: "",
    ) -> None:  # fmt: skip
        self.talk, self.reply, self.request, self.near = talk, reply, request, near
        self.sent: Counter[Client] = Counter()

    def _due(self, client: Client, text: str) -> str:
        self.sent[client] += 1
        return self.reply(text, self.sent[client])

    async def to_one(self, client: Client, text: str, message: Message) -> None:
        """Let a client send a text, and expect the reply."""
        await client.asks(self.request(text), self._due(client, text), message)

    async def to_all(self, ann: Client, *others: Client, tricky: Iterable[tuple[str, str]] = TRICKY) -> None:
        """Let Ann send what is tricky, then all clients many messages at one time, then one after a pause."""
        for text, why in tricky:
            number = self.sent[ann] + 1
            reply = self.reply(text, number)
            await self.to_one(ann, text, {
                lambda came: came is None and _gone(ann): f"{_ended(number)} Or is it only this one? {why}",
                None: f"{{name}} received no reply to message {number}. Does your code stop after some messages? Or is "
                f"it only this one? {why}",
                otherwise: lambda came, reply=reply, why=why: self.near(reply, came) or why,
            })  # fmt: skip
        await self._silence("{name} received a message that was not meant for this client, or was sent twice. Send one "
                            "reply for each message, to `ws` alone.")  # fmt: skip
        await self._at_one_time([ann, *others])
        await self._silence("{name} received more than one reply to a message.")
        self.talk.tells("nobody", "sends", f"anything for {PAUSE:g} s")
        await asyncio.sleep(PAUSE)
        stays = "{name} was silent for a moment, and then got no reply. Wait for the next message as long as it takes."
        await self.to_one(ann, "after a pause", stays)

    async def _silence(self, message: str) -> None:
        await self.talk.none_hear([client for client in self.talk.everybody if not _gone(client)], message)

    async def _at_one_time(self, clients: list[Client]) -> None:
        due: dict[Client, list[str]] = {client: [] for client in clients}
        self.talk.tells("all", "send", f"{BURST} messages each, at one time: `{clients[0].name} 1`, and so on")
        with suppress(ConnectionClosed):  # then the replies are missing too
            for number in range(1, BURST + 1):
                for client, replies in due.items():
                    text = f"{client.name} {number}"
                    replies.append(self._due(client, text))
                    await client.ws.send(self.request(text))
        await self.talk.until(lambda: all(len(one.heard) >= one.judged + BURST for one in clients), within=STEP)
        for client, replies in due.items():
            came = client.heard[client.judged :][:BURST]
            client.judged += len(came)
            for reply, got in zip(replies, [*came, *[None] * (BURST - len(came))], strict=False):
                if not matches(reply, got):
                    self._fail(client, clients, reply, got, len(came), late=got in replies)
            self.talk.tells(client.name, "receives", f"{BURST} replies")

    def _fail(
        self, client: Client, clients: list[Client], reply: str, got: Any, count: int, *, late: bool
    ) -> None:  # fmt: skip
        others = [one.name for one in clients if one is not client and f"{one.name} ".lower() in str(got).lower()]
        if others:
            why = (
                f"{{name}} received the reply to {others[0]}'s message. `self` belongs to all clients: keep what "
                "belongs to one message in a variable inside `handler`, and send to `ws`."
            )
        elif got is not None:
            order = "Many messages came quickly, one after the other. Each should get its own reply, in the same order."
            why = order if late else self.near(reply, got) or order
        elif _gone(client):
            why = _ended(self.sent[client] - BURST + count)
        else:
            why = (
                f"{{name}} received {count} of {BURST} replies in {STEP:g} s. Does your code sleep, does it reply to a "
                "few messages or clients only, or does one client wait for another?"
            )
        found = f"nothing more, after {count} replies" if got is None else shown(got)
        self.talk.fail(why, client.name, "receives", found, expected=shown(reply))


def _gone(client: Client) -> bool:
    return client.ws.protocol.state is not OPEN


def _ended(count: int) -> str:
    return (
        f"{{name}}'s connection was closed after {count} messages. When `handler` ends, its connection is closed: use "
        "a loop for all messages of a client."
    )
