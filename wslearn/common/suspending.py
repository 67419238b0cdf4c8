"""Freeze a process and let it go on, and kill it: as a machine that hangs, or loses power. Lesson 10.

POSIX has signals for that (SIGSTOP, SIGCONT, SIGKILL). Windows has functions with the same effect.
"""

import os
import signal
import sys

#: The rights that a handle needs for `NtSuspendProcess` and `NtResumeProcess`.
PROCESS_SUSPEND_RESUME = 0x0800


def suspend(pid: int) -> None:
    """Freeze a process: its connections stay open, but it does nothing. Raises OSError if it has ended."""
    if sys.platform == "win32":
        _windows(pid, "NtSuspendProcess")
    else:
        os.kill(pid, signal.SIGSTOP)


def resume(pid: int) -> None:
    """Let a frozen process go on. Raises OSError if it has ended."""
    if sys.platform == "win32":
        _windows(pid, "NtResumeProcess")
    else:
        os.kill(pid, signal.SIGCONT)


def kill(pid: int) -> None:
    """End a process at once, frozen or not. Raises OSError if it has ended already."""
    # On Windows, os.kill terminates the process, whatever the signal.
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _windows(pid: int, function: str) -> None:
    import ctypes

    libraries = getattr(ctypes, "windll")  # noqa: B009 - type checkers on other systems do not know it
    handle = libraries.kernel32.OpenProcess(PROCESS_SUSPEND_RESUME, False, pid)
    if not handle:
        raise ProcessLookupError(f"no process {pid}, or no right to suspend it")
    try:
        getattr(libraries.ntdll, function)(handle)
    finally:
        libraries.kernel32.CloseHandle(handle)
