"""Which of the course's exercises are done: kept beside the notebooks, in a file that may be read, copied or deleted.

`.wslearn/progress.json` has, for each exercise that was once right, when that was:

    {"version": 1, "done": {"echo.shout": "2026-11-28T10:00:00.000Z"}}

Two kernels may write at the same moment, and whatever has happened to the file, a check goes on as if nothing had.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from wslearn.cells import kernel
from wslearn.messages import now

#: The module of each lesson that has exercises.
LESSONS = {
    "01": "http_vs_websocket",
    "02": "echo",
    "03": "broadcast",
    "04": "rooms",
    "05": "auth",
    "06": "heartbeat",
    "07": "robustness",
}
FILE = Path(".wslearn") / "progress.json"
#: A file of all exercises has 2 KB; what is larger is not ours. In bytes.
LARGEST = 100_000
#: How long a check waits for the file, how long one kernel waits for another, and when a lock was left behind by one
#: that was killed, in seconds.
PATIENCE, LOCK, STALE = 0.5, 0.3, 5.0


def exercises(lesson: str) -> tuple[str, ...]:
    """Return the names of a lesson's exercises, in the order of its tasks; `lesson` is a key of `LESSONS`."""
    return tuple(import_module(f"wslearn.exercises.{LESSONS[lesson]}").__all__)


def read(file: Path = FILE) -> dict[str, str]:
    """Return when each exercise was done, `module.name` -> time as in `wslearn.messages.now`.

    A file that does not exist has none. Raises ValueError where it is not a file of progress, and OSError where it
    cannot be read.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except FileNotFoundError:
        return {}
    try:
        found = json.loads(data) if len(data) <= LARGEST else None
    except (ValueError, RecursionError):
        found = None
    done = found.get("done") if isinstance(found, dict) else None
    if not isinstance(done, dict):
        raise ValueError(f"{file} is not a file that wslearn has written")
    known = {f"{module}.{name}" for lesson, module in LESSONS.items() for name in exercises(lesson)}
    return {name: when for name, when in done.items() if name in known and isinstance(when, str) and len(when) <= 40}


def count(done: dict[str, str], lesson: str) -> tuple[int, int]:
    """Return how many of a lesson's exercises are done, and how many there are."""
    names = exercises(lesson)
    return sum(f"{LESSONS[lesson]}.{name}" in done for name in names), len(names)


def write(name: str, file: Path = FILE) -> dict[str, str]:
    """Note that the exercise `name` is done, and return all that are. Raises OSError where that cannot be written.

    The time of the first success stays. A file that is damaged is kept aside as `progress-damaged.json`.
    """
    file.parent.mkdir(exist_ok=True)
    with _alone(file.with_suffix(".lock")):
        try:
            done = read(file)
        except ValueError:
            os.replace(file, file.with_name("progress-damaged.json"))
            done = {}
        if name not in done:
            done[name] = now()
            text = json.dumps({"version": 1, "done": done}, indent=1)
            new = file.with_suffix(f".{os.getpid()}.new")
            new.write_text(text + "\n", encoding="utf-8")
            os.replace(new, file)  # at once: nobody ever reads half a file
        return done


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock that other processes see, or go on without it where one was left behind."""
    until = time.monotonic() + LOCK
    held = False
    while not held:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            held = True
        except OSError:  # held by another; on Windows also while it is being deleted
            with suppress(OSError):
                if time.time() - lock.stat().st_mtime > STALE:
                    lock.unlink()
                    continue
            if time.monotonic() > until:
                break
            time.sleep(0.005)
    try:
        yield
    finally:
        if held:
            with suppress(OSError):
                lock.unlink()


def find(exercise: object) -> tuple[str, str] | None:
    """Return (lesson, name) of one of the course's own exercises, and None for any other."""
    for lesson, module in LESSONS.items():
        found = sys.modules.get(f"wslearn.exercises.{module}")
        for name in getattr(found, "__all__", ()):
            if getattr(found, name) is exercise:
                return lesson, name
    return None


async def noted(exercise: object) -> str:
    """Note that an exercise is done, in a notebook, and return a line about its lesson; elsewhere an empty string.

    Where the file cannot be written in half a second, nothing is said and nothing is lost but this note.
    """
    if kernel() is None or (place := find(exercise)) is None:
        return ""
    lesson, name = place
    try:
        writing = asyncio.to_thread(write, f"{LESSONS[lesson]}.{name}")
        done, total = count(await asyncio.wait_for(writing, PATIENCE), lesson)
    except (OSError, TimeoutError):
        return ""
    return (
        f"{done} of this lesson's {total} tasks are done."
        if done < total
        else f"All {total} tasks of this lesson are done."
    )


def row(done: dict[str, str]) -> dict[str, Any]:
    """Return what a table shows of one student: lesson -> `2 of 6`, and `total`."""
    counts = {lesson: count(done, lesson) for lesson in LESSONS}
    cells = {lesson: f"{some} of {all_}" for lesson, (some, all_) in counts.items()}
    return cells | {"total": f"{sum(some for some, _ in counts.values())} of {sum(n for _, n in counts.values())}"}
