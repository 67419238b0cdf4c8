"""What the exercises of lesson 06 share: mistakes as a table, and a second look where this machine was too slow."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter as clock

from wslearn.common.patience import counted
from wslearn.exercises.engine import STEP, NotYet, Talk
from wslearn.exercises.engine.steady import again

PING, PONG = {"type": "ping"}, {"type": "pong"}
#: A pause of the event loop that is noticed, in seconds; and how much longer than in the first attempt all times are.
PAUSE, SLOWER = 0.02, (1.0, 1.7, 3.0)


def judge(talk: Talk, mistakes: Mapping[str, object], who: str, came: str, expected: str) -> None:
    """End the check with the first mistake that applies; otherwise write down what came."""
    for text, applies in mistakes.items():
        if applies:
            talk.fail(text, who, "is", came, expected=expected)
    talk.tells(who, "is", came)


async def steadily(
    talk: Talk, attempt: Callable[[float, "Lateness"], Awaitable[None]], slower: tuple[float, ...] = SLOWER
) -> None:  # fmt: skip
    """Hold a conversation that looks at times: again, with longer ones, if this machine was too late to judge.

    So it was if it stood still; or if the conversation fails for the sake of some milliseconds; or if it holds, but a
    mistake would not have been seen. There must be time for one more try, else the last one counts.
    """
    lateness = Lateness()

    async def once(factor: float) -> None:
        nonlocal lateness
        async with Lateness() as lateness:
            await attempt(factor, lateness)

    def doubtful(factor: float, wrong: NotYet | None) -> bool:
        if not wrong:
            return lateness.hides
        last = talk.steps[-1].what if talk.steps else ""
        silent = last.startswith("nothing for") and lateness.longest < STEP / 2
        return lateness.excuses and lateness.longest > PAUSE * factor and not lateness.blocked and not silent

    await again(talk, once, slower, doubtful)


class Lateness:
    """How late this machine is, or a student's code makes it: pauses of the event loop, in seconds."""

    longest = total = 0.0
    excuses = True  # what is looked at just now
    hides = False  # it was so late that a wrong answer looks like a right one

    async def __aenter__(self) -> "Lateness":
        self._ticked = clock()
        self._began = self._counted = counted()
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._task.cancel()

    @property
    def blocked(self) -> bool:
        """Whether a student's code let the loop stand still nearly all the time."""
        self._look()
        return self.total > max(0.15, 0.75 * (self._counted - self._began))

    def _look(self) -> None:
        pause, self._ticked = clock() - self._ticked, clock()
        given, self._counted = counted() - self._counted, counted()
        if pause > PAUSE:
            self.longest, self.total = max(self.longest, pause), self.total + given

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(PAUSE / 5)
            self._look()
