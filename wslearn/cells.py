"""Cells of a notebook: a new run of a cell stops everything from its last run, and *Interrupt* ends a waiting cell.

Outside Jupyter there are no cells, and nothing here has an effect.
"""

import sys
from typing import TYPE_CHECKING, Any

from wslearn.common import lifecycle
from wslearn.common.lifecycle import Running

if TYPE_CHECKING:
    import asyncio
    import socket

#: Timeout of each `stop()` for an earlier run, in seconds: more than any `stop()` here takes.
STOP_TIMEOUT = 10.0
# Every running thing, with the cell that started it, that cell's run, and its event loop.
_running: "dict[Running, tuple[str | None, str | None, asyncio.AbstractEventLoop]]" = {}
# The kernel's loop, and the two ends of the socket pair that wakes it.
_alarm: "tuple[asyncio.AbstractEventLoop, socket.socket, socket.socket] | None" = None


def kernel() -> Any:
    """Return the notebook kernel if this process is one, or None."""
    ipython = sys.modules.get("IPython")  # a script does not load it
    return getattr(ipython.get_ipython(), "kernel", None) if ipython else None


def current_cell() -> tuple[str | None, str | None]:
    """Return (cell, run) of the notebook cell that is being executed, or (None, None) outside one.

    Cells are identified by the front end's id, or otherwise by their source, and runs by the request's id.
    """
    request = running.get_parent() if (running := kernel()) else None
    if not request or request.get("header", {}).get("msg_type") != "execute_request":
        return None, None
    cell = request.get("metadata", {}).get("cellId") or request["content"]["code"]
    return cell, request["header"]["msg_id"]


async def stop_previous(port: int) -> None:
    """Stop everything from an earlier run of the current cell, and anything else in this kernel that holds `port`."""
    cell, run = current_cell()
    if cell is None:
        return
    import asyncio
    import logging

    hear_interrupts()
    loop = _loop()
    for thing, (its_cell, its_run, its_loop) in list(_running.items()):
        from_earlier_run = its_cell == cell and its_run != run
        if its_loop is loop and (from_earlier_run or (port != 0 and thing.port == port)):
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await thing.stop()
            except Exception as error:  # noqa: BLE001 - the reader's own `stop()`: the cell must still run again
                stopped(thing)
                logging.getLogger("wslearn").warning("%s could not be stopped: %r", type(thing).__name__, error)


def started(thing: Running) -> None:
    """Remember that the current cell started `thing`."""
    _running[thing] = *current_cell(), _loop()


def stopped(thing: Running) -> None:
    """Forget `thing`, which has been stopped."""
    _running.pop(thing, None)


def ended(loop: "asyncio.AbstractEventLoop") -> None:
    """Forget everything on a loop that has ended, because nobody can stop it any longer."""
    for thing, (_, _, its_loop) in list(_running.items()):
        if its_loop is loop:
            stopped(thing)


def hear_interrupts() -> None:
    """Make *Interrupt Kernel* end a cell even while its event loop has nothing to do.

    ipykernel handles the signal in a callback on its event loop, and a loop that waits for its sockets does not look
    for callbacks. So the signal should write a byte into one of its sockets (signal.set_wakeup_fd), as asyncio's own
    handlers and Windows' loop do it. If another program has set this up already, it stays.
    """
    global _alarm
    import signal
    import socket
    import threading

    if kernel() is None or threading.current_thread() is not threading.main_thread():
        return
    try:
        loop = _loop()
    except RuntimeError:  # a kernel without an event loop: a signal raises KeyboardInterrupt there
        return
    before = signal.set_wakeup_fd(-1)
    if before not in (-1, _alarm and _alarm[2].fileno()):
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        return
    if _alarm is None or _alarm[0] is not loop:
        for end in _alarm[1:] if _alarm else ():
            end.close()
        woken, waker = socket.socketpair()
        for end in woken, waker:
            end.setblocking(False)
        _alarm = loop, woken, waker
        try:
            loop.add_reader(woken, woken.recv, 4096)
        except NotImplementedError:  # Windows' loop, which wakes up without help
            return
    signal.set_wakeup_fd(_alarm[2].fileno(), warn_on_full_buffer=False)


def _loop() -> "asyncio.AbstractEventLoop":
    from asyncio import get_running_loop  # a notebook's first cell loads this module before anything else

    return get_running_loop()


lifecycle.watchers.append(sys.modules[__name__])
