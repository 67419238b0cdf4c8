"""Exercises of lesson 02: servers that echo, each with a twist of its own, and a frame taken apart by hand."""

import time
from functools import partial

from wslearn.exercises import Exercise

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

# Unmask


async def _unmasks(talk, unmask):
    key = bytes([0x37, 0xFA, 0x21, 0x3D])  # the example of RFC 6455, section 5.7
    for payload, about in (
        (b"Hello", _about_unmasking),
        (b"", "A message may be empty. Then there is nothing behind the key."),
        (
            "Grüße, and a long text".encode(),
            "Byte number `i` goes with key byte number `i % 4`: after four, begin again.",
        ),
        (bytes(range(125)), "The payload may be any bytes, up to 125 of them here."),
    ):
        masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        frame = bytes([0x81, 0x80 | len(payload)]) + key + masked
        await talk.calls(unmask, (frame,), payload, partial(_unmasked, about, masked, frame))
    await talk.calls(
        unmask,
        (bytes([0x82, 0x82, 1, 2, 3, 4, 0, 0]),),
        bytes([1, 2]),
        "The key is not always the same: take it from the frame, bytes 2 to 5.",
    )


def _about_unmasking(masked, frame, came):
    if came == masked:
        return "These bytes are still masked. Each must be combined with a byte of the key: `byte ^ key[i % 4]`."
    if came == frame[2:]:
        return "These bytes begin with the key. The key is four bytes, and the payload comes behind it."
    if isinstance(came, bytes) and len(came) > len(masked):
        return f"That is too long: the payload has {len(masked)} bytes. It begins behind the key, at byte 6."
    return "Take the key from bytes 2 to 5 and the payload from byte 6 on."


def _unmasked(about, masked, frame, came):
    if isinstance(came, str):
        return "A payload is bytes, not text: leave out `decode()`."
    if isinstance(came, list):
        return "This is a list of numbers. `bytes(…)` makes bytes of it."
    return about(masked, frame, came) if callable(about) else about


unmask = Exercise(
    _unmasks,
    hints=(
        "Cut the frame first: `frame[2:6]` is the key. Where does the payload begin?",
        "`^` is exclusive or: `5 ^ 3` is `6`, and `6 ^ 3` is `5` again. So masking twice gives back what was there.",
        "Go through the payload with `enumerate`, and make bytes of `byte ^ key[i % 4]`.",
    ),
    answer="""
def unmask(frame):
    key, masked = frame[2:6], frame[6:]
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(masked))
""",
    why="A client masks every frame with a new random key (RFC 6455, section 5.3). It is no secret, for the key is in "
    "the frame. It keeps a web page from choosing the bytes on the wire, which could fool old proxies.",
)

# Patient

#: How often the race is run. An answer that blocks loses it each time; one that does not may lose on a busy machine.
RACES = 3


async def _is_patient(talk, server_class):
    async with talk.server(server_class) as server:
        ann, bob = await talk.client(server, "ann"), await talk.client(server, "bob")
        for race in range(RACES):
            await ann.says("hello")
            began = time.monotonic()
            await bob.says("quick")
            await bob.hears("quick", _about_quick, within=3)
            waited = time.monotonic() - began
            bob_was_first = len(ann.heard) == race
            await ann.hears("HELLO", "ann should get what `slow_upper` returns: `HELLO`.", within=3)
            if bob_was_first:
                return
        talk.expect(
            False,
            f"bob had to wait {waited:.1f} s, until ann's slow answer was there: `slow_upper` blocked the event loop. "
            "Let a thread do it."
            if waited > 0.2
            else "ann's answer was there at once. Let `slow_upper` make it: it stands for work that takes its time.",
            who="bob",
            expected="answered before ann",
            came="answered after ann",
        )


def _about_quick(came):
    if came == "QUICK":
        return "`quick` is sent back as it is, at once, without `slow_upper`."
    return "bob's `quick` was not answered."


patient = Exercise(
    _is_patient,
    hints=(
        "`time.sleep` gives nobody else a turn, and neither does any function that computes for long. "
        "Who else could run it?",
        "`asyncio.to_thread` runs a function in a thread, and can be awaited.",
        "`answer = await asyncio.to_thread(slow_upper, message)`: the function's name without `()`, then what it gets.",
    ),
    answer="""
class Patient(Server):
    async def handler(self, ws):
        async for message in ws:
            if message == "quick":
                await ws.send(message)
            else:
                await ws.send(await asyncio.to_thread(slow_upper, message))
""",
    why="All clients share one event loop. While a function blocks it, nobody is served. In a thread it blocks only "
    "that thread, and `await` gives the others their turn.",
)
