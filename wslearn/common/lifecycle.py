"""Reports of everything that starts and stops, for watchers such as `wslearn.cells` in a notebook's kernel.

So servers, networks and measurements know nothing of Jupyter, and without a watcher nothing here has an effect.
"""

from typing import Any, Protocol


class Running(Protocol):
    """Anything that holds a port until `await thing.stop()`."""

    port: int

    async def stop(self) -> None:
        """Free the port."""


#: Modules, or other objects, that have the three functions of this module.
watchers: list[Any] = []


async def stop_previous(port: int) -> None:
    """Stop everything that must make room for a thing that is about to start on `port` (0: any port)."""
    for watcher in watchers:
        await watcher.stop_previous(port)


def started(thing: Running) -> None:
    """Report that `thing` is running."""
    for watcher in watchers:
        watcher.started(thing)


def stopped(thing: Running) -> None:
    """Report that `thing` has been stopped."""
    for watcher in watchers:
        watcher.stopped(thing)
