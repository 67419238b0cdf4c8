"""Cells that are run again: what a cell's earlier run left running is stopped before the new run starts its own.

And cells that only wait: they can be interrupted.

Outside Jupyter there are no cells, and nothing here has an effect.
"""

import sys
from typing import TYPE_CHECKING, Any, cast

from wslearn.common import lifecycle
from wslearn.common.lifecycle import Running, Watcher

if TYPE_CHECKING:
    import asyncio
    import socket

#: Time for what an earlier run left to stop, in seconds: more than any `stop()` here takes.
STOP_TIMEOUT = 10.0


# Every running thing, with the cell that started it, that cell's run, and the event loop it lives on.
_running: "dict[Running, tuple[str | None, str | None, asyncio.AbstractEventLoop]]" = {}
# The kernel's loop, and the two ends of the socket pair that wakes it.
_alarm: "tuple[asyncio.AbstractEventLoop, socket.socket, socket.socket] | None" = None


def kernel() -> Any:
    """Return the notebook kernel that this process is, or None."""
    ipython = sys.modules.get("IPython")  # nobody who runs a script pays for importing it
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def current_cell() -> tuple[str | None, str | None]:
    """Return (cell, run) of the notebook cell that is being executed, or (None, None) outside one.

    The front end's id of the cell, or else its source, tells cells apart; the request's id tells runs apart.
    """
    request = running.get_parent() if (running := kernel()) else None
    if not request or request.get("header", {}).get("msg_type") != "execute_request":
        return None, None
    cell = request.get("metadata", {}).get("cellId") or request["content"]["code"]
    return cell, request["header"]["msg_id"]


async def stop_previous(port: int) -> None:
    """Stop what an earlier run of the current cell left running, and what else in this kernel holds `port`."""
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
            except Exception as error:  # noqa: BLE001 - a `stop()` of a reader's own: the cell must still run again
                stopped(thing)
                logging.getLogger("wslearn").warning("%s could not be stopped: %r", type(thing).__name__, error)


def started(thing: Running) -> None:
    """Remember that the current cell started `thing`."""
    _running[thing] = *current_cell(), _loop()


def stopped(thing: Running) -> None:
    """Forget `thing`, which has been stopped."""
    _running.pop(thing, None)


def ended(loop: "asyncio.AbstractEventLoop") -> None:
    """Forget what lived on a loop that has ended: nobody can stop it any more."""
    for thing, (_, _, its_loop) in list(_running.items()):
        if its_loop is loop:
            stopped(thing)


def hear_interrupts() -> None:
    """Let *Interrupt Kernel* reach a cell that only awaits something quiet, from now on. Costs nothing meanwhile.

    ipykernel answers the signal by a callback on its event loop, and a loop that waits for its sockets does not look
    at callbacks. So a signal shall write a byte into one of its sockets (signal.set_wakeup_fd), as asyncio's own
    handlers and Windows' loop have it. Where something of the kind is in place already, it stays.
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
        woken.setblocking(False)
        waker.setblocking(False)
        _alarm = loop, woken, waker
        try:
            loop.add_reader(woken, woken.recv, 4096)
        except NotImplementedError:  # Windows' loop, which wakes up by itself
            return
    signal.set_wakeup_fd(_alarm[2].fileno(), warn_on_full_buffer=False)


def _loop() -> "asyncio.AbstractEventLoop":
    from asyncio import get_running_loop  # a notebook's first cell loads this module before anything else

    return get_running_loop()


lifecycle.watch(cast(Watcher, sys.modules[__name__]))
