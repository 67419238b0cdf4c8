"""Waiting for a state that no event announces."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from wslearn.common.patience import patient

#: Time between two looks, in seconds.
TICK = 0.005


async def until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until `condition()` is true, for `seconds` at most, and return whether it is."""
    with suppress(TimeoutError):
        async with patient(seconds):
            while not condition():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(TICK)
    return bool(condition())
