"""What tasks 3 and 4 of lesson 07 share: a function must end in time, whatever its clients do."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from wslearn.exercises.engine import STEP, Message, NotYet, Talk
from wslearn.limits import Limits

#: Without the watchdog of `Server`, which would do the student's work.
UNWATCHED = Limits(max_unsent=None, stall_timeout=None)


async def ends(talk: Talk, message: Message, state: Callable[[], Any], function: Callable, *arguments: Any) -> float:
    """Call a student's function, and return how many seconds it took; a `message` after 2 s gets the `state()` then."""
    began = monotonic()
    try:
        await talk.call(function, *arguments)
    except NotYet as error:
        in_time = error.__cause__ or monotonic() - began < STEP
        name = getattr(function, "__name__", "it")
        talk.fail(str(error) if in_time else message, name, "fails", str(error), came=state())
    return monotonic() - began
