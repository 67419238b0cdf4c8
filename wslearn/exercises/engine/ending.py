"""How code that never yields is ended: an exception out of nowhere, and again where the code catches it."""

import ctypes
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import CodeType, FrameType
from typing import Any

from wslearn.exercises.engine.place import is_students, students_frame, students_frames


class Ended(BaseException):
    """Raised in the middle of a student's code, to end it. `except Exception` does not catch it, but `except:` does."""

    def __init__(self) -> None:
        if not MONITORING:  # this runs in the very thread that is to end
            _end_at_next_line(students_frames(sys._getframe()))


def interrupt(thread: threading.Thread) -> None:
    """End what a thread is doing if it is in a student's code; call it again as long as that goes on.

    A call into C, such as `time.sleep`, comes to its end first.
    """
    if (innermost := students_frame(thread)) is None:
        return
    if MONITORING:
        _end_at_each_line(students_frames(innermost), thread.ident)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Ended))


def close(coroutine: Any) -> None:
    """Close, in this thread, a coroutine that goes on when it is cancelled, and would when Python closes it."""
    frames, awaited = [], coroutine
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        frames += [frame] if frame and is_students(frame.f_code.co_filename) else []
        awaited = getattr(awaited, "cr_await", None)
    if MONITORING:
        _end_at_each_line(frames, threading.get_ident())
    else:
        _end_at_next_line(frames)
    with suppress(BaseException):
        coroutine.close()


def ended(thread: threading.Thread) -> None:
    """Take note that a thread has ended: its number may be another thread's from now on."""
    for code in _ending.pop(thread.ident, ()):
        if not any(code in codes for codes in _ending.values()):
            MONITORING.set_local_events(TOOL, code, 0)


# Before Python 3.12 the next line of the student's code raises once more: that is the `except:`, if there is one.
# Python forgets a trace function that has raised.


def _end_at_next_line(frames: Iterable[FrameType]) -> None:
    frames = list(frames)
    codes = {frame.f_code for frame in frames}
    for frame in frames:
        frame.f_trace = _trace
    # Not in any other code, such as a check's own: where it resumes, Ended would pass over its `finally`.
    sys.settrace(lambda frame, event, arg: _trace(frame, event, arg) if frame.f_code in codes else None)


def _trace(frame: FrameType, event: str, arg: object) -> None:
    if is_students(frame.f_code.co_filename):
        raise Ended


# Since Python 3.12 (PEP 669) a callback may raise at every line, and stays: no `except:` is left to hide behind.

MONITORING: Any = getattr(sys, "monitoring", None)
TOOL = 4  # one of the numbers that PEP 669 leaves to anybody
_ending: dict[int | None, set[CodeType]] = {}  # a thread's number -> the code that is not to go on in it


def _end_at_each_line(frames: Iterable[FrameType], ident: int | None) -> None:
    if MONITORING.get_tool(TOOL) is None:
        MONITORING.use_tool_id(TOOL, "wslearn")
        MONITORING.register_callback(TOOL, MONITORING.events.LINE, _line)
    for frame in frames:
        _ending.setdefault(ident, set()).add(frame.f_code)
        MONITORING.set_local_events(TOOL, frame.f_code, MONITORING.events.LINE)


def _line(code: CodeType, number: int) -> None:
    if code in _ending.get(threading.get_ident(), ()):
        raise Ended
