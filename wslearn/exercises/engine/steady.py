"""Parts of a check that look at times: held again where this machine stood still meanwhile, whatever they found."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, TypeVar

from wslearn.common import patience
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import STEP, WHOLE, NotYet

T = TypeVar("T")
#: A part is held so often at most, and again if the machine stood still for longer than so many seconds at one time.
TIMES, STILL = 5, 0.1


@asynccontextmanager
async def stalls() -> AsyncIterator[Callable[[], float]]:
    """Tell for how many seconds at most this machine has stood still at one time. Many short waits are no harm."""
    longest, last = 0.0, patience.missed()

    def look() -> float:
        nonlocal longest, last
        now = patience.missed()
        longest, last = max(longest, now - last), now
        return longest

    async def watch() -> None:
        while True:
            await asyncio.sleep(patience.SLICE)
            look()

    task = asyncio.create_task(watch())
    try:
        yield look
    finally:
        task.cancel()


def remembered(talk: Calls) -> Callable[[], None]:
    """Return what makes a conversation forget all that it notes from now on."""
    notes = [(each, len(each)) for each in (talk.steps, talk.advice, talk.forgotten, talk._errors, talk._ends)]

    def forget() -> None:
        for each, count in notes:
            del each[count:]

    return forget


async def again(
    talk: Calls, attempt: Callable[[float], Awaitable[T]], factors: Sequence[float],
    doubtful: Callable[[float, NotYet | None], bool] = lambda factor, wrong: False,
) -> T:  # fmt: skip
    """Hold a conversation with each of these factors for its times, until this machine has not disturbed it.

    So it has if it stood still, or where `doubtful` says so of a factor and of what was wrong. What was found then is
    forgotten. A student's code that blocks the event loop is no reason: that is what such a conversation may look for.
    There must be time for one more, else the last one counts.
    """
    for factor, longer in zip(factors, (*factors[1:], 0), strict=True):
        forget, began = remembered(talk), patience.counted()
        async with stalls() as longest:
            try:
                found, wrong = await attempt(factor), None
            except NotYet as error:
                wrong = error
            now = patience.counted()
            end = now + (now - began) * longer / factor  # of the next one; the clock began with the check
            if not longer or end > WHOLE - STEP or not (longest() > STILL * factor or doubtful(factor, wrong)):
                break
        forget()
    if wrong:
        raise wrong
    return found


async def undisturbed(talk: Calls, part: Callable[[], Awaitable[T]]) -> T:
    """Hold a part of a conversation: again, as it is, if this machine stood still."""
    return await again(talk, lambda factor: part(), (1,) * TIMES)


def timed(conversation: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
    """Hold a whole conversation that looks at times undisturbed."""

    @wraps(conversation)
    async def held(talk: Calls, answer: Any) -> None:
        await undisturbed(talk, lambda: conversation(talk, answer))

    return held
