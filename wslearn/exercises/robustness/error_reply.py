"""Task 2 of lesson 07: an error that says what a valid message looks like, for each kind of invalid message."""

from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, has, otherwise
from wslearn.server import Server

#: Invalid messages: what each is called, and what is sent.
INVALID: dict[str, Any] = {
    "text that isn't valid JSON": "hello",
    "a JSON list": [1, 2],
    "a JSON string": '"message"',
    "an object without `message`": {"text": "hi"},
    "an object whose `message` is a number": {"message": 5},
    "a binary message": b"\xff\xfe",
    "deeply nested JSON (`json.loads` raises RecursionError, which isn't a ValueError)": "[" * 50_000,
}
#: What is expected: an error with the word `message` in it.
ERROR = {"type": "error", "message": lambda text: "message" in text}
ABOUT_VALID = {
    None: "Ann sent a valid message, but got no answer.",
    otherwise: 'The answer to a valid message should be JSON, `{"message": "HI"}`. Use `json.dumps` and `.upper()`.',
}


async def _useful_error(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "Ann"), await talk.client(server, "Bob")
        await ann.asks({"message": "hi"}, {"message": "HI"}, ABOUT_VALID)
        for what, data in INVALID.items():
            await ann.asks(data, ERROR, _about(what, ann), meaning='{"type": "error", "message": "… message …"}')
            text = f"Ann sent {what}, got an error, and was disconnected. Keep the connection open after a mistake."
            await ann.is_still_there(text)
        await bob.hears_nothing("Bob sent nothing, but received the errors about Ann's messages. Answer only `ws`.")
        text = "After the errors, Ann sent a valid message, but did not get the right answer."
        await ann.asks({"message": "still here"}, {"message": "STILL HERE"}, text)


def _about(what: str, ann: Client) -> Message:
    silence, end = "but got no answer. Tell her what you expected.", "and was disconnected. Only send her an error."
    return {
        None: lambda _: f"Ann sent {what}, {silence if ann.ws.close_code is None else end}",
        has(type="error", message=otherwise):
            f"Ann sent {what}. Your error doesn't help: say what a message should look like, with the word `message`.",
        has(message=otherwise):
            f'Ann sent {what}. The answer needs `"type": "error"`: in a valid message, `message` is a string.',
        otherwise: f'Ann sent {what}. The answer should be JSON, `{{"type": "error", "message": …}}`.',
    }  # fmt: skip


useful_error = Exercise(
    _useful_error,
    hints=(
        "Think of all that can be wrong. A message may not be valid JSON, or not an object. An object may have no "
        "`message`, and `message` may be anything.",
        "Put `json.loads` and the use of `message` between `try:` and `except`. Catch `ValueError` (also raised for "
        "bytes that aren't UTF-8), `TypeError`, `KeyError`, `AttributeError`, and `RecursionError` (for deep nesting).",
        "Or leave it to the package: `async for said in ws.receive(Say):` yields only valid messages, and answers all "
        "others with an error. Import it with `from wslearn.messages import Say`.",
    ),
    answer="""
import json


class Capitals(Server):
    async def handler(self, ws):
        async for data in ws:
            try:
                answer = {"message": json.loads(data)["message"].upper()}
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                answer = {"type": "error", "message": 'expected an object such as {"message": "hi"}'}
            await ws.send(json.dumps(answer))
""",
    why="The `except` lists only exceptions that a client can cause, so it doesn't hide a bug in our own code, such as "
    "a misspelled name. If you have many kinds of messages, describe them as types, and let a library check them. "
    "`ws.receive(Say)` does that.",
)
