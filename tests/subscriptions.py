"""What the tests of subscriptions share: quick ones, servers of feed that misbehave, and what must have arrived."""

import asyncio
import json
from contextlib import asynccontextmanager

from wslearn.client import Gap, Subscription
from wslearn.server import Server

#: Back-off for tests: no machine needs half a minute to come back to itself.
QUICK = {"base": 0.02, "cap": 0.1}


def subscribe(urls, room="tea", **options):
    """Return a subscription that comes back quickly."""
    return Subscription(urls, room, **QUICK | options)


async def read(tea, count, seconds=30):
    """Return the next messages' texts, and gaps where `gaps_in_stream` shows them."""
    found = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            item = await anext(tea)
            found.append(item if isinstance(item, Gap) else item.message)
    return found


class Fake(Server):
    """Answers each request with what `answers` says for its type; counts its connections, and keeps the requests."""

    def __init__(self, *, joined=(), message=()):
        super().__init__()
        self.answers = {"join-room": list(joined), "room-message": list(message)}
        self.requests, self.visits = [], 0

    async def handler(self, ws):
        self.visits += 1
        async for data in ws:
            request = json.loads(data)
            self.requests.append(request)
            for answer in self.answers[request["type"]]:
                if callable(answer):
                    answer = answer(request)
                await ws.send(answer if isinstance(answer, str | bytes) else json.dumps(answer))


def joined(**changes):
    """Return an answer to a join."""
    return {
        "type": "joined",
        "room": "tea",
        "epoch": "e",
        "offset": 0,
        "floor": 0,
        "recovered": True,
        "missed": 0,
    } | changes


def message(offset, **changes):
    """Return a stored message."""
    return {
        "type": "room-message",
        "room": "tea",
        "message": f"m{offset}",
        "sender": "guest-1",
        "timestamp": "2026-11-28T00:00:00.000Z",
        "offset": offset,
    } | changes


@asynccontextmanager
async def running(coroutine):
    """Run a coroutine beside the block; fail with its error, and cancel it at the block's end."""
    task = asyncio.ensure_future(coroutine)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()
