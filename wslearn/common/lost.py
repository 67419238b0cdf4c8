"""A transport whose connection has ended, for calls that come too late.

If `close()` was called while bytes were unsent, and these were sent after all, asyncio's `abort()` raises
AttributeError afterwards. `websockets` calls it in each call that finds its connection closed, so that the code of the
other side would be lost with it. See findings/asyncio_abort_fails_after_a_drained_close.sh.
"""

import asyncio
from typing import Any


class Lost:
    """A transport after its end: `abort` and `close` do nothing, everything else is as before."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def abort(self) -> None:
        """Do nothing: the connection has ended."""

    close = abort
