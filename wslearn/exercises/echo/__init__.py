"""Exercises of lesson 02: servers that echo, each with a twist of its own; a frame unmasked by hand; patience."""

from functools import partial

from wslearn.exercises import Exercise
from wslearn.exercises.echo.masking import unmask
from wslearn.exercises.echo.patience import patient

__all__ = ["careful", "goodbye", "numbers", "patient", "shout", "unmask"]

# Shout


async def _shouts(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "ann")
        for said in ("hello", "good morning"):
            await ann.says(said)
            await ann.hears(f"{said.upper()}!", partial(_about_shouting, said))


def _about_shouting(said, came):
    if came is None and said != "hello":
        return "Only the first message was answered: when `handler` ends, the connection is closed. Use a loop."
    if came is None:
        return "Nothing came back. Is there an `await ws.send(…)` for each message?"
    if came == said:
        return 'The text came back as it was. `"abc".upper()` is `"ABC"`.'
    if came == said.upper():
        return "The letters are right. Now the `!` behind them."
    if came == f"{said}!":
        return "The `!` is there. Now the capital letters."
    return f"`{said}` should become `{said.upper()}!`."


shout = Exercise(
    _shouts,
    hints=(
        "Begin with the handler of `Reverse`, in part 4.",
        'Change one line of it: what is sent. `"abc".upper()` is `"ABC"`, and `+` joins two texts.',
        'Send `message.upper() + "!"`.',
    ),
    answer="""
class Shout(Server):
    async def handler(self, ws):
        async for message in ws:
            await ws.send(message.upper() + "!")
""",
    why="`async for` takes one message after the other until the client closes, so every message is answered.",
)

# Numbers


async def _numbers(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "ann")
        await ann.says("a")
        await ann.hears("1: a", _about_the_first)
        await ann.says("b")
        await ann.hears("2: b", "The number does not grow. Add 1 for each message, inside the loop.")
        bob = await talk.client(server, "bob")
        await bob.says("c")
        await bob.hears(
            "1: c",
            "bob's numbers go on where ann's ended. What is in `self` belongs to all clients; a variable inside "
            "`handler` belongs to one.",
        )
        await ann.says("d")
        await ann.hears("3: d", "When bob came, ann's count was lost. Each client needs a count of its own.")


def _about_the_first(came):
    if came == "0: a":
        return "Count first, then send: the first number is 1."
    if came == "a":
        return "The text came back without a number."
    return "The first message should come back as `1: a`: a number, a colon, a space, the text."


numbers = Exercise(
    _numbers,
    hints=(
        "Where does a count live that belongs to one client? Look at the end of part 4.",
        "Write `count = 0` as the first line inside `handler`, before the loop.",
        'In the loop: `count += 1`, and then send `f"{count}: {message}"`.',
    ),
    answer="""
class Numbers(Server):
    async def handler(self, ws):
        count = 0  # a variable of this one client
        async for message in ws:
            count += 1
            await ws.send(f"{count}: {message}")
""",
    why="`handler` runs once for each client, so its variables belong to that client. `self` is the server.",
)

# Goodbye


async def _says_goodbye(talk, server_class):
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "ann"), await talk.client(server, "bob")
        await ann.says("hello")
        await ann.hears("hello", "Any other text than `bye` comes back as it is.")
        await ann.says("bye")
        await ann.is_closed(1000, "see you", lambda came: _about_the_end(came, ann.heard))
        ann.talk.expect(
            "bye" not in ann.heard,
            "`bye` was sent back before the close. Look at the message first, and send only what is not `bye`.",
            expected="no message after `hello`",
            came=ann.heard[1:],
        )
        await bob.says("still here")
        await bob.hears("still here", "When ann said bye, bob lost his server too. Close `ws`, not the server.")


def _about_the_end(came, heard):
    if came is None:
        if "bye" in heard:
            return '`bye` came back like any other text. Compare: `if message == "bye":`.'
        return "After `bye` the connection must be closed: `await ws.close(…)`."
    code, reason = came
    if code == 1000 and not reason:
        return "It is closed with 1000, but without a reason: `ws.close` takes the code, and then the reason."
    if code == 1000:
        return f"The reason should be `see you`, and is `{reason}`."
    if code == 1001:
        return "The whole server stopped. Close the connection to this one client: `ws.close`."
    return f"The code should be 1000, and is {code}."


goodbye = Exercise(
    _says_goodbye,
    hints=(
        "A server closes as a client does. Look where *the client says goodbye*, in part 3.",
        'Inside the loop, look at the message before you send it: `if message == "bye":`.',
        'Then `await ws.close(1000, "see you")`, and `return`, so that nothing is sent any more.',
    ),
    answer="""
class Goodbye(Server):
    async def handler(self, ws):
        async for message in ws:
            if message == "bye":
                await ws.close(1000, "see you")
                return
            await ws.send(message)
""",
    why="A handler that just returns closes with 1000 too, but gives no reason. After `close` nothing can be sent.",
)

# Careful


async def _stays_careful(talk, server_class):
    async with talk.server(server_class) as server:
        ann = await talk.client(server, "ann")
        await ann.says({"say": "hello"})
        await ann.hears("hello", 'For `{"say": "hello"}` send back `hello`: what stands behind `"say"`.')
        for bad, why in (
            (
                "hello",
                "`json.loads` raises a `ValueError` for a text that is not JSON. Expect it with `try` and `except`.",
            ),
            ('{"shout": "hello"}', 'JSON without `say` is possible too: then `["say"]` raises a `KeyError`.'),
            ("[1, 2]", "JSON may be a list or a number, and then it has no `say` at all."),
            ('{"say": 5}', "`say` may be something else than a text. `isinstance(said, str)` tells."),
        ):
            await ann.says(bad)
            await ann.hears({"error": _is_text}, _about_bad(why), meaning='{"error": "…"}, with a text of yours')
        await ann.says({"say": "still there?"})
        await ann.hears("still there?", "After so many mistakes a good message must be answered as before.")


def _is_text(value):
    return isinstance(value, str) and value != ""


def _about_bad(why):
    def about(came):
        if came is None:
            return f"One bad message, and its sender hears no more. {why}"
        if isinstance(came, str) and came != "5":
            return 'A mistake is answered with JSON that has a member `error`: `json.dumps({"error": "…"})`.'
        return f"This is a mistake, and the answer should say so. {why}"

    return about


careful = Exercise(
    _stays_careful,
    hints=(
        "What can go wrong when you read such a message? There are four ways: look at what the check sends.",
        "Put the reading into `try`, and expect `ValueError`, `KeyError` and `TypeError`. In the `except` part, make "
        "the answer an error.",
        "`isinstance(said, str)` is false for a number. Then raise a `TypeError` yourself, inside the `try`.",
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
    why="Everything that a client sends may be wrong. `try` stands inside the loop, so the loop goes on after a "
    "mistake. `RecursionError` comes from JSON that is nested thousands of times, which `json.loads` cannot read.",
)
