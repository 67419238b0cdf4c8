"""Bob, the ordinary client of the robustness lab, who only wants to chat. Lesson 07."""

import asyncio
import json
from collections.abc import Callable
from itertools import count

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

#: The time between Bob's messages, and before he reconnects, in seconds; the size of his messages in bytes.
TALK, COME_BACK, PAYLOAD = 0.1, 0.3, 16 * 1024
#: How long his client takes to show a message, and each byte of it, and how much it shows together. In seconds.
SHOW, SHOW_BYTE, TOGETHER = 0.0005, 0.1e-6, 0.005


class Bob:
    """A client that sends a message every tenth of a second, and waits until it has come back.

    - `trips`: for each of his messages when he sent it, by `elapsed()` in seconds, and how long it took.
    - `lost`: for each connection that he lost when he sent the unanswered message, and how long he had waited.
    - `waits_since`: when he sent the message that is not back yet, else None.

    Like a page in a browser, his client takes time to show what it receives. So whatever the server lets through costs
    him time, on a fast computer too.
    """

    def __init__(self, url: str, elapsed: Callable[[], float]) -> None:
        self.url, self.elapsed = url, elapsed
        self.trips: list[tuple[float, float]] = []
        self.lost: list[tuple[float, float]] = []
        self.waits_since: float | None = None
        self._settled = asyncio.Event()
        self._to_show = 0.0

    async def live(self) -> None:
        """Send messages until cancelled, and reconnect whenever the connection is lost."""
        numbers = count()
        while True:
            try:
                async with connect(self.url, max_size=None) as ws:
                    while True:
                        await self._talk(ws, f"Bob {next(numbers)}")
                        await asyncio.sleep(TALK)
            except (ConnectionClosed, OSError):
                at = self.elapsed()
                since = at if self.waits_since is None else self.waits_since
                self.lost.append((since, at - since))
                self._settle()
            await asyncio.sleep(COME_BACK)

    async def _talk(self, ws: ClientConnection, mark: str) -> None:
        sent = self.waits_since = self.elapsed()
        await ws.send(json.dumps({"message": f"{mark} {'x' * PAYLOAD}"}))
        async for message in ws:
            if f'"{mark} ' in str(message[:100]):
                self.trips.append((sent, self.elapsed() - sent))
                self._settle()
                await self._show(message)
                return
            await self._show(message)
        raise ConnectionError("closed while he waited")

    async def _show(self, message: str | bytes) -> None:
        """Take the time to show a message; several short ones are shown together, as a browser does."""
        self._to_show += SHOW + len(message) * SHOW_BYTE
        if self._to_show >= TOGETHER:
            time, self._to_show = self._to_show, 0.0
            await asyncio.sleep(time)

    def _settle(self) -> None:
        """Tell that a message is back or lost."""
        self.waits_since = None
        self._settled.set()
        self._settled.clear()

    async def settled(self, since: float) -> None:
        """Wait until a message that he sent later than `since` has come back, or was lost."""
        while not any(sent > since for sent, _ in [*self.trips[-1:], *self.lost[-1:]]):
            await self._settled.wait()

    def thrown_out(self, since: float, until: float) -> list[float]:
        """Return when he lost a connection, between two times."""
        return [sent + waited for sent, waited in self.lost if since <= sent + waited <= until]

    def slowest(self, since: float, until: float) -> float:
        """Return the longest wait between two times, in seconds; a message that did not come back counts too."""
        trips = [*self.trips, *self.lost]
        if self.waits_since is not None:
            trips.append((self.waits_since, until - self.waits_since))
        return max((took for sent, took in trips if sent <= until and sent + took >= since), default=0.0)
