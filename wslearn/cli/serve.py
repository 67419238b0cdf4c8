"""A server in a process of its own: it runs until Ctrl-C, SIGTERM or the end of the process that started it."""

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
from pathlib import Path

from wslearn.process import allow_open_files
from wslearn.server import Server

#: What a server has for its farewells when its parent is gone, in seconds; then it is ended without them.
LAST_WORDS = 2.0
#: Connections for whose open files a server without a limit asks the system.
MOST_CONNECTIONS = 10_000


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop `auto`, `asyncio` or `uvloop`; None is asyncio's own choice.

    Raises ValueError where uvloop is asked for and not installed.
    """
    if name == "asyncio":
        return None
    if importlib.util.find_spec("uvloop") is None:
        if name == "auto":
            return None
        raise ValueError(
            'uvloop is not installed: pip install "wslearn[fast]" (not on Windows), or leave out --loop uvloop'
        )
    import uvloop

    return uvloop.new_event_loop


@contextlib.contextmanager
def tls_context(host: str, tls: bool, cert: str | None, key: str | None) -> Iterator[ssl.SSLContext | None]:
    """Yield the context for `wss`: with the files' certificate, with one made on the spot if `tls`, or None.

    What is made on the spot is gone after the block, and with it whatever was made to trust it.
    """
    from wslearn.tls import from_files, throwaway

    if cert and key:
        yield from_files(Path(cert), Path(key))
    elif tls:
        with tempfile.TemporaryDirectory(prefix="wslearn-") as folder:
            context, authority = throwaway(host, Path(folder))
            print(
                "A certificate was made for this run; nobody trusts it yet. In Python:\n"
                f"  connect(url, ssl=ssl.create_default_context(cafile={str(authority)!r}))\n"
                "A browser will warn: go on from there, or import that file into it as an authority.",
                file=sys.stderr,
            )
            yield context
    else:
        yield None


def run(server: Server, announce: Callable[[Server], str], loop: str, exit_with_parent: bool = False) -> None:
    """Run `server` until it is told to stop; print `announce(server)` on stdout when clients can connect.

    With `exit_with_parent` the end of standard input stops it too: the operating system closes the pipe however
    the process at its other end has died.

    Raises OSError where the server cannot listen, ValueError for a `loop` that cannot be had.
    """
    if exit_with_parent:
        if sys.stdin is None:
            raise ValueError("--exit-with-parent needs a pipe as standard input, and there is none")
        # A notebook's interrupt goes to the whole process group; it is meant for the cell, not for its server.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_open_files(server.limits.max_connections or MOST_CONNECTIONS)
    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        runner.run(_run(server, announce, exit_with_parent))


async def _run(server: Server, announce: Callable[[Server], str], exit_with_parent: bool) -> None:
    stopped = asyncio.Event()
    _on_signals(asyncio.get_running_loop(), stopped.set, ignore_ctrl_c=exit_with_parent)
    async with server:
        if exit_with_parent:
            _on_end_of_input(asyncio.get_running_loop(), stopped.set)
        print(announce(server), flush=True)
        await stopped.wait()


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None], ignore_ctrl_c: bool) -> None:
    names = ("SIGTERM", "SIGBREAK") if ignore_ctrl_c else ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows'
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows: the handler runs between two steps of the loop, which must wake up
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_end_of_input(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    def watch() -> None:
        try:
            # Not sys.stdin.read(): at exit the interpreter would wait for that object's lock.
            while os.read(0, 4096):
                pass
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended already: all the better
                loop.call_soon_threadsafe(stop)
            time.sleep(LAST_WORDS)  # the end of the process ends this thread; only a process that hangs gets past here
            os._exit(1)

    threading.Thread(target=watch, name="watches the parent", daemon=True).start()
