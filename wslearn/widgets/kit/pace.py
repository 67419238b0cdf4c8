"""Updates of a widget at a bounded rate: Jupyter throws away messages beyond 1,000 a second, the last one too."""

import asyncio
from collections.abc import Callable
from time import perf_counter as clock
from typing import Any

#: The least time between two updates, in seconds: 15 a second, and one more when a run ends.
GAP = 1 / 15


class Pace:
    """Calls `show` with the newest value: at once, or as soon as `GAP` has passed since the last call.

    bar = Pace(lambda value: setattr(widget, "value", value))
    for n in range(10_000):
        bar(n)          # shows 0, some values between, and 9999
    """

    def __init__(self, show: Callable[[Any], None]) -> None:
        self._show = show
        self._shown_at = -GAP
        self._waiting: list[Any] = []  # at most one value
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, value: Any) -> None:
        """Show a value soon, unless a newer one comes before."""
        self._waiting = [value]
        wait = self._shown_at + GAP - clock()
        if wait <= 0:
            self.end()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.end)

    def end(self) -> None:
        """Show the newest value now, if it has not been shown yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._shown_at = clock()
            self._show(self._waiting.pop())
