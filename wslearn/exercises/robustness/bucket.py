"""Task 1 of lesson 07: token buckets, with clocks that only the check moves."""

import inspect
from typing import Any

from wslearn.exercises.engine import Exercise, Talk, kind, otherwise

#: Seconds that go by, how often `take()` is called then, how often it should return True, and what a student reads if
#: it does not: by how often it did. The first bucket has rate 2 and burst 5, and its clock says 1000 at first.
FIRST = (
    (0, 5, 5, {
        4: "The bucket still had a whole token, but `take()` returned False. One token is enough: `self.tokens >= 1`.",
        otherwise: "A new bucket must be full. It starts with `burst` tokens, so that a first burst passes.",
    }),
    (0, 1, 0, "All five tokens were taken, but a sixth `take()` returned True. Each `take()` must use up one token."),
    (1, 8, 2, {
        0: "A second passed on the clock that your bucket got, but no token arrived. In `take()`, call `self.clock()` "
        "and no other clock, and add `rate` tokens per second since the last call.",
        1: "A `take()` that was refused cost a token. Take a token only if there is one.",
        5: "One second after it was empty, the bucket was full again. Only `rate` tokens arrive per second.",
        otherwise: "The same second was counted again by each `take()`. Remember when you last added tokens.",
    }),
    (0.25, 1, 0, "A quarter of a second is worth half a token, but `take()` returned True. Ask whether there is a "
     "whole token: `self.tokens >= 1`."),
    (0, 2, 0, "A quarter of a second is worth half a token, but it was counted more than once. Remember when you last "
     "added tokens, even if `take()` returns False."),
    (0.25, 2, 1, "Two quarters of a second are worth one token, but no token arrived. Tokens arrive bit by bit, so "
     "keep the fraction of a token, and do not round."),
    (3600.4, 8, 5, "After an hour of silence the bucket must be full, and hold no more: `min(self.burst, …)`."),
    (0.3, 1, 0, "A full bucket gains nothing, but yours kept the fraction of a token. 0.3 s later, only 0.6 tokens "
     "have arrived. Set the time of the last update to now in each `take()`."),
)  # fmt: skip
#: The same for a bucket with rate 3 and burst 2, and for one with rate 1 and burst 7. Their clock says 0 at first.
SECOND = (
    (10, 4, 2, "Another bucket, with burst 2, should be full, and hold no more than that. Keep the tokens of each "
     "bucket in `self`, use `burst` for their number, and add none to a full bucket."),
    (0.4, 4, 1, "0.4 s are worth 1.2 tokens if `rate` is 3. Use `rate`, and keep the fraction of a token."),
    (0.3, 2, 1, "After 0.4 and 0.3 s, 2.1 tokens have arrived, and one has been taken. Keep the fraction of a token "
     "that is left when a token is taken."),
)  # fmt: skip
THIRD = (
    (0, 9, 7, "A third bucket, with burst 7, should be full at time 0, too. Use `burst`, and keep all in `self`."),
    (2, 3, 2, "This clock said 0 when the bucket was used, and then 2: two tokens with rate 1. Use `rate`. Or is a "
     "0 lost in an `or` or `if`?"),
)  # fmt: skip
#: `take()` is called so often, once each so many seconds, with rate 3: worth 1.25 tokens and a little more.
TINY, STEP = 417, 0.001


class _Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def _bucket(talk: Talk, bucket_class: Any) -> None:
    clock, other = _Clock(1000.0), _Clock(0.0)
    first = await _made(talk, bucket_class, 2, 5, clock)
    second = await _made(talk, bucket_class, 3, 2, other)
    none = await _made(talk, bucket_class, 3, 0, other)
    await _steps(talk, first, clock, FIRST)
    third = await _made(talk, bucket_class, 1, 7, other)
    await _steps(talk, third, other, THIRD)
    await _steps(talk, second, other, SECOND, beside=third)
    came = 0
    talk.tells("the clock", "moves", f"{STEP:g} s forward, {TINY} times")
    for _ in range(TINY):
        other.now += STEP
        came += await _take(talk, second)
    text = "Many calls in a short time got the wrong number of tokens. Add the smallest fraction, and don't round."
    talk.expect(came == 1, text, expected="True once", came=came, who=f"take() {TINY} times")
    other.now += 3600
    text = "A bucket with `burst` 0 never holds a token. Is a 0 lost in an `or` or `if`?"
    talk.expect(not await _take(talk, none), text, expected="False", came=True, who="take()")


async def _made(talk: Talk, bucket_class: Any, rate: float, burst: float, clock: _Clock) -> Any:
    bucket = await talk.call(bucket_class, rate, burst, clock)
    talk.tells("a bucket", "is made", f"with rate {rate}, burst {burst} and a clock")
    if not callable(getattr(bucket, "take", None)) or inspect.iscoroutinefunction(bucket.take):
        text = "A bucket needs a method `def take(self):`. It never waits, so it isn't `async`."
        talk.fail(text, "the bucket", "is", kind(bucket), expected="an object with `take()`")
    return bucket


async def _steps(talk: Talk, bucket: Any, clock: _Clock, steps: tuple, beside: Any = None) -> None:
    for seconds, calls, expected, message in steps:
        if seconds:
            clock.now += seconds
            talk.tells("the clock", "moves", f"{seconds:g} s forward")
        if beside:
            await _take(talk, beside)  # which changes nothing for `bucket`
        came = [await _take(talk, bucket) for _ in range(calls)]
        if sum(came) == expected:
            message = "`take()` returned False, and then True, although no time had passed."
        right = came == [True] * expected + [False] * (calls - expected)
        wanted, who = f"True {expected} times", f"take() {calls} times"
        talk.expect(right, message, expected=wanted, came=sum(came), who=who)


async def _take(talk: Talk, bucket: Any) -> bool:
    came = await talk.call(bucket.take)
    if not isinstance(came, bool):
        text = "`take()` must always return `True` or `False`. Is a `return` missing?"
        talk.fail(text, "take()", "returns", kind(came), expected="True or False")
    return came


token_bucket = Exercise(
    _bucket,
    hints=(
        "You don't have to add tokens while nobody looks. Remember how many tokens there were, and when that was.",
        "Keep two numbers, `self.tokens` and `self.filled_at` (the time of the last update). Begin each `take()` by "
        "updating both.",
        "First `now = self.clock()`, then "
        "`self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)`, "
        "then `self.filled_at = now`. After that, check whether there is a whole token.",
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
    why="Each client needs only two numbers and no timer. Because of `min`, an hour of silence can't become a flood. "
    "A refused message costs nothing, so after a pause the client can send again.",
)
