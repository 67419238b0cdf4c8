"""The connection of our clients, whose end is told as it was."""

from typing import Any

from websockets.asyncio.client import ClientConnection

from wslearn.common.lost import Lost


class SafeConnection(ClientConnection):
    """The library's `ClientConnection`, whose calls raise ConnectionClosed after the end, whatever was unsent then."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep late calls from the transport."""
        super().connection_lost(exc)
        self.transport: Any = Lost(self.transport)
