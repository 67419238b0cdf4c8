"""A careful server: it answers a bad message with an error, and goes on."""

import json

from wslearn.exercises import Exercise, Talk, has, otherwise
from wslearn.exercises.echo.own_replies import TRICKY, Replies
from wslearn.server import Server

_PARSE = "`json.loads` raises a `ValueError` for text that isn't JSON. Expect it with `try` and `except`."
_ONLY_JSON = "This looks like JSON, but it isn't. Let `json.loads` decide, and nothing else."
_MEMBER = 'JSON without `say` is possible too: then `["say"]` raises a `KeyError`.'
_OBJECT = "JSON may be a list, a string or a number, which has no `say` at all. Is what you have read a `dict`?"
_STRING = "`say` may be something other than a string: ask `isinstance(said, str)`."
#: What is not a good message, and what to do about it.
_BAD: tuple[tuple[str | bytes, str], ...] = (
    *((text, _PARSE) for text in ("hello", "", '{"say": "hello"')),
    *((text, _ONLY_JSON) for text in ("{'say': 'hello'}", '{"say": "hel" + "lo"}', '{"say": "hello"} and more')),
    *((text, _MEMBER) for text in ('{"shout": "hello"}', "{}", '{"shout": "say"}', '{"Say": "hello"}')),
    *((text, _OBJECT) for text in ("[1, 2]", '["say", "hello"]', '"say"', "5", "null", '[{"say": "hello"}]')),
    (r'"{\"say\": \"hello\"}"', "This is JSON for a string, not for an object. Decode it once, and look what it is."),
    *((f'{{"say": {what}}}', _STRING) for what in ("5", "0", "null", "true", "[]", '["he", "llo"]', '{"say": "hi"}')),
    (b"\xff", "A message may be bytes, and these are not UTF-8: `json.loads` raises a `UnicodeDecodeError`, which is a "
     "`ValueError` too."),
    *((text, "This JSON is nested thousands of times. Then `json.loads` raises a `RecursionError`: catch it too.")
      for text in ("[" * 60_000, '{"a":' * 12_000)),
    *((f'{{"say": "{half}"}}',
       "`\\ud800` to `\\udfff` are half a character, which cannot be sent: `said.encode()` raises "
       "a `UnicodeEncodeError`, which is a `ValueError`. Try it before you send, inside the `try`.")
      for half in ("\\ud800", "\\udfff is half a character", "\\udc00\\ud83d", "so is \\udbff")),
)  # fmt: skip
#: Good messages that look different, and what is in them.
_READ = "JSON may have spaces, line breaks and `\\u00fc`. Let `json.loads` read all of it."
_MORE = "An object may have other members besides `say`. They don't matter: the task says what is a mistake."
_BRACKETS = "Brackets inside a string nest nothing: let `json.loads` decide what is nested too deeply."
_LONG = "A string may be long. Send all of it back."
_GOOD = (
    ('{"say":"hello"}', "hello", _READ), (' {\n "say" :\t"hello" } ', "hello", _READ),
    (r'{"say": "\u00fc \"quoted\" \\"}', 'ü "quoted" \\', _READ), (r'{"say": "\ud83d\udc4b"}', "👋", _READ),
    ('{"say": "hello", "id": 1}', "hello", _MORE), ('{"to": ["Bob"], "say": "hi"}', "hi", _MORE),
    (json.dumps({"say": (brackets := "{[" * 60)}), brackets, _BRACKETS),
    (json.dumps({"say": (long := "hello, " * 5_000 + "hello")}), long, _LONG),
)  # fmt: skip


def _is_text(came: object) -> bool:
    return isinstance(came, str) and came not in ("5", "0", "None", "True", "null", "true", "hello")


async def _stays_careful(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann, bob, carl = await talk.clients(server, "Ann", "Bob", "Carl")
        await ann.asks({"say": "hello"}, "hello", 'For `{"say": "hello"}` send back the value of `"say"`: `hello`.')
        for bad, why in _BAD:
            message = {
                lambda came: came is None and ann.ws.close_code == 1000: "The connection was closed. Keep it open, "
                f"however many mistakes there are. {why}",
                has(
                    error=""
                ): "The error is empty. Write one in your own words: the text of an exception, `str(e)`, may be empty.",
                has(error=lambda text: not isinstance(text, str)): "The value of `error` should be a string.",
                lambda came: "error" in {name.strip().lower() for name in came}: "The member's name is `error`, in "
                "small letters.",
                bytes: "The answer came as bytes. Send the error as a string, as `json.dumps` returns it.",
                None: lambda came, bad=bad, why=why: (
                    "After one bad message, its sender receives nothing more. "
                    f"{'' if isinstance(bad, bytes) and 'Unicode' not in (talk.error(server) or 'Unicode') else why}"
                ),
                _is_text: 'Answer a mistake with JSON that has a member `error`: `json.dumps({"error": "…"})`. It adds '
                "the quotes and backslashes that JSON needs.",
                otherwise: f"This message is a mistake, and the answer should say so. {why}",
            }
            expected = has(error=lambda text: isinstance(text, str) and text != "")
            await ann.asks(bad, expected, message, meaning='{"error": "…"}, in your own words')
        await ann.asks({"say": "still there?"}, "still there?", "After the mistakes, answer a good message as before.")
        for good, said, why in _GOOD:
            await ann.asks(good, said, why)
        none = "Ann made mistakes, and {name} received something. Send each reply to `ws` alone."
        await talk.none_hear([bob, carl], none)
        replies = Replies(talk, lambda text, number: text, request=lambda text: json.dumps({"say": text}))
        empty = ("", "`say` may be an empty string, and that is a string all the same. Send it back: an empty message.")
        await replies.to_all(ann, bob, carl, tricky=(empty, *TRICKY[1:]))


careful = Exercise(
    _stays_careful,
    hints=(
        "Find out what can go wrong when you read such a message. Look at what the check sends.",
        "Read inside `try`, and catch `ValueError`, `KeyError`, `TypeError` and `RecursionError`: then the answer is "
        "an error.",
        "Check `isinstance(said, str)`, and try `said.encode()`. Raise a `TypeError` yourself, inside the `try`.",
    ),
    answer="""
class Careful(Server):
    async def handler(self, ws):
        async for message in ws:
            try:
                answer = json.loads(message)["say"]
                if not isinstance(answer, str):
                    raise TypeError
                answer.encode()  # raises a ValueError for half a character, which cannot be sent
            except (ValueError, KeyError, TypeError, RecursionError):
                answer = json.dumps({"error": 'expected JSON like {"say": "hello"}'})
            await ws.send(answer)
""",
    why="Everything that a client sends may be wrong. `try` is inside the loop, so the loop continues after a mistake. "
    "`RecursionError` comes from JSON that is nested thousands of times, which `json.loads` cannot read. JSON can also "
    "name half a character, `\\ud800`, which UTF-8 cannot express.",
)
