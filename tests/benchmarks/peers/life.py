"""What the Python peers share, and no page of a library shows: their event loop, their port's line, their end."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine


def run(main: Callable[[], Coroutine], loop: str) -> None:
    """Run `main()` on the event loop `asyncio` or `uvloop`."""
    factory = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


def ready(port: int) -> None:
    """Print the port, and end this process when its parent is gone: standard input ends then."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    print(port, flush=True)
