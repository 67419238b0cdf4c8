"""Probes of push: how an event on the server reaches a client, over each transport. Lesson 01."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter as clock
from typing import Self

import aiohttp
import msgspec

from wslearn.comparison.events import Published, Status
from wslearn.latency.probes import HttpClient, HttpProbe, Probe, WebSocketProbe


class Polling(HttpProbe):
    """Ask for news, and ask again `interval` seconds after each answer."""

    transport = "polling"
    #: The number of the last event that is known.
    last = 0

    async def open(self) -> None:
        await self._compare_first_two(self.poll)

    async def poll(self, path: str = "/poll") -> list[Published]:
        """Return the events since the last one that was seen; an empty list for the answer 204."""
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
    """Ask for news, and let the server hold the question until there is some; then ask again at once."""

    transport = "long-polling"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            for event in await self.poll("/long-poll"):
                yield event


class ServerSentEvents(HttpProbe):
    """Read one answer that never ends (HTML standard, section "Server-sent events")."""

    transport = "sse"
    response: aiohttp.ClientResponse
    is_open = False

    async def open(self) -> None:
        begin = clock()
        url = self.http.base + "/events"
        self.response = await self.http.session.get(url, server_hostname=self.http.tls_name)
        self.is_open = True
        if self.response.status != 200:
            raise ValueError(f"GET /events is answered with {self.response.status} {self.response.reason}")
        self.setup, self.setup_bytes = clock() - begin, sum(self.size)

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        async for line in self.response.content:
            if line.startswith(b"data: "):
                yield msgspec.json.decode(line[6:], type=Published)
        raise EOFError("it ended the stream of events")

    async def close(self) -> None:
        if self.is_open:
            self.response.close()
        await super().close()


class WebSocketEvents(WebSocketProbe):
    """A WebSocket over which the server sends each event."""

    query = "events"

    async def events(self) -> AsyncIterator[Published]:
        """Yield each event when it arrives."""
        while True:
            yield msgspec.json.decode(await self.ws.recv(), type=Published)


class Direct:
    """A connection to the HTTP side that no network delays: it publishes, and reads the server's clock.

    The offset of the server's clock is that of the reading with the smallest round trip, taken in the middle between
    request and answer: at most half of that round trip wrong (Cristian, "Probabilistic clock synchronization", 1989).
    """

    transport = "the direct connection"

    def __init__(self, url: str) -> None:
        self.target, self.http = url, HttpClient(url)
        self.offset, self.round_trip = 0.0, float("inf")
        #: What the server said last: the number of its last event, and how many clients wait for the next.
        self.last = self.waiting = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.http.close()

    async def read_status(self) -> None:
        """Ask the server for its clock and its state."""
        begin = clock()
        answer = await self.http.ask("GET", "/status")
        end = clock()
        status = msgspec.json.decode(answer, type=Status)
        self.last, self.waiting = status.last, status.waiting
        if end - begin < self.round_trip:
            self.offset, self.round_trip = status.time - (begin + end) / 2, end - begin

    async def publish(self, payload: bytes) -> Published:
        """Publish an event, and return it, without its payload."""
        return msgspec.json.decode(await self.http.ask("POST", "/publish", payload), type=Published)


PUSH_PROBES: dict[str, type[Probe]] = {
    probe.transport: probe for probe in (Polling, LongPolling, ServerSentEvents, WebSocketEvents)
}
