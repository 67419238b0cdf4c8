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
from pathlib import Path
from typing import Any

from wslearn.cells import kernel
from wslearn.messages import now

#: Lesson -> its module in `wslearn.exercises`, and its exercises in the order of the notebook's tasks.
LESSONS = {
    "01": ("http_vs_websocket", ("accept", "mean_delay", "break_even", "opens", "long_polling", "counts")),
    "02": ("echo", ("shout", "numbers", "goodbye", "careful", "unmask", "patient", "pieces", "codes")),
    "03": ("broadcast", ("others", "vanish", "latest", "bounded", "newest", "who_receives")),
    "04": ("rooms", ("leave_room", "no_empty_rooms", "presence", "private", "full_room", "who_is_left")),
    "05": ("auth", ("verify", "first_message", "until_expiry", "origin_rule", "log_out", "club")),
    "06": ("heartbeat", ("round_trip", "find_dead", "patience", "backoff", "tunnel", "pulse")),
    "07": ("robustness", ("token_bucket", "useful_error", "goodbye", "fair_share", "nothing_lost", "desk")),
    "08": ("browser", ("safe_text", "one_socket", "reconnect", "back_pressure", "come_back", "impatient")),
    "09": ("nothing_lost", ("catch_up", "follow", "send_all", "once", "joining", "halves")),
    "10": ("several_servers", ("one_room", "unique_name", "leases", "next_server", "waves", "two_servers")),
    "11": ("own_project", ("tidy", "healthy", "finds", "interval", "metrics", "endings")),
}
FILE = Path(".wslearn") / "progress.json"
#: A file of all exercises has 2 KB; what is larger is not ours. In bytes.
LARGEST = 100_000
#: How long a check waits for the file, how long one kernel waits for another, and when a lock was left behind by one
#: that was killed, in seconds.
PATIENCE, LOCK, STALE = 0.5, 0.3, 5.0


def exercises(lesson: str) -> list[str]:
    """Return the names of a lesson's exercises, as a file of progress has them, in the order of its tasks."""
    module, names = LESSONS[lesson]
    return [f"{module}.{name}" for name in names]


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
    known = {name for lesson in LESSONS for name in exercises(lesson)}
    return {name: when for name, when in done.items() if name in known and isinstance(when, str) and len(when) <= 40}


def count(done: dict[str, str], lesson: str) -> tuple[int, int]:
    """Return how many of a lesson's exercises are done, and how many there are."""
    names = exercises(lesson)
    return sum(name in done for name in names), len(names)


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
    """Return the lesson and the name of one of the course's own exercises, and None for any other."""
    for lesson, (module, names) in LESSONS.items():
        loaded = sys.modules.get(f"wslearn.exercises.{module}")
        for name in names if loaded else ():
            if getattr(loaded, name, None) is exercise:
                return lesson, f"{module}.{name}"
    return None


async def noted(exercise: object, right: bool) -> str:
    """Return a line about the lesson of an exercise, in a notebook; note before that the exercise is done, if `right`.

    Elsewhere, and for an exercise of somebody else's, it is an empty string. So it is where the file cannot be read or
    written within half a second: nothing is lost but this note.
    """
    if kernel() is None or (place := find(exercise)) is None:
        return ""
    lesson, name = place
    try:
        working = asyncio.to_thread(write, name) if right else asyncio.to_thread(read)
        done, total = count(await asyncio.wait_for(working, PATIENCE), lesson)
    except (OSError, ValueError, TimeoutError):
        return ""
    return f"Lesson {lesson}: {done} of {total} tasks done."


def row(done: dict[str, str]) -> dict[str, Any]:
    """Return what a table shows of one student: lesson -> `2 of 6`, and `total`."""
    counts = {lesson: count(done, lesson) for lesson in LESSONS}
    cells = {lesson: f"{some} of {all_}" for lesson, (some, all_) in counts.items()}
    return cells | {"total": f"{sum(some for some, _ in counts.values())} of {sum(n for _, n in counts.values())}"}


def table(folder: Path = Path()) -> str:
    """Return a line for each lesson: how many of its exercises are done in the notebooks in `folder`, and what is next.

    Raises ValueError where the file there is not one of progress, and OSError where it cannot be read.
    """
    done = read(folder / FILE)
    lines = []
    for lesson in LESSONS:
        names = exercises(lesson)
        left = [name.partition(".")[2] for name in names if name not in done]
        then = f"next: {left[0]}" if left else "all done"
        lines.append(f"{lesson}  {len(names) - len(left)} of {len(names)}  {then}")
    return "\n".join([*lines, f"    {row(done)['total']}  in all"])
