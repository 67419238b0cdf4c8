"""A server in its own process: it runs until Ctrl-C, SIGTERM or the end of the process that started it."""

import asyncio
import contextlib
import importlib.util
import os
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from wslearn.common.extras import how_to_get
from wslearn.limits import Limits
from wslearn.process import allow_open_files
from wslearn.server import Server
from wslearn.server.draining import drain

#: Time for the closing handshakes after the parent process has ended, in seconds; then this process is killed.
LAST_WORDS = 2.0
#: A server without a limit asks the system for open files for this many connections.
MOST_CONNECTIONS = 10_000


class Running(Protocol):
    """A server, or several that start and stop together."""

    limits: Limits

    async def __aenter__(self) -> Any:
        """Start."""

    async def __aexit__(self, *exc_info: object) -> Any:
        """Stop."""


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the factory of the event loop `auto`, `asyncio` or `uvloop`; None means asyncio's own choice.

    Raises ValueError if uvloop is asked for and not installed.
    """
    missing = importlib.util.find_spec("uvloop") is None
    if name == "asyncio" or (name == "auto" and missing):
        return None
    if missing:
        raise ValueError(f"uvloop is not installed: leave out --loop uvloop, or {how_to_get('fast')}, not on Windows")
    import uvloop

    return uvloop.new_event_loop


@contextlib.contextmanager
def tls_context(host: str, tls: bool, cert: str | None, key: str | None) -> Iterator[ssl.SSLContext | None]:
    """Yield the context for `wss`: with the certificate in the files, with a new one if `tls`, or None.

    The new certificate's files are removed after the block.
    """
    from wslearn.tls import from_files, throwaway

    if cert and key:
        yield from_files(Path(cert), Path(key))
    elif tls:
        with tempfile.TemporaryDirectory(prefix="wslearn-") as folder:
            context, authority = throwaway(host, Path(folder))
            print(
                "A certificate was made for this run, and no client trusts it yet. In Python:\n"
                f"  connect(url, ssl=ssl.create_default_context(cafile={str(authority)!r}))\n"
                "A browser will show a warning: continue from there, or import that file as an authority.",
                file=sys.stderr,
            )
            yield context
    else:
        yield None


def elsewhere(server: Server) -> list[dict[str, str]]:
    """Return a pair of URLs, WebSocket and page, for each network of a server that listens on all addresses.

    They work from other machines. For any other `host` the server's own URLs do, or none does.
    """
    if server.host not in ("0.0.0.0", "::"):
        return []
    from wslearn.classroom.addresses import in_url, reachable

    places = [f"{in_url(address.ip)}:{server.port}/" for address in reachable(server.host)]
    tls = "s" if server.tls else ""
    return [{"url": f"ws{tls}://{place}", "page_url": f"http{tls}://{place}"} for place in places]


def run(
    server: Running,
    announce: Callable[[Any], str],
    loop: str,
    exit_with_parent: bool = False,
    hub: AbstractAsyncContextManager[object] | None = None,
) -> None:
    """Run `server` until a signal stops it; print `announce(server)` on stdout when clients can connect.

    With `exit_with_parent`, the end of standard input stops it too: the operating system closes the pipe when the
    process at its other end dies, for whatever reason. A line on standard input drains the server before it stops.
    With a `hub`, which is opened first, there are other servers for its clients, so SIGTERM drains it too.
    Raises OSError if the server cannot listen, ValueError for a `loop` that is not available.
    """
    if exit_with_parent:
        if sys.stdin is None:
            raise ValueError("--exit-with-parent needs a pipe as standard input, and there is none")
        # A notebook's interrupt goes to the whole process group, but it is meant for the cell, not for its server.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_open_files(server.limits.max_connections or MOST_CONNECTIONS)
    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        runner.run(_run(server, announce, exit_with_parent, hub))


async def _run(
    server: Running,
    announce: Callable[[Any], str],
    exit_with_parent: bool,
    hub: AbstractAsyncContextManager[object] | None,
) -> None:
    stopped, drained, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    def empty() -> None:
        drained.set()
        stopped.set()

    if not exit_with_parent:
        on_signal(loop, "SIGINT", stopped.set)
    on_signal(loop, "SIGTERM", empty if hub else stopped.set)
    on_signal(loop, "SIGBREAK", stopped.set)  # of Windows
    async with hub or contextlib.nullcontext(), server:
        if exit_with_parent:
            on_input(loop, empty, stopped.set)
        print(announce(server), flush=True)
        await stopped.wait()
        if drained.is_set() and isinstance(server, Server):
            await drain(server)


def on_signal(loop: asyncio.AbstractEventLoop, name: str, act: Callable[[], None]) -> None:
    """Call `act` for the signal of this name, if there is such a one here."""
    if (number := getattr(signal, name, None)) is None:
        return
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows: the handler runs between two steps of the loop, which must wake up
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def on_input(
    loop: asyncio.AbstractEventLoop, drain: Callable[[], None], stop: Callable[[], None], last_words: float = LAST_WORDS
) -> None:
    """Call `drain` for input on standard input, and `stop` at its end; end this process so many seconds after that."""

    def watch() -> None:
        try:
            # Not sys.stdin.read(): at exit the interpreter would wait for that object's lock.
            while os.read(0, 4096):
                loop.call_soon_threadsafe(drain)
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(stop)
            time.sleep(last_words)  # a process that stops in time ends this thread here; only one that hangs goes on
            os._exit(1)

    threading.Thread(target=watch, name="watches the parent", daemon=True).start()
