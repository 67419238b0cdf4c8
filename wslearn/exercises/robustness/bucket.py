"""Task 1 of lesson 07: a token bucket, with a clock that only the check moves."""

import inspect

from wslearn.exercises.engine import Exercise, Talk, kind, otherwise

#: Seconds that go by, how often `take()` is called then, how often it should return True, and what a student reads if
#: it does not: by how often it did.
STEPS = (
    (0, 5, 5, "A new bucket must be full. It starts with `burst` tokens, so that a first burst of messages passes."),
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
    (3600, 8, 5, "After an hour of silence the bucket must be full, but hold no more than that: `min(self.burst, …)`."),
)  # fmt: skip


async def _bucket(talk: Talk, bucket_class: type) -> None:
    now = 1000.0
    bucket = await talk.call(bucket_class, 2, 5, lambda: now)
    talk.tells("a bucket", "is made", "with rate 2, burst 5 and a clock")
    if not callable(getattr(bucket, "take", None)) or inspect.iscoroutinefunction(bucket.take):
        text = "A bucket needs a method `def take(self):`. It never waits, so it isn't `async`."
        talk.fail(text, "the bucket", "is", kind(bucket), expected="an object with `take()`")
    for seconds, calls, expected, message in STEPS:
        if seconds:
            now += seconds
            talk.tells("the clock", "moves", f"{seconds:g} s forward")
        came = [await talk.call(bucket.take) for _ in range(calls)]
        if odd := [value for value in came if not isinstance(value, bool)]:
            text = "`take()` must always return `True` or `False`. Is a `return` missing?"
            talk.fail(text, "take()", "returns", kind(odd[0]), expected="True or False")
        wanted, who = f"True {expected} times", f"take() {calls} times"
        talk.expect(sum(came) == expected, message, expected=wanted, came=sum(came), who=who)


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
