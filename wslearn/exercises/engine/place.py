"""Where in a student's own code something happens: which line raised, which line is stuck."""

import gc
import linecache
import os
import re
import sys
import sysconfig
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import wslearn
from wslearn.redact import redact

#: Folders whose code is nobody's answer: Python's own, installed packages, this one.
LIBRARIES = tuple(
    f"{Path(folder)}{os.sep}"
    for folder in (*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")), wslearn.__path__[0])
)
#: What is installed, and is neither a framework nor a server: an author's own app, if no other code is one's own.
INSTALLED = re.compile(
    f"({'|'.join(re.escape(f'{Path(sysconfig.get_path(name))}{os.sep}') for name in ('purelib', 'platlib'))})"
    r"(?!(aiohttp|anyio|asgiref|channels|django|fastapi|starlette|uvicorn|uvloop|websockets|wslearn)\b)"
)
#: Held while the collector is off: two threads that look at once would switch it on for each other.
_looking = threading.Lock()


def is_students(filename: str) -> bool:
    """Return whether a file, or a notebook's cell, is neither Python's nor a package's."""
    return not filename.startswith(("<frozen ", *LIBRARIES))


def students_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield this frame and its callers, as far as they are a student's own code, the innermost first."""
    while frame is not None:
        if is_students(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


def students_frame(thread: threading.Thread) -> FrameType | None:
    """Return the innermost frame of a running thread that is a student's own code."""
    return next(students_frames(_frames().get(thread.ident or 0)), None)


def _frames() -> dict[int, FrameType]:
    """Return the innermost frame of each thread.

    Python 3.11 may collect garbage in the middle of it, and so give another thread its turn. If that one begins or ends
    a thread, or looks at the frames, too, all threads wait for ever (CPython's issue 106883).
    """
    with _looking:
        collects = gc.isenabled()
        gc.disable()
        try:
            return sys._current_frames()
        finally:
            if collects:
                gc.enable()


def line(filename: str, number: int) -> str:
    """Return `line 3: ws.send(x)`, or only the number where the source cannot be had."""
    source = linecache.getline(filename, number).strip()
    return f"line {number}: `{source}`" if source else f"line {number}"


def blocked(frame: FrameType | None, seconds: float) -> str:
    """Say that code held up the event loop, and where it is."""
    who, where = "code", ""
    if frame is not None:
        who, where = f"`{frame.f_code.co_name}`", f" It was in {line(frame.f_code.co_filename, frame.f_lineno or 0)}."
    return f"Your {who} blocked the event loop for {seconds:g} s, and nothing else could run. Does it ever end?{where}"


def raised(error: BaseException) -> str:
    """Say which error it was, and in which line of the student's code."""
    what = redact(f"{type(error).__name__}: {str(error)[:200]}".removesuffix(": ").replace("\n", " "))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_students(frame.filename)] or [
        frame for frame in frames if INSTALLED.match(frame.filename)
    ]
    return f"{what} (in `{own[-1].name}`, {line(own[-1].filename, own[-1].lineno or 0)})" if own else what
