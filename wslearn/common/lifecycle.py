"""What starts and stops, told to whoever asked for it: in a notebook's kernel that is `wslearn.cells`.

So servers, networks and measurements know nothing of Jupyter, and elsewhere nothing here has an effect.
"""

from typing import Protocol

TYPE_CHECKING = False  # as in `wslearn`: a notebook's first cell loads this before asyncio
if TYPE_CHECKING:
    import asyncio


class Running(Protocol):
    """Anything that holds a port until `await thing.stop()`."""

    port: int

    async def stop(self) -> None:
        """Free the port."""


class Watcher(Protocol):
    """What wants to know: it has the functions of this module, such as a module does."""

    async def stop_previous(self, port: int) -> None:
        """See below."""

    def started(self, thing: Running) -> None:
        """See below."""

    def stopped(self, thing: Running) -> None:
        """See below."""

    def ended(self, loop: "asyncio.AbstractEventLoop") -> None:
        """See below."""


_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> None:
    """Tell `watcher` from now on."""
    _watchers.append(watcher)


async def stop_previous(port: int) -> None:
    """Stop what has to make room for a thing that is about to start on `port` (0: any port)."""
    for watcher in _watchers:
        await watcher.stop_previous(port)


def started(thing: Running) -> None:
    """Say that `thing` runs."""
    for watcher in _watchers:
        watcher.started(thing)


def stopped(thing: Running) -> None:
    """Say that `thing` has been stopped."""
    for watcher in _watchers:
        watcher.stopped(thing)


def ended(loop: "asyncio.AbstractEventLoop") -> None:
    """Say that an event loop has ended: nobody can stop what lived on it any longer."""
    for watcher in _watchers:
        watcher.ended(loop)
