"""Exercises of lesson 07: a token bucket, an error that helps, a goodbye in time, and a fair share of connections."""

import inspect
from collections.abc import Callable

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.talk import Talk
from wslearn.exercises.robustness.fair_share import fair_share
from wslearn.exercises.robustness.shutdown import goodbye

__all__ = ["fair_share", "goodbye", "token_bucket", "useful_error"]

# Task 1: a token bucket


class _Clock:
    """A clock that only the check moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def _bucket(talk: Talk, bucket_class: type) -> None:
    clock = _Clock()
    bucket = await talk.call(bucket_class, 2, 5, clock)
    talk.tells("a bucket", "is made", "with rate 2, burst 5 and a clock")
    if not callable(getattr(bucket, "take", None)) or inspect.iscoroutinefunction(bucket.take):
        raise NotYet("A bucket needs a method `def take(self):`, and no `async` one: it has to wait for nothing.")

    async def passes(expected: int, of: int, or_else: Callable[[list[bool]], str], later: float = 0.0) -> None:
        if later:
            clock.now += later
            talk.tells("the clock", "goes on", f"{later:g} s")
        came = [await talk.call(bucket.take) for _ in range(of)]
        if other := [value for value in came if not isinstance(value, bool)]:
            text = "`take()` must return `True` or `False`, each time. Is a `return` missing?"
            talk.expect(False, text, expected="True or False", came=other[0], who="take()")
        wanted = f"True {expected} times"
        talk.expect(sum(came) == expected, or_else(came), expected=wanted, came=sum(came), who=f"take() {of} times")

    await passes(5, 5, lambda _: "A new bucket must be full: it has `burst` tokens, so that a first burst passes.")
    await passes(0, 1, lambda _: "All five tokens were taken, and a sixth came: each `take()` must use one up.")
    await passes(2, 8, _after_a_second, later=1)
    await passes(0, 3, lambda came: _HALF if came[0] else _HALF_TWICE, later=0.25)
    await passes(1, 2, lambda _: _ROUNDED, later=0.25)
    await passes(5, 8, lambda _: _NO_BURST, later=3600)


def _after_a_second(came: list[bool]) -> str:
    match sum(came):
        case 0:
            return (
                "A second went by on the clock that the bucket was given, and no token came. In `take()` ask "
                "`self.clock()`, no other clock, and add the seconds since the last look, times the rate."
            )
        case 1:
            return "A `take()` that was refused has cost a token. Take one only where there is one."
        case 5:
            return "A second after it was empty the bucket was full again. Only `rate` tokens come in a second."
    return "The same second was counted again with each `take()`. Remember when you looked last."


_HALF = (
    "A quarter of a second is worth half a token, and it let a message pass. Half a token is not a token: "
    "ask whether there is a whole one, `self.tokens >= 1`."
)
_HALF_TWICE = (
    "A quarter of a second is worth half a token, and it was counted more than once. Remember when you looked last, "
    "also where you refuse."
)
_ROUNDED = (
    "Two quarters of a second are worth one token, and none came. Tokens come bit by bit: do not round, and keep the "
    "part of a token that is there."
)
_NO_BURST = "An hour of silence must fill the bucket, and no more than that: `min(self.burst, …)`."

token_bucket = Exercise(
    _bucket,
    hints=(
        "Nobody has to fill the bucket while nobody looks. It is enough to know how many tokens there were, and when "
        "that was.",
        "Keep two numbers: `self.tokens`, and `self.filled_at`, the time of the last look. Each `take()` begins by "
        "bringing both up to date.",
        "First `now = self.clock()`, then "
        "`self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)`, "
        "then `self.filled_at = now`. Then look whether there is a whole token.",
    ),
    answer="""
class Bucket:
    def __init__(self, rate, burst, clock):
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens, self.filled_at = burst, clock()

    def take(self):
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
""",
    why="Two numbers for each client, and no timer. `min` keeps an hour of silence from becoming a flood, and whoever "
    "is refused pays nothing: after a pause all is well again.",
)

# Task 2: a useful error

_LIVES = "a mistake may cost an answer, and no more"
_DEEP = "JSON that is nested 50,000 deep"
#: What is no good message: what it is called, and what is sent.
_BAD = (
    ("A text that is no JSON", "hello"),
    ("A JSON list", [1, 2]),
    ("JSON that is only a text", '"message"'),
    ("An object without `message`", {"text": "hi"}),
    ("A `message` that is a number", {"message": 5}),
    ("A binary message", b"\xff\xfe"),
    (_DEEP, "[" * 50_000),
)


async def _useful_error(talk: Talk, server_class: type) -> None:
    async with talk.server(server_class) as server:
        ann, ben = await talk.client(server, "ann"), await talk.client(server, "ben")
        await ann.says({"message": "hi"})
        await ann.hears({"message": "HI"}, _no_capitals)
        for what, data in _BAD:
            await ann.says(data)
            await ann.hears(
                {"type": "error", "message": lambda text: "message" in text},
                lambda came, what=what: _no_error(what, came, ann.ws.close_code),
                meaning='{"type": "error", "message": "… message …"}',
            )
            await ann.is_still_there(
                lambda came, what=what: (
                    f"{what} got an error, and then the connection was closed ({came[0]}): {_LIVES}."
                )
            )
        await ben.hears_nothing("Ben said nothing, and heard of Ann's mistakes: answer `ws`, and nobody else.")
        await ann.says({"message": "still here"})
        await ann.hears({"message": "STILL HERE"}, "After the errors a good message was not answered any more.")


def _no_capitals(came: object) -> str:
    if came is None:
        return "A good message got no answer."
    return 'A good message must be answered with JSON: `{"message": "HI"}`. Is there `json.dumps`, and `.upper()`?'


def _no_error(what: str, came: object, closed: int | None) -> str:
    if came is None:
        end = f"ended the connection ({closed}), without a word: {_LIVES}."
        if what == _DEEP:
            end += " Here `json.loads` raises RecursionError, which is no ValueError: name it too."
        return f"{what} {end if closed else 'got no answer. Silence helps nobody: say what you expected.'}"
    if not isinstance(came, dict) or "message" not in came:
        return f'{what} must be answered with JSON: `{{"type": "error", "message": …}}`.'
    if came.get("type") != "error":
        return f'{what} was answered without `"type": "error"`. A good message is an object whose `message` is a text.'
    return f"{what} got an error that does not help: tell how a good message looks, with the word `message` in it."


useful_error = Exercise(
    _useful_error,
    hints=(
        "What can be wrong with a message? It may be no JSON. It may be JSON, and no object. It may be an object "
        "without `message`. And `message` may be anything.",
        "Put `json.loads`, and the look at `message`, between `try:` and `except`. Which exceptions can come? "
        "`ValueError` (also for bytes that are no UTF-8), `TypeError`, `KeyError`, `AttributeError`, and "
        "`RecursionError` for what is nested too deeply.",
        "Or leave it to the package: `async for said in ws.receive(Say):` yields good messages only, and answers all "
        "others with an error. `from wslearn.messages import Say`.",
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
    why="Each kind of mistake has an exception of its own, and the list names those that a client can cause: an error "
    "in our own code, such as a wrong name, is not hidden by it. With many kinds of messages describe them as types, "
    "and let a library check them: `ws.receive(Say)` does that.",
)
