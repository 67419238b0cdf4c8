"""What the Python peers share, and no page of a library shows: their event loop, their port's line, their end."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine


def run(main: Callable[[], Coroutine], loop: str = "asyncio") -> None:
    """Run `main()` on the event loop `asyncio` or `uvloop`."""
    factory = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


def ready(port: int) -> None:
    """Print the port, and end this process when whoever started it is gone: then standard input ends."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    print(port, flush=True)


def arguments() -> tuple[str, str]:
    """Return the work, and the event loop: `python peer.py WORK [LOOP]`."""
    return sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "asyncio"
