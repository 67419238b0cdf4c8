"""Parts of a check that look at times: held again where this machine stood still meanwhile, whatever they found."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from wslearn.common import patience
from wslearn.exercises.engine.calls import Calls
from wslearn.exercises.engine.expectations import STEP, WHOLE, NotYet

T = TypeVar("T")
#: A part is held so often at most, and again if the machine stood still for longer than so many seconds.
TIMES, STILL = 5, 0.1


def remembered(talk: Calls) -> Callable[[], None]:
    """Return what makes a conversation forget all that it notes from now on."""
    notes = [(each, len(each)) for each in (talk.steps, talk.advice, talk.forgotten, talk._errors, talk._ends)]

    def forget() -> None:
        for each, count in notes:
            del each[count:]

    return forget


async def undisturbed(talk: Calls, part: Callable[[], Awaitable[T]]) -> T:
    """Hold a part of a conversation; if this machine stood still, forget what it found, and hold it again.

    A student's code that blocks the event loop is no reason: that is what such a part may look for. There must be time
    for one more, else the last one counts.
    """
    for left in reversed(range(TIMES)):
        forget, missed, began = remembered(talk), patience.missed(), patience.counted()
        try:
            found, wrong = await part(), None
        except NotYet as error:
            wrong = error
        now = patience.counted()
        if not left or patience.missed() - missed <= STILL or 2 * now - began > WHOLE - STEP:
            break
        forget()
    if wrong:
        raise wrong
    return found


def timed(conversation: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
    """Hold a whole conversation that looks at times undisturbed."""

    @wraps(conversation)
    async def held(talk: Calls, answer: Any) -> None:
        await undisturbed(talk, lambda: conversation(talk, answer))

    return held
