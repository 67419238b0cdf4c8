"""Looks for a schedule that breaks a client or a server, and shrinks it to the shortest story. Lesson 09."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from wslearn.histories.history import History
from wslearn.histories.judging import judge
from wslearn.histories.running import run
from wslearn.histories.schedule import USUAL, Schedule, Step, numbered
from wslearn.histories.stage import Client
from wslearn.histories.telling import tell
from wslearn.histories.verdict import Verdict
from wslearn.servers.feed import FeedServer

#: Runs of a shorter schedule that must all go well before it counts as harmless: who is first may differ between runs.
TRIES = 2
#: By how many turns of the event loop something that happens while a client is joining is moved: without other steps
#: it may be too early or too late.
SHIFTS = (0, 0, 1, -1, 2, -2, 3, -3, 4, -4)
#: Printed after a story that may have steps which it does not need.
CUT_SHORT = "(The time was over while steps were being left out. With more `seconds`, the story may become shorter.)"


@dataclass(frozen=True)
class Story:
    """A run that went wrong: its schedule, its history and what is wrong with it. `print` tells it."""

    schedule: Schedule
    history: History
    verdict: Verdict

    def __str__(self) -> str:
        return tell(self.history, self.verdict)


@dataclass(frozen=True)
class Report:
    """What `check` found: the shortest `story`, or None after so many `runs` in which nothing was wrong.

    `seed` is that of the schedule which failed first. `cut_short`: the time was over before all shorter schedules of
    the story had been tried.
    """

    runs: int
    story: Story | None = None
    seed: int | None = None
    cut_short: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return self.story is None

    def __str__(self) -> str:
        if self.story is None:
            return f"{self.runs} runs: nothing is lost, doubled or out of order."
        return f"{self.story}\n{CUT_SHORT}" if self.cut_short else str(self.story)


async def check(
    client: Client | Mapping[str, Client],
    server: Callable[..., Any] = FeedServer,
    *,
    runs: int = 40,
    seconds: float = 20.0,
    seed: int = 1,
    people: Sequence[str] = ("Ann", "Bob"),
    length: int = 16,
    steps: dict[str, int] | Sequence[str] = USUAL,
    kinds: set[str] | None = None,
    on_progress: Callable[[str], object] = lambda sentence: None,
    **options: Any,
) -> Report:
    """Run random schedules until something goes wrong, and return the shortest story that still does.

    The schedules are those of `seed`, `seed` + 1, …; `people`, `length` and `steps`: see `Schedule.random`. `kinds`:
    the kinds of findings that count (all). Starts nothing new after `seconds`. `on_progress` gets a sentence before
    each run. Cancel it at any time. `options` go to `run`.
    """
    hunt = _Hunt(client, server, monotonic() + seconds, kinds, on_progress, options)
    for number in range(seed, seed + runs):
        if hunt.is_over:
            break
        story = await hunt.attempt(Schedule.random(number, people, length, steps), f"schedule {number}")
        if story:
            return Report(hunt.runs, await hunt.shrink(story), number, hunt.cut_short)
    return Report(hunt.runs)


async def shrink(
    story: Story, client: Client | Mapping[str, Client], server: Callable[..., Any] = FeedServer, *,
    seconds: float = 10.0, on_progress: Callable[[str], object] = lambda sentence: None, **options: Any,
) -> Story:  # fmt: skip
    """Return the shortest story that goes wrong in the same way."""
    return await _Hunt(client, server, monotonic() + seconds, None, on_progress, options).shrink(story)


class _Hunt:
    def __init__(
        self, client: Any, server: Any, until: float, kinds: set[str] | None, on_progress: Any, options: dict[str, Any]
    ) -> None:
        self.client, self.server, self.until, self.kinds = client, server, until, kinds
        self.on_progress, self.options, self.runs = on_progress, options, 0
        self.cut_short = False

    @property
    def is_over(self) -> bool:
        return monotonic() >= self.until

    async def attempt(self, schedule: Schedule, what: str, kinds: set[str] | None = None) -> Story | None:
        """Run a schedule, and return its story if something went wrong."""
        self.on_progress(f"Run {self.runs + 1}: {what}, {len(schedule)} steps.")
        self.runs += 1
        history = await run(schedule, self.client, self.server, **self.options)
        verdict = judge(history)
        wrong = verdict.kinds & (kinds or self.kinds or verdict.kinds)
        return Story(schedule, history, verdict) if wrong else None

    async def shrink(self, story: Story) -> Story:
        """Try shorter schedules until none goes wrong any more, or the time is over."""
        kinds = story.verdict.kinds & (self.kinds or story.verdict.kinds)
        shorter: Story | None = story
        while shorter:
            story, shorter = shorter, None
            for candidate in _shorter(story.schedule):
                if shorter := await self._try(replace(candidate, steps=tuple(numbered(candidate.steps))), kinds):
                    break
        return story

    async def _try(self, schedule: Schedule, kinds: set[str]) -> Story | None:
        for shift in SHIFTS if any(step.during for step in schedule.steps) else SHIFTS[:TRIES]:
            if self.is_over:
                self.cut_short = True
                return None
            moved = tuple(
                replace(step, turns=max(0, step.turns + shift)) if step.during else step for step in schedule.steps
            )
            if story := await self.attempt(replace(schedule, steps=moved), "a shorter one", kinds):
                return story
        return None


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """Yield schedules that are shorter or simpler: first without half of the steps, then a quarter, …, then one.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.
    """
    steps, size = schedule.steps, len(schedule) // 2
    while size:
        for start in range(0, len(steps), size):
            yield replace(schedule, steps=steps[:start] + steps[start + size :])
        size //= 2
    for name in schedule.people:
        if len(schedule.people) > 1 and not any(name in (step.who, step.during) for step in steps):
            yield replace(schedule, people=tuple(one for one in schedule.people if one != name))
    for number, step in enumerate(steps):
        settle = [] if step.what == "write" else [Step("settle")]
        turns = [replace(step, turns=0, during=""), replace(step, turns=0), replace(step, turns=step.turns // 2)]
        for simpler in settle + turns:
            if simpler != step:
                yield replace(schedule, steps=(*steps[:number], simpler, *steps[number + 1 :]))
