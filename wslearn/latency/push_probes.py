"""Probes of push: wait for an event of the server, over each transport. Lesson 01."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter as clock

import aiohttp
import msgspec

from wslearn.comparison.events import Published, Status
from wslearn.latency.probes import HttpClient, HttpProbe, Probe, WebSocketProbe


class Polling(HttpProbe):
    """Ask for events, and ask again `interval` seconds after each response."""

    transport = "polling"
    #: The number of the last received event.
    last = 0

    async def open(self) -> None:
        """Poll twice, and note the set-up."""
        await self._compare_first_two(self.poll)

    async def poll(self, path: str = "/poll") -> list[Published]:
        """Return the events after the last received one; an empty list for the response 204."""
        body = await self.http.ask("GET", f"{path}?after={self.last}")
        news = msgspec.json.decode(body, type=list[Published]) if body else []
        if news:
            self.last = news[-1].id
        return news

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            for event in await self.poll():
                yield event
            await asyncio.sleep(self.interval)


class LongPolling(Polling):
    """Send a request that the server holds until there is an event; then send the next at once."""

    transport = "long-polling"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            for event in await self.poll("/long-poll"):
                yield event


class ServerSentEvents(HttpProbe):
    """Read one response that never ends (HTML standard, section "Server-sent events")."""

    transport = "sse"
    response: aiohttp.ClientResponse

    async def open(self) -> None:
        """Send the request, and note the set-up."""
        begin = clock()
        self.response = await self.http.session.get(self.http.base + "/events", server_hostname=self.http.tls_name)
        if self.response.status != 200:
            raise ValueError(f"GET /events returns {self.response.status} {self.response.reason}")
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        async for line in self.response.content:
            if line.startswith(b"data: "):
                yield msgspec.json.decode(line[6:], type=Published)
        raise EOFError("it ended the stream of events")

    async def close(self) -> None:
        """Drop the connection."""
        if hasattr(self, "response"):
            self.response.close()
        await super().close()


class WebSocketEvents(WebSocketProbe):
    """A WebSocket over which the server sends each event."""

    query = "events"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            yield msgspec.json.decode(await self.ws.recv(), type=Published)


class Direct(HttpClient):
    """A connection to the HTTP side without a simulated network: it publishes, and reads the server's clock.

    The offset of the server's clock is that of the reading with the shortest round trip, compared with the middle of
    that round trip. Its error is at most half of it (Cristian, "Probabilistic clock synchronization", 1989).
    """

    transport = "the direct connection"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.target = url
        self.offset, self.round_trip = 0.0, float("inf")
        #: The server's last status: the number of its last event, and how many clients wait for the next.
        self.last = self.waiting = 0

    async def read_status(self) -> None:
        """Ask the server for its clock and its state."""
        begin, body, end = clock(), await self.ask("GET", "/status"), clock()
        status = msgspec.json.decode(body, type=Status)
        self.last, self.waiting = status.last, status.waiting
        if end - begin < self.round_trip:
            self.offset, self.round_trip = status.time - (begin + end) / 2, end - begin

    async def publish(self, payload: bytes) -> Published:
        """Publish an event, and return it without its payload."""
        return msgspec.json.decode(await self.ask("POST", "/publish", payload), type=Published)


PUSH_PROBES: dict[str, type[Probe]] = {
    probe.transport: probe for probe in (Polling, LongPolling, ServerSentEvents, WebSocketEvents)
}
