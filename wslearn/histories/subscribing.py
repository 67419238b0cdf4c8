"""The package's own client, as a client of a story. Lesson 09."""

import asyncio

from wslearn.client import Gap, Subscription
from wslearn.histories.person import Person

#: Pauses before another attempt, in seconds, so short that a run takes little time.
BASE, CAP = 0.002, 0.02


async def subscribing(person: Person) -> None:
    """Use a `Subscription`: it comes back, resumes, and sends again."""

    async def write() -> None:
        while True:
            await tea.send(await person.next())

    async with Subscription(person.url, person.room, base=BASE, cap=CAP, gaps_in_stream=True) as tea:
        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            async for item in tea:
                if isinstance(item, Gap):
                    person.tell()
                else:
                    person.hear({"type": "room-message", "message": item.message, "offset": item.offset})
