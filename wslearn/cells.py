"""Cells that are run again: what a cell's earlier run left running is stopped before the new run starts its own.

Outside Jupyter there are no cells, and nothing here has an effect.
"""

import asyncio
import logging
import sys
from typing import Protocol

logger = logging.getLogger("wslearn")

#: Time for what an earlier run left to stop, in seconds: more than any `stop()` here takes.
STOP_TIMEOUT = 10.0


class Running(Protocol):
    """Anything that holds a port until `await thing.stop()`."""

    port: int

    async def stop(self) -> None: ...


# Every running thing, with the cell that started it, that cell's run, and the event loop it lives on.
_running: dict[Running, tuple[str | None, str | None, asyncio.AbstractEventLoop]] = {}


def current_cell() -> tuple[str | None, str | None]:
    """Return (cell, run) of the notebook cell that is being executed, or (None, None) outside one.

    The front end's id of the cell, or else its source, tells cells apart; the request's id tells runs apart.
    """
    ipython = sys.modules.get("IPython")  # nobody who runs a script pays for importing it
    shell = ipython.get_ipython() if ipython else None
    kernel = getattr(shell, "kernel", None)
    request = kernel.get_parent() if kernel else None
    if not request or request.get("header", {}).get("msg_type") != "execute_request":
        return None, None
    cell = request.get("metadata", {}).get("cellId") or request["content"]["code"]
    return cell, request["header"]["msg_id"]


async def make_way(port: int) -> None:
    """Stop what an earlier run of the current cell left running, and what else in this kernel holds `port`."""
    cell, run = current_cell()
    if cell is None:
        return
    loop = asyncio.get_running_loop()
    for thing, (its_cell, its_run, its_loop) in list(_running.items()):
        from_earlier_run = its_cell == cell and its_run != run
        if its_loop is loop and (from_earlier_run or (port != 0 and thing.port == port)):
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await thing.stop()
            except Exception as error:  # noqa: BLE001 - a `stop()` of a reader's own: the cell must still run again
                stopped(thing)
                logger.warning("%s could not be stopped: %r", type(thing).__name__, error)


def started(thing: Running) -> None:
    """Remember that the current cell started `thing`."""
    _running[thing] = *current_cell(), asyncio.get_running_loop()


def stopped(thing: Running) -> None:
    """Forget `thing`, which has been stopped."""
    _running.pop(thing, None)


def ended(loop: asyncio.AbstractEventLoop) -> None:
    """Forget what lived on a loop that has ended: nobody can stop it any more."""
    for thing, (_, _, its_loop) in list(_running.items()):
        if its_loop is loop:
            stopped(thing)
