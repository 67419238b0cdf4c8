"""What a subscription is doing now, and how to wait for it. Lesson 09."""

import asyncio
import logging

logger = logging.getLogger("wslearn")


class States:
    """`state`, and `why` it is so."""

    def __init__(self) -> None:
        #: new, connecting, live, waiting (for `pause` seconds, or until messages are read), refused, failed or closed.
        self.state, self.why, self.pause = "new", "", 0.0
        #: The error with which all has ended.
        self.ended: Exception | None = None
        self._waiters: list[tuple[str, asyncio.Future[None]]] = []

    def changed(self) -> None:
        """Called when one of the three has changed."""

    async def reached(self, state: str) -> None:
        """Wait until `state` is this one. Raises the error with which all has ended before that."""
        if self.state == state:
            return
        if self.ended:
            raise self.ended
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((state, waiter))
        await waiter

    def enter(self, state: str, why: str = "", pause: float = 0.0) -> None:
        """Take on a state."""
        self.state, self.why, self.pause = state, why, pause
        for waiter in [one for one in self._waiters if one[0] == state]:
            self._waiters.remove(waiter)
            if not waiter[1].done():
                waiter[1].set_result(None)
        self.changed()

    def end(self, error: Exception, state: str) -> None:
        """Take on the last state, with an error for everybody who waits for another one."""
        self.ended = error
        try:
            self.enter(state, str(error))
        except Exception:
            logger.exception("on_state raised an error")
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self._waiters.clear()
