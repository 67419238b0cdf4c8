"""The exercise of lesson 06 about the way back: exponential back-off with full jitter, judged by its statistics."""

import inspect
import random
from statistics import mean

from wslearn.exercises.engine.exercise import Exercise
from wslearn.exercises.engine.expectations import NotYet
from wslearn.exercises.engine.kinds import kind
from wslearn.exercises.engine.place import raised
from wslearn.exercises.heartbeat.dead_peer import unmet

BASE, CAP = 0.5, 20.0
#: A base above the cap, as after a mistake in a configuration: then all waits are drawn up to the cap.
WIDE = 60.0
#: From how much each of the first waits is drawn, in seconds.
LIMITS = tuple(min(CAP, BASE * 2**n) for n in range(9))
#: Clients whose waits are looked at, and attempts of a client whose server is gone for a night.
CLIENTS, NIGHT = 300, 5_000


async def _backs_off(talk, backoff):
    async def first(seed, count, base=BASE):
        waits = await talk.call(backoff, base, CAP, random.Random(seed))
        if not hasattr(waits, "__next__"):
            how = "write `def`, not `async def`" if inspect.isasyncgen(waits) else "write `yield` for each wait"
            unmet(talk, "backoff", "one wait after the other", kind(waits), f"Make it a generator: {how}.")
        return [_next(talk, waits, number) for number in range(1, count + 1)]

    talk.tells("backoff", "is called", f"with base {BASE:g}, cap {CAP:g}, for {CLIENTS} clients")
    clients = [await first(seed, len(LIMITS)) for seed in range(CLIENTS)]
    columns = list(zip(*clients, strict=True))
    if len(set(clients[0])) > 1 and all(len(set(column)) == 1 for column in columns):
        why = "Every client waits the same time, so all return at one moment. Draw each wait at random, with `rng`."
        unmet(talk, "backoff", "different waits for each client", f"{clients[0]} for all", why)
    if await first(7, len(LIMITS)) != clients[7]:
        why = "Draw with `rng`, which was given to you, and not with the module `random`: then a test can repeat it."
        unmet(talk, "backoff", "the same waits from the same seed", "others", why)
    for number, (column, limit) in enumerate(zip(columns, LIMITS, strict=True), start=1):
        _judge(talk, f"wait {number}", column, limit)
    talk.tells("backoff", "is called", f"with base {WIDE:g}, cap {CAP:g}, for {CLIENTS} clients")
    for number, column in enumerate(
        zip(*[await first(seed, 2, WIDE) for seed in range(CLIENTS)], strict=True), start=1
    ):
        _judge(talk, f"wait {number}", column, CAP, wide=True)
    await first(1, NIGHT)
    talk.tells("backoff", "yields", f"{NIGHT:,} waits, and would go on")


def _next(talk, waits, number):
    try:
        wait = next(waits)
    except StopIteration:
        why = "It came to an end, and the client would give up. Yield in a loop without end: `while True:`."
        unmet(talk, "backoff", "one more wait", f"the end, after {number - 1}", why)
    except OverflowError as error:
        why = "`2 ** n` grows without end. Keep the limit itself below the cap: `limit = min(cap, 2 * limit)`."
        came = f"OverflowError at wait {number:,}"
        unmet(talk, "backoff", "one more wait", came, f"It raised {raised(error)}: {why}")
    except NotImplementedError:
        raise
    except Exception as error:
        raise NotYet(f"`backoff` raised {raised(error)}.") from error
    if isinstance(wait, bool) or not isinstance(wait, int | float):
        unmet(talk, "backoff", "seconds, a number", kind(wait), "Yield a number: how many seconds to wait.")
    if wait < 0:
        unmet(talk, "backoff", "seconds, 0 or more", f"{wait:.3f}", "A wait is never below 0.")
    return wait


def _judge(talk, who, waits, limit, wide=False):
    """Judge what all clients have drawn for one wait."""
    low, high, middle = min(waits), max(waits), mean(waits)
    why = ""
    if wide and (high > CAP or high < 0.8 * CAP):
        why = "If `base` is above `cap`, every wait is drawn from 0 to `cap`: begin with `limit = min(cap, base)`."
    elif high > CAP:
        why = f"A wait is up to {high:.2f} s, and the cap is {CAP:g} s. `min(cap, …)` limits what you draw from."
    elif high > limit and limit == BASE:
        why = "The first wait is drawn from 0 to `base`. Double the limit after it, not before."
    elif high > limit:
        why = "The limit grows too fast: it doubles from wait to wait."
    elif high < 0.8 * limit:
        why = "The limit grows too slowly. Does it double each time?"
    elif low > 0.2 * limit:
        why = "So the crowd would come back in a lump. Draw from the whole range: from 0."
    elif not 0.4 * limit < middle < 0.6 * limit:
        why = "The waits are not spread evenly over the range: use `rng.uniform(0, limit)`."
    expected, came = f"from 0 to {limit:g} s, evenly", f"from {low:.2f} to {high:.2f} s, in the mean {middle:.2f} s"
    if why:
        unmet(talk, who, expected, came, why)
    talk.tells(who, "is", came)


backoff = Exercise(
    _backs_off,
    hints=(
        "A function with `yield` in a `while True:` loop. A variable holds the limit that the next wait is drawn from.",
        "`yield rng.uniform(0, limit)`, and begin with `limit = min(cap, base)`.",
        "After each `yield`: `limit = min(cap, 2 * limit)`.",
    ),
    answer="""
def backoff(base, cap, rng):
    limit = min(cap, base)
    while True:
        yield rng.uniform(0, limit)
        limit = min(cap, 2 * limit)
""",
    why="""Doubling gives a server that is down more and more rest; the cap brings clients back soon after a long night.
It holds for every wait, also where `base` is above it. Drawing from the whole range (full jitter) spreads the clients
out. The idea and its measurements: Marc Brooker, AWS
Architecture Blog, 2015.""",
)
