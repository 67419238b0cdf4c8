"""What judges mutants: every exercise of the course, with the names that its lesson's notebook has."""

import asyncio
import importlib
from collections.abc import Iterable
from dataclasses import dataclass

from exercise_cases import answer
from exercises.mutants.equivalent import EQUIVALENT, entry
from exercises.mutants.faults import mutants

from wslearn import progress
from wslearn.exercises import Exercise, PageExercise, Result

#: What the notebooks import or define before their tasks; the solutions of some lessons import the rest themselves.
IMPORTS = """
from collections import defaultdict
from msgspec import Struct
from websockets.asyncio.server import broadcast
from wslearn import Limits
from wslearn.fast import fan_out
from wslearn.servers.rooms import Rooms, RoomsServer

def slow_upper(text):
    time.sleep(0.5)
    return text.upper()
"""
#: How many are checked at one time. A check spends most of its time waiting.
AT_ONCE = 4


def exercises() -> dict[str, Exercise]:
    """Return every exercise of the course whose answer is Python by its name, such as `echo.shout`."""
    found = {}
    for lesson in progress.LESSONS:
        for name in progress.exercises(lesson):
            module, _, attribute = name.partition(".")
            found[name] = getattr(importlib.import_module(f"wslearn.exercises.{module}"), attribute)
    return {name: exercise for name, exercise in found.items() if not isinstance(exercise, PageExercise)}


async def judge(exercise: Exercise, codes: Iterable[str], at_once: int = AT_ONCE) -> list[Result]:
    """Return what an exercise's check finds in each of these answers."""
    turn = asyncio.Semaphore(at_once)

    async def check(code: str) -> Result:
        async with turn:
            try:
                made = answer(code, IMPORTS)
            except Exception as error:  # noqa: BLE001 - a student would see it in the answer's own cell
                return Result("wrong", f"It cannot be run: {type(error).__name__}: {error}")
            return await exercise.check(made)

    return list(await asyncio.gather(*map(check, codes)))


def refuses(result: Result) -> bool:
    """Return whether a check has refused an answer, and has not just failed itself."""
    return result.state == "wrong" and bool(result.message) and "The check itself failed" not in result.message


@dataclass
class Score:
    """How many mutants of an exercise should be refused, how many are as right as it, and which are not refused."""

    exercise: str
    count: int
    as_right: int
    survivors: list[str]
    unused: list[tuple[str, str]]

    def __str__(self) -> str:
        refused = self.count - len(self.survivors)
        as_right = (
            f", and {right} as right as the solution" if (right := len(EQUIVALENT.get(self.exercise, ()))) else ""
        )
        unused = [f"No mutant for this entry of equivalent.py: {key}" for key in self.unused]
        return "\n\n".join([f"{self.exercise}: {refused} of {self.count} refused{as_right}", *self.survivors, *unused])


async def score(name: str, exercise: Exercise) -> Score:
    """Judge every mutant of an exercise that is not as right as its solution."""
    original = exercise.answer
    entries = {mutant: entry(name, mutant.key(original)) for mutant in mutants(original)}
    wrong = [mutant for mutant, known in entries.items() if known is None]
    results = await judge(exercise, [mutant.code for mutant in wrong])
    survivors = [
        f"[{mutant.fault}] {result.state} {'' if result else result.message}\n{mutant.change(original)}"
        for mutant, result in zip(wrong, results, strict=True)
        if not refuses(result)
    ]
    unused = [key for key in EQUIVALENT.get(name, {}) if key not in entries.values()]
    return Score(name, len(wrong), len(entries) - len(wrong), survivors, unused)
