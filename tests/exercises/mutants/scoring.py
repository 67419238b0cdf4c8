"""What judges mutants: every exercise of the course, with the names that its lesson's notebook has."""

import asyncio
import importlib
from collections.abc import Iterable

from exercise_cases import answer

from wslearn.exercises import Exercise, Result

LESSONS = ("http_vs_websocket", "echo", "broadcast", "rooms", "auth", "heartbeat", "robustness")
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
    """Return every exercise of the course by its name, such as `echo.shout`."""
    modules = {lesson: importlib.import_module(f"wslearn.exercises.{lesson}") for lesson in LESSONS}
    return {f"{lesson}.{name}": getattr(module, name) for lesson, module in modules.items() for name in module.__all__}


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
