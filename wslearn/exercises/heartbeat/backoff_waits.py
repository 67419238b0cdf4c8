"""Task 4 of lesson 06: exponential back-off with full jitter, judged by the statistics of many clients' waits."""

import inspect
import math
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from numbers import Real
from statistics import StatisticsError, correlation, mean
from typing import Any, NamedTuple

from wslearn.exercises.engine import Exercise, NotYet, Talk, kind
from wslearn.exercises.heartbeat.judge import judge

#: How many clients are compared, and how often one of them tries while its server is down for a night.
CLIENTS, NIGHT = 300, 5_000


class Case(NamedTuple):
    """What `backoff` is called with, in seconds, and how many waits of each client are looked at."""

    base: float
    cap: float
    columns: int

    @property
    def limits(self) -> list[float]:
        """The longest time for each wait."""
        return [min(self.cap, self.base * 2**n) for n in range(self.columns)]


#: A base above the cap is a mistake in a configuration; zero waits are for a test that doesn't want to wait.
CASES = (Case(0.5, 20.0, 9), Case(60.0, 7.0, 2), Case(3, 1_000, 5), Case(2.0, 0, 2), Case(0, 5.0, 2))


async def _backs_off(talk: Talk, function: Callable) -> None:
    for case in CASES:
        talk.tells("backoff", "is called", f"with base {case.base:g}, cap {case.cap:g}, for {CLIENTS} clients")
        generators = [await _generator(talk, function, case, seed) for seed in range(CLIENTS)]
        # All clients wait for the first time, then all for the second time: what one of them does, changes no other.
        columns = [await _waits(talk, generators) for _ in range(case.columns)]
        if not all(case.limits):
            text = (
                f"With base {case.base:g} and cap {case.cap:g}, every wait must be 0. Is a 0 lost in an `or` or `if`?"
            )
            judge(talk, {text: any(map(any, columns))}, "the longest wait", f"{max(map(max, columns)):g} s", "0 s")
            continue
        if same := {number: column[0] for number, column in enumerate(columns, start=1) if len(set(column)) == 1}:
            text = "Every client waits for the same time, so they all return at one moment. Draw each wait with `rng`."
            came = ", ".join(f"wait {number}: {wait:g} s" for number, wait in same.items()) + " for all"
            talk.fail(text, "backoff", "yields", came, expected="different waits for each client")
        again = await _waits(talk, [await _generator(talk, function, case, 7)] * case.columns)
        if again != [column[7] for column in columns]:
            text = (
                "The same seed gave other waits. Draw with `rng`, not with the module `random`, so that a test can "
                "repeat the waits. And keep all that changes in variables of the function: each client has its own."
            )
            talk.fail(text, "backoff", "yields", "other waits", expected="the same waits from the same seed")
        for number, (waits, limit) in enumerate(zip(columns, case.limits, strict=True), start=1):
            _judge(talk, waits, limit, case, f"wait {number}")
        if any(_depend(*pair) for pair in pairwise(columns)):
            text = "Whether a client's wait is long depends on its wait before. Draw anew for each wait."
            talk.fail(text, "backoff", "yields", "waits that depend on each other", expected="independent waits")
    await _night(talk, function, CASES[0])


async def _night(talk: Talk, function: Callable, case: Case) -> None:
    """Expect that one client's waits go on as they should, for a whole night."""
    late = (await _waits(talk, [await _generator(talk, function, case, 1)] * NIGHT))[case.columns :]
    shares = _quarters(late, case.cap)
    if max(late) > case.cap or not all(0.22 < share < 0.28 for share in shares) or len(set(late)) < 0.9 * NIGHT:
        text = "After many waits, the limit is no longer `cap`. It must never begin again, or grow above `cap`."
        came = f"from 0 to {max(late):.2f} s, with {shares[0]:.0%} in the lowest quarter"
        talk.fail(text, "each late wait", "is", came, expected=f"evenly spread from 0 to {case.cap:g} s")
    talk.tells("backoff", "yields", f"{NIGHT:,} waits, and would go on")


async def _generator(talk: Talk, function: Callable, case: Case, seed: int) -> Any:
    generator = await talk.call(function, case.base, case.cap, random.Random(seed))
    if not hasattr(generator, "__next__"):
        how = "Write `def`, not `async def`." if inspect.isasyncgen(generator) else "Use `yield` for each wait."
        talk.fail(f"`backoff` must be a generator. {how}", "backoff", "returns", kind(generator))
    return generator


async def _waits(talk: Talk, generators: Sequence[Any]) -> list[float]:
    """Return the next wait of each generator, in turn."""

    def backoff() -> list[Any]:
        waits = []
        with suppress(StopIteration):
            for generator in generators:
                waits.append(next(generator))
        return waits

    try:
        waits = await talk.call(backoff)
    except NotYet as error:
        why = " `2 ** n` grows without end. Keep the limit below the cap: `limit = min(cap, 2 * limit)`."
        talk.fail(f"{error}{why * isinstance(error.__cause__, OverflowError)}", "backoff", "fails", str(error))
    for wait in waits:
        is_number = isinstance(wait, Real | Decimal) and not isinstance(wait, bool)
        if not is_number or not 0 <= wait < math.inf:
            text = "A wait is never below 0." if is_number else "Yield a number: how many seconds to wait."
            talk.fail(text, "backoff", "yields", kind(wait), expected="seconds, 0 or more")
    if len(waits) < len(generators):
        text = "Your generator ended, so the client would give up. Yield in an endless loop, `while True:`."
        talk.fail(text, "backoff", "yields", "no more waits", expected="waits without end")
    return list(map(float, waits))


def _judge(talk: Talk, waits: Sequence[float], limit: float, case: Case, who: str) -> None:
    low, high, cap = min(waits), max(waits), case.cap
    different = len(set(waits))
    mistakes = {
        "If `base` is above `cap`, draw every wait from 0 to `cap`. Begin with `limit = min(cap, base)`.":
            case.base > cap and not 0.93 * cap <= high <= cap,
        f"The longest wait is {high:.2f} s, but the cap is {cap:g} s. Use `min(cap, …)` as the limit.": high > cap,
        "Draw the first wait from 0 to `base`. Double the limit after each wait, not before it. And each client begins "
        "with `base`, so keep the limit in a variable of the function.": high > limit == case.base,
        "The limit grows too fast. It should double from one wait to the next.": high > limit * (1 + 1e-9),
        f"The {CLIENTS} clients have only {different} different waits, so some come back together. Don't round, and "
        "limit the range before you draw, not the wait.": different < 0.9 * CLIENTS,
        "The limit grows too slowly. Does it double after each wait, up to `cap`?": high < 0.93 * limit,
        "The clients would still come back close together. Draw from the whole range, from 0.": low > 0.07 * limit,
        "The waits aren't spread evenly. Use `rng.uniform(0, limit)`.":
            not all(0.13 < share < 0.37 for share in _quarters(waits, limit)),
    }  # fmt: skip
    came = f"from {low:.2f} to {high:.2f} s, {mean(waits):.2f} s on average"
    judge(talk, mistakes, who, came, f"evenly spread from 0 to {limit:g} s")


def _quarters(waits: Sequence[float], limit: float) -> list[float]:
    """Return which part of the waits is in each quarter of the range."""
    return [sum(n <= 4 * wait / limit < n + 1 for wait in waits) / len(waits) for n in range(4)]


def _depend(waits: Sequence[float], following: Sequence[float]) -> bool:
    try:
        return abs(correlation(waits, following)) > 0.4
    except StatisticsError:  # one of them is constant
        return True


backoff = Exercise(
    _backs_off,
    hints=(
        "Write a `while True:` loop with a `yield`. Keep the upper limit of the next wait in a variable.",
        "Begin with `limit = min(cap, base)`, and yield `rng.uniform(0, limit)`.",
        "After each `yield`, set `limit = min(cap, 2 * limit)`.",
    ),
    answer="""
def backoff(base, cap, rng):
    limit = min(cap, base)
    while True:
        yield rng.uniform(0, limit)
        limit = min(cap, 2 * limit)
""",
    why="Doubling gives an overloaded server more and more time to recover. The cap limits every wait, even if `base` "
    "is above it, so that clients come back soon after a long outage. Drawing from the whole range (full jitter) "
    "spreads the clients out. Marc Brooker described and measured this on the AWS Architecture Blog in 2015.",
)
