"""Task 2 of lesson 07: an error that says what a valid message looks like, for each kind of invalid message."""

import json
from collections.abc import Callable
from typing import Any

from wslearn.exercises.engine import Client, Exercise, Message, Talk, has, matches, otherwise
from wslearn.server import Server

#: Valid messages, and what a student reads who gets one wrong.
VALID = {
    "grüße, Añn": 'The same in capital letters is "GRÜSSE, AÑN". Use `.upper()`, which knows all letters.',
    "Hi 2 you!": "Ann sent a valid message, but got no right answer. Every string is valid, with any characters in it.",
    "": "Ann sent an empty string, which is a string, too. Ask `isinstance(text, str)`, not `if text`.",
}
#: Invalid messages: what each is called, and what is sent.
INVALID: dict[str, Any] = {
    "text that isn't valid JSON": "hello",
    "a JSON list": [1, 2],
    "a JSON string": '"message"',
    "an object without `message`": {"text": "hi"},
    "an object whose `message` is a number": {"message": 5},
    "a binary message": b"\xff\xfe",
    "deeply nested JSON (`json.loads` raises RecursionError, which isn't a ValueError)": "[" * 50_000,
    "an empty text": "",
    "text with a valid object at its beginning": '{"message": "hi"} hello',
    "a JSON list of objects": [{"message": "hi"}],
    "an empty object": {},
    "an empty list": [],
    "an object with `Message` and not `message`": {"Message": "hi"},
    "the JSON number 0": "0",
    "the JSON value `null`": "null",
    "an object whose `message` is `null`": {"message": None},
    "an object whose `message` is `false`": {"message": False},
    "an object whose `message` is 0": {"message": 0},
    "an object whose `message` is a list": {"message": ["hi"]},
    "an object whose `message` is an object": {"message": {"message": "hi"}},
}
#: After so many mistakes Ann connects again, because `ws.receive` allows ten of them.
MISTAKES = 8
#: What is expected: an error with the word `message` in it; and what may come for half of a character.
ERROR = {"type": "error", "message": lambda text: "message" in text}
HALF = "\ud800"
ABOUT_VALID = {
    None: "Ann sent a valid message, but got no answer.",
    lambda came: len(came.keys()) > 1: 'The answer to a valid message should be `{"message": "HI"}`, and no more.',
    otherwise: 'The answer to a valid message should be JSON, `{"message": "HI"}`. Use `json.dumps` and `.upper()`.',
}
ABOUT_HALF = (
    'Ann sent `{"message": "\\ud800"}`, JSON with half of a character, but got neither an error nor the same message. '
    "It can't be encoded as UTF-8. `json.dumps` writes it as `\\ud800` again, without `ensure_ascii=False`."
)


async def _useful_error(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "Ann"), await talk.client(server, "Bob")
        await _is_answered(ann, "hi", ABOUT_VALID)
        for said, message in VALID.items():
            await _is_answered(ann, said, message)
        for number, (what, data) in enumerate(INVALID.items()):
            if number and not number % MISTAKES:
                ann = await talk.client(server, "Ann")
            await ann.asks(data, ERROR, _about(what, ann), meaning='{"type": "error", "message": "… message …"}')
            text = f"Ann sent {what}, got an error, and was disconnected. Keep the connection open after a mistake."
            await ann.is_still_there(text)
            await ann.hears_nothing("Ann got more than one answer to one message. Send either the answer or the error.")
        await bob.hears_nothing("Bob sent nothing, but received the errors about Ann's messages. Answer only `ws`.")
        await ann.asks(json.dumps({"message": HALF}), _is_half, ABOUT_HALF, meaning="an error")
        text = "After the errors, a client sent a valid message, but did not get the right answer."
        both = ((bob, "bob"), (ann, "still here"))
        for client, said in both:
            await client.says({"message": said})
        for client, said in both:
            await client.hears(_loud(said), text, meaning=f'{{"message": "{said.upper()}"}}')
        await talk.none_hear((ann, bob), "{name} got an answer to another client's message. Answer only `ws`.")


async def _is_answered(client: Client, said: str, message: Message) -> None:
    await client.asks({"message": said}, _loud(said), message, meaning=f'{{"message": "{said.upper()}"}}')


def _loud(said: str) -> Callable[[Any], bool]:
    return lambda came: came == {"message": said.upper()}


def _is_half(came: Any) -> bool:
    return came == {"message": HALF} or matches(ERROR, came)


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
