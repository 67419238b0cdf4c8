"""What the exercises share: messages that a server should pass on as they are."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from wslearn.exercises import Client, Talk
from wslearn.exercises.engine import STEP, Message, advice, matches, shown
from wslearn.server import Server

IN_JSON = "The message arrived as JSON, not unchanged. `fan_out` makes JSON of a message; for raw text use `broadcast`."
READS_JSON = "`ws.receive(Say)` reads JSON, but here messages are plain text. Use `async for message in ws:`."


#: Texts in which something is easily lost, and what a student should look for then. The last one comes twice.
TRICKY = (
    ("", "A message may be empty, and it is a message all the same. So don't write `if message` or `while message`."),
    ("Grüße 👋 日本", "A message may have letters beyond a to z. Pass it on as it is."),
    ("  two  spaces\nand two lines ", "Spaces and line breaks belong to the message. Pass it on as it is."),
    ("0", "`0` is a message like any other."),
    ("Again", "Pass on each message as it is, with its capital letters."),
    ("Again", "The same message may come again. Pass it on again."),
)
_GAVE_UP = (
    "Nobody had sent anything for a moment, and a connection was closed. Wait for the next message as long as it takes."
)
#: So many messages each client sends at one time, and so long nobody sends anything, in seconds.
BURST, PAUSE = 25, 0.5


def in_json(text: str, came: Any) -> bool:
    """Return whether what came is the text in JSON's quotes, or a JSON object with the text in it."""
    return came == json.dumps(text) or (isinstance(came, dict) and text in came.values())


class Crowd:
    """The clients of one server, in a check whose messages are plain text."""

    def __init__(self, talk: Talk, server: Server) -> None:
        self.talk, self.server = talk, server

    async def sends(self, sender: Client, text: str, receivers: Iterable[Client], message: Message) -> None:
        """Let a client send a text, and expect that these receive it as it is."""
        await sender.says(text)
        await self.receive(receivers, text, message)

    async def receive(self, receivers: Iterable[Client], text: str, message: Message, **options: Any) -> None:
        """Expect that all of these receive a text as it is; `options` are those of `Client.hears`.

        After an error in a handler, `message` would mislead.
        """

        def nearest(came: Any) -> str:
            if self.talk.error(self.server):
                return ""
            everything = (one for client in self.talk.everybody for one in client.heard)
            if any(matches({"code": "bad-message"}, one) for one in everything):
                return READS_JSON
            return IN_JSON if in_json(text, came) else advice(message, came, "")

        await self.talk.all_hear(receivers, text, nearest, **options)

    async def pause(self) -> None:
        """Let nobody send anything for a moment. A server that gives up then has an error or fewer clients."""
        self.talk.tells("nobody", "sends", f"anything for {PAUSE:g} s")
        count = len(self.server.connections)
        await asyncio.sleep(PAUSE)
        await self.talk.has_connections(self.server, count, _GAVE_UP)

    async def all_at_once(self, clients: list[Client], receivers: Callable[[Client], list[Client]]) -> None:
        """Let all clients send many messages at one time, and expect each at its receivers, in its sender's order."""
        before = {client: len(client.heard) for client in clients}
        self.talk.tells("all", "send", f"{BURST} messages each, at one time: `{clients[0].name} 1`, and so on")
        sent = {client: [f"{client.name} {number}" for number in range(1, BURST + 1)] for client in clients}
        with suppress(ConnectionClosed):  # then the others do not receive it either
            for texts in zip(*sent.values(), strict=True):
                for client, text in zip(clients, texts, strict=True):
                    await client.ws.send(text)
        due = {client: [one for one in clients if client in receivers(one)] for client in clients}

        def all_came() -> bool:
            return all(len(one.heard) >= before[one] + BURST * len(due[one]) for one in clients)

        in_time = await self.talk.until(all_came, within=STEP)
        for client in clients:
            came = client.heard[before[client] :]
            client.judged = len(client.heard)
            for sender in due[client]:
                from_sender = [text for text in came if str(text).startswith(f"{sender.name} ")]
                if from_sender != sent[sender]:
                    self._fail(client, sender, from_sender, in_time)
            if len(came) != BURST * len(due[client]):
                strange = "{name} received more than the others sent: something came twice, or to the wrong client."
                expected = f"{BURST * len(due[client])} messages"
                self.talk.fail(strange, client.name, "receives", f"{len(came)} messages", expected=expected)
            self.talk.tells(client.name, "receives", f"{len(came)} messages")

    def _fail(self, client: Client, sender: Client, came: list[Any], in_time: bool) -> None:
        if self.talk.error(self.server):
            why = ""
        elif in_time:
            why = (
                f"All clients sent messages at one time, and {{name}} did not receive exactly what {sender.name} sent. "
                "`self` belongs to all clients: keep a message and its sender in variables inside `handler`."
            )
        else:
            why = (
                f"All clients sent messages at one time. {{name}} received {len(came)} of {BURST} from {sender.name} "
                f"in {STEP:g} s. Does your code sleep, stop after a few messages, or keep a sender in `self`?"
            )
        expected = f"{BURST} messages from {sender.name}, in order"
        self.talk.fail(why, client.name, "receives", shown(came), expected=expected)
