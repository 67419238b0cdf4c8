"""What the exercises share: messages that a server should pass on as they are."""

import json
from collections.abc import Iterable
from typing import Any

from wslearn.exercises import Client, Talk
from wslearn.exercises.engine import Message, advice, matches
from wslearn.server import Server

IN_JSON = "The message arrived as JSON, not unchanged. `fan_out` makes JSON of a message; for raw text use `broadcast`."
READS_JSON = "`ws.receive(Say)` reads JSON, but here messages are plain text. Use `async for message in ws:`."


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

    async def receive(self, receivers: Iterable[Client], text: str, message: Message) -> None:
        """Expect that all of these receive a text as it is. After an error in a handler, `message` would mislead."""

        def nearest(came: Any) -> str:
            if self.talk.error(self.server):
                return ""
            everything = (one for client in self.talk.everybody for one in client.heard)
            if any(matches({"code": "bad-message"}, one) for one in everything):
                return READS_JSON
            return IN_JSON if in_json(text, came) else advice(message, came, "")

        await self.talk.all_hear(receivers, text, nearest)
