"""A careful server: it answers a bad message with an error, and goes on."""

from wslearn.exercises import Exercise, Talk, has, otherwise
from wslearn.server import Server

#: What is not a good message, and what to do about it.
_BAD = (
    ("hello", "`json.loads` raises a `ValueError` for text that isn't JSON. Expect it with `try` and `except`."),
    ('{"shout": "hello"}', 'JSON without `say` is possible too: then `["say"]` raises a `KeyError`.'),
    ("[1, 2]", "JSON may be a list or a number, which has no `say` at all."),
    ('{"say": 5}', "`say` may be something other than a string: ask `isinstance(said, str)`."),
)


def _is_text(came: object) -> bool:
    return isinstance(came, str) and came != "5"


async def _stays_careful(talk: Talk, server_class: type[Server]) -> None:
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "Ann")
        await ann.asks({"say": "hello"}, "hello", 'For `{"say": "hello"}` send back the value of `"say"`: `hello`.')
        for bad, why in _BAD:
            message = {
                None: f"After one bad message, its sender receives nothing more. {why}",
                _is_text: 'Answer a mistake with JSON that has a member `error`: `json.dumps({"error": "…"})`.',
                otherwise: f"This message is a mistake, and the answer should say so. {why}",
            }
            expected = has(error=lambda text: isinstance(text, str) and text != "")
            await ann.asks(bad, expected, message, meaning='{"error": "…"}, in your own words')
        await ann.asks({"say": "still there?"}, "still there?", "After the mistakes, answer a good message as before.")


careful = Exercise(
    _stays_careful,
    hints=(
        "Find out what can go wrong when you read such a message. There are four ways: look at what the check sends.",
        "Read inside `try`, and catch `ValueError`, `KeyError` and `TypeError`: then the answer is an error.",
        "Check `isinstance(said, str)`: it is false for a number. Then raise a `TypeError` yourself, inside the `try`.",
    ),
    answer="""
class Careful(Server):
    async def handler(self, ws):
        async for message in ws:
            try:
                answer = json.loads(message)["say"]
                if not isinstance(answer, str):
                    raise TypeError
            except (ValueError, KeyError, TypeError, RecursionError):
                answer = json.dumps({"error": 'expected JSON like {"say": "hello"}'})
            await ws.send(answer)
""",
    why="Everything that a client sends may be wrong. `try` is inside the loop, so the loop continues after a mistake. "
    "`RecursionError` comes from JSON that is nested thousands of times, which `json.loads` cannot read.",
)
