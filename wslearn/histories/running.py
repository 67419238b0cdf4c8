"""Runs a schedule, and returns what happened. Lesson 09."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from websockets.asyncio.client import connect

from wslearn.common import tasks
from wslearn.histories.history import History
from wslearn.histories.schedule import Schedule
from wslearn.histories.stage import LOST, Client, Stage
from wslearn.hubs import MemoryHub
from wslearn.servers.feed import FeedServer

#: Who writes the last message of each run, on a good network, and what: whoever has received it, or is gone, can miss
#: nothing more.
LAST_SENDER, LAST = "Dora", "bye"
#: How long a run waits while nothing happens: for the first joins, the end of all sends, the last message. In seconds.
PATIENCE = 1.0


async def run(
    schedule: Schedule,
    client: Client | Mapping[str, Client],
    server: Callable[..., Any] = FeedServer,
    *,
    hub: Callable[[], Any] = MemoryHub,
    patience: float = PATIENCE,
) -> History:
    """Carry out a schedule, let everything heal, and return the history.

    `client` is an `async def client(person)`, or a dict with one for each name; `server` is called with `port` and, if
    it takes one, `hub`. At the end Dora, whose network is good, writes `bye`, and everybody who is there receives it:
    so the run knows when it is over. Where something is wrong, it gives up after `patience` seconds without an event.
    """
    async with Stage(server, client, hub=hub) as stage:
        for name in schedule.people:
            await stage.enter(name)
        await stage.settled(patience)
        for step in schedule.steps:
            await stage.carry_out(step)
        for tap in stage.taps:
            tap.forget_plans()
            tap.bandwidth = None
            tap.heal()
        await stage.settled(patience)
        goodbye = asyncio.create_task(_say_goodbye(stage))
        await stage.history.until(goodbye.done, patience)
        await tasks.end([goodbye], patience, "histories")
        await stage.history.until(
            lambda: all(LAST in person.heard for person in stage.present()), patience, stage.moving
        )
        return stage.history


async def _say_goodbye(stage: Stage) -> None:
    with suppress(*LOST):
        await _write_last(stage)


async def _write_last(stage: Stage) -> None:
    async with connect(stage.server.url, proxy=None, compression=None) as ws:
        await ws.send(msgspec.json.encode({"type": "join-room", "room": stage.room}).decode())
        stage.history.wrote(LAST_SENDER, LAST)
        await ws.send(msgspec.json.encode({"type": "room-message", "message": LAST, "id": LAST}).decode())
        async for message in ws:
            fields = msgspec.json.decode(message)
            if fields.get("type") == "room-message" and fields.get("message") == LAST:
                stage.history.heard(LAST_SENDER, LAST, fields.get("offset"), getattr(stage.hub, "epoch", ""))
                return
