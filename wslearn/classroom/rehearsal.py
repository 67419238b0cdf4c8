"""Simulated phones, for an instructor who rehearses alone: programs that join, vote, react and write."""

import asyncio
import contextlib
import json
import random
import secrets
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from wslearn.classroom import hindered
from wslearn.classroom.messages import REACTIONS
from wslearn.client import backoff

#: What they write, and seconds that one thinks before a vote, at most, and between two remarks on average.
REMARKS = ("Hello!", "Is it the second one?", "I lost my connection for a moment.", "Why is that?", "Nice.", "Again!")
THINKING, REMARK = 3.0, 30.0
#: The most phones: then a few real ones can still join.
MOST = 240


def checked(count: int) -> int:
    """Return how many phones are to join. Raises ValueError if so many can't."""
    if not isinstance(count, int) or not 0 <= count <= MOST:
        raise ValueError(f"rehearse: expected 0 to {MOST} phones, got {count!r:.40}")
    return count


class Rehearsal:
    """`count` phones that join at `url`, the address with the code, and stay until `stop`.

    The first is a slow client, and the second goes through a tunnel now and then.
    """

    def __init__(self, url: str, count: int) -> None:
        self.url, self.count = f"{url.replace('http', 'ws', 1).rstrip('/')}/ws", checked(count)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Let the phones join, within two seconds."""
        self._tasks = [asyncio.create_task(self._phone(number)) for number in range(self.count)]

    async def stop(self) -> None:
        """End all phones."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _phone(self, number: int) -> None:
        await asyncio.sleep(random.uniform(0, min(2.0, self.count / 50)))
        session, waits = secrets.token_hex(16), backoff()
        while True:
            try:
                async with connect(self.url, max_size=2**20, compression=None, open_timeout=10, proxy=None) as ws:
                    waits = backoff()
                    await self._converse(ws, session, number)
                if ws.close_code == 1008:
                    return  # removed
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                pass
            await asyncio.sleep(next(waits))

    async def _converse(self, ws: Any, session: str, number: int) -> None:
        await _send(ws, "join-class", session=session)
        async with asyncio.TaskGroup() as group:
            remarks = group.create_task(self._remark(ws, number))
            voted: str | None = None
            with contextlib.suppress(ConnectionClosed):  # a group of tasks would put it into a group of errors
                async for data in ws:
                    message = json.loads(data)
                    if message["type"] == "delivery":
                        await _send(ws, "got", number=message["number"])
                    elif message["type"] == "experiment" and message["room"] is not None:
                        group.create_task(self._greet(ws))
                    elif message["type"] == "poll" and message["open"] and message["poll"] != voted:
                        voted = message["poll"]
                        group.create_task(self._vote(ws, voted, len(message["choices"])))
            remarks.cancel()

    async def _vote(self, ws: Any, poll: str, choices: int) -> None:
        await asyncio.sleep(random.triangular(0, THINKING, THINKING / 3))
        await _send(ws, "vote", poll=poll, choice=min(random.randrange(choices), random.randrange(choices)), id=poll)

    async def _greet(self, ws: Any) -> None:
        await asyncio.sleep(random.uniform(0, THINKING))
        await _send(ws, "say-hi")

    async def _remark(self, ws: Any, number: int) -> None:
        if number == 0:
            return await _send(ws, "volunteer", **{"as": "slow-client"})
        while True:
            await asyncio.sleep(random.expovariate(1 / REMARK))
            if number == 1:
                await _send(ws, "volunteer", **{"as": "tunnel"})
                await asyncio.sleep(hindered.TUNNEL)
            elif random.random() < 0.3:
                await _send(ws, "wall-message", message=random.choice(REMARKS), id=secrets.token_hex(4))
            else:
                await _send(ws, "react", reaction=random.choice(REACTIONS))


async def _send(ws: Any, kind: str, **more: object) -> None:
    with contextlib.suppress(ConnectionClosed):  # the reader of this connection notices it, too
        await ws.send(json.dumps({"type": kind, **more}))
