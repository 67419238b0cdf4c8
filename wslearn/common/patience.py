"""A timeout that counts only the time this machine gives: one for what comes at once, however busy the machine is.

A machine that stalls (other programs, a laptop's lid, a starved CI) delays the answer and the wait for it alike, so a
plain timeout ends before the answer had a chance.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any

#: A clock that counts for itself looks so often, in seconds.
SLICE = 0.05
#: A slice counts as at most so many, however late its end comes: a quiet machine is late by a hundredth of one.
MOST = 1.2


def waits(thread: threading.Thread) -> Callable[[], float]:
    """Return what tells how many seconds a thread has waited for a processor; always 0 unless this is Linux."""
    last = 0.0

    def total() -> float:
        nonlocal last
        with suppress(OSError, LookupError, ValueError), open(f"/proc/self/task/{thread.native_id}/schedstat") as file:
            last = int(file.read().split()[1]) / 1e9
        return last

    return total


class Clock:
    """Counts seconds, as long as somebody ticks it at least once in each slice. What comes later does not count.

    Nor does the time for which the thread that it counts for waits for a processor: `theirs`. Where who ticks is late
    because its own thread waits (`mine`), that alone is no sign that all stood still.
    """

    def __init__(self, slice_: float, mine: Callable[[], float], theirs: Callable[[], float]) -> None:
        self.most, self.mine, self.theirs = MOST * slice_, mine, theirs
        self._began = monotonic() - theirs()
        self._last = 0.0, monotonic(), mine()  # what stood still, when, and what had waited: one value for all threads

    def _look(self) -> tuple[float, float, float]:
        still, ticked, waited = self._last
        now, waits = monotonic(), self.mine()
        return still + max(0.0, now - ticked - self.most - (waits - waited)), now, waits

    def now(self) -> float:
        """Return the seconds that have been counted."""
        still, now, _ = self._look()
        return now - self._began - still - self.theirs()

    def tick(self) -> None:
        """Go on counting."""
        self._last = self._look()


#: What counts for all timeouts in this context, because somebody ticks it. Without it each timeout's event loop counts,
#: and then code that blocks the loop delays the end of the timeout as a stalled machine does.
shared: ContextVar[Clock | None] = ContextVar("shared", default=None)


def counted() -> float:
    """Return the seconds of the shared clock, since any moment; of the system's where none is shared."""
    return clock.now() if (clock := shared.get()) else monotonic()


def missed() -> float:
    """Return the seconds, since any moment, for which this machine did not let the shared clock count."""
    return monotonic() - counted()


@asynccontextmanager
async def patient(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Be `asyncio.timeout(seconds)`, but do not count the time in which this machine did not let us run."""
    loop, given = asyncio.get_running_loop(), shared.get()
    clock = given or Clock(SLICE, own := waits(threading.current_thread()), own)
    end = clock.now() + seconds
    looking: asyncio.TimerHandle | None = None
    async with asyncio.timeout(None) as limit:

        def look() -> None:
            nonlocal looking
            if not given:
                clock.tick()
            if (left := round(end - clock.now(), 6)) > 0:
                looking = loop.call_later(min(left, SLICE), look)
            else:
                limit.reschedule(loop.time())

        look()
        try:
            yield limit
        finally:
            if looking:
                looking.cancel()


async def wait(futures: Iterable[asyncio.Future[Any]], seconds: float, **options: Any) -> None:
    """Be `asyncio.wait(futures, timeout=seconds)` with a patient timeout; nothing is cancelled, nothing returned."""
    with suppress(TimeoutError):
        async with patient(seconds):
            await asyncio.wait(list(futures), **options)
