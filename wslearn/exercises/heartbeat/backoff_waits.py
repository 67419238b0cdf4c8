"""Task 4 of lesson 06: exponential back-off with full jitter, judged by the statistics of many clients' waits."""

import inspect
import random
from collections.abc import Callable
from itertools import islice
from statistics import mean
from typing import Any

from wslearn.exercises.engine import Exercise, NotYet, Talk, kind
from wslearn.exercises.heartbeat.judge import judge

#: What the function is called with, in seconds; and a base above the cap, as after a mistake in a configuration.
BASE, CAP, WIDE = 0.5, 20.0, 60.0
#: How many clients are compared, and how often one of them tries while its server is down for a night.
CLIENTS, NIGHT = 300, 5_000


async def _backs_off(talk: Talk, function: Callable) -> None:
    for base, limits in ((BASE, [min(CAP, BASE * 2**n) for n in range(9)]), (WIDE, [CAP, CAP])):
        talk.tells("backoff", "is called", f"with base {base:g}, cap {CAP:g}, for {CLIENTS} clients")
        clients = [await _draw(talk, function, base, seed, len(limits)) for seed in range(CLIENTS)]
        columns = list(zip(*clients, strict=True))
        if len(set(clients[0])) > 1 and all(len(set(column)) == 1 for column in columns):
            text = "Every client waits for the same time, so they all return at one moment. Draw each wait with `rng`."
            talk.fail(text, "backoff", "yields", f"{clients[0]} for all", expected="different waits for each client")
        if base == BASE and await _draw(talk, function, base, 7, len(limits)) != clients[7]:
            text = "Draw with `rng`, not with the module `random`. Then a test can repeat the waits."
            talk.fail(text, "backoff", "yields", "other waits", expected="the same waits from the same seed")
        for number, (waits, limit) in enumerate(zip(columns, limits, strict=True), start=1):
            came = f"from {min(waits):.2f} to {max(waits):.2f} s, {mean(waits):.2f} s on average"
            judge(talk, _mistakes(waits, limit, base), f"wait {number}", came, f"evenly spread from 0 to {limit:g} s")
    await _draw(talk, function, BASE, 1, NIGHT)
    talk.tells("backoff", "yields", f"{NIGHT:,} waits, and would go on")


async def _draw(talk: Talk, function: Callable, base: float, seed: int, count: int) -> list[float]:
    """Return the first waits of one client."""
    generator = await talk.call(function, base, CAP, random.Random(seed))
    if not hasattr(generator, "__next__"):
        how = "Write `def`, not `async def`." if inspect.isasyncgen(generator) else "Use `yield` for each wait."
        talk.fail(f"`backoff` must be a generator. {how}", "backoff", "returns", kind(generator))

    def backoff() -> list[Any]:
        return list(islice(iter(generator.__next__, object()), count))  # it may have no `__iter__`

    try:
        waits = await talk.call(backoff)
    except NotYet as error:
        why = " `2 ** n` grows without end. Keep the limit below the cap: `limit = min(cap, 2 * limit)`."
        talk.fail(f"{error}{why * isinstance(error.__cause__, OverflowError)}", "backoff", "fails", str(error))
    if odd := [wait for wait in waits if not isinstance(wait, int | float) or wait < 0]:
        is_number = isinstance(odd[0], int | float)
        text = "A wait is never below 0." if is_number else "Yield a number: how many seconds to wait."
        talk.fail(text, "backoff", "yields", kind(odd[0]), expected="seconds, 0 or more")
    if len(waits) < count:
        text = "Your generator ended, so the client would give up. Yield in an endless loop, `while True:`."
        talk.fail(text, "backoff", "yields", f"{len(waits)} waits", expected="waits without end")
    return waits


def _mistakes(waits: tuple[float, ...], limit: float, base: float) -> dict[str, bool]:
    low, high, middle = min(waits), max(waits), mean(waits)
    wide = base > CAP and not 0.8 * CAP <= high <= CAP
    return {
        "If `base` is above `cap`, draw every wait from 0 to `cap`. Begin with `limit = min(cap, base)`.": wide,
        f"The longest wait is {high:.2f} s, but the cap is {CAP:g} s. Use `min(cap, …)` as the limit.": high > CAP,
        "Draw the first wait from 0 to `base`. Double the limit after each wait, not before it.": high > limit == BASE,
        "The limit grows too fast. It should double from one wait to the next.": high > limit,
        "The limit grows too slowly. Does it double after each wait?": high < 0.8 * limit,
        "The clients would still come back close together. Draw from the whole range, from 0.": low > 0.2 * limit,
        "The waits aren't spread evenly. Use `rng.uniform(0, limit)`.": not 0.4 * limit < middle < 0.6 * limit,
    }


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
